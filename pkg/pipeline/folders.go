package pipeline

import (
	"path"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/domain"
)

// maxNamed is how many folders a policy names one by one. Each takes some 200 characters of a role's 10,240.
const maxNamed = 16

// sourceFolders gives the folders of the raw zone that data sets read, without the slash at their end, sorted.
func sourceFolders(datasets []dataset.Dataset) []string {
	var folders []string
	for _, d := range datasets {
		folders = append(folders, strings.TrimSuffix(d.Source.Path, "/"))
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// named gives the folders that a policy names: the own ones, or where they are many, the folders above them, as long as
// nothing of the others lies there.
func named(own, others []string) []string {
	folders := slices.Clone(own)
	for len(folders) > maxNamed {
		above := fold(folders, others)
		if above == "" {
			break
		}
		folders = slices.DeleteFunc(folders, func(folder string) bool { return domain.Inside(folder, above) })
		folders = append(folders, above)
		slices.Sort(folders)
	}
	return folders
}

// fold gives the folder that can stand for most of the folders, the deepest of them; empty if there is none.
func fold(folders, others []string) string {
	below := map[string]int{}
	for _, folder := range folders {
		for above := path.Dir(folder); above != "."; above = path.Dir(above) {
			below[above]++
		}
	}
	best := ""
	for above, count := range below {
		foreign := slices.ContainsFunc(others, func(other string) bool { return domain.Overlap(other, above) })
		if count < 2 || foreign {
			continue
		}
		better := best == "" || count > below[best] || count == below[best] && len(above) > len(best) ||
			count == below[best] && len(above) == len(best) && above < best
		if better {
			best = above
		}
	}
	return best
}

// topmost leaves out folders that lie in another one of the list.
func topmost(folders []string) []string {
	return slices.DeleteFunc(slices.Clone(folders), func(folder string) bool {
		return slices.ContainsFunc(folders, func(other string) bool { return other != folder && domain.Inside(folder, other) })
	})
}
