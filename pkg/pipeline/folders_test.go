package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/domain"
)

func many(folder string, from, to int) []string {
	var folders []string
	for i := from; i < to; i++ {
		folders = append(folders, fmt.Sprintf("%s/d%03d", folder, i))
	}
	return folders
}

func TestFoldersInPolicies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ own, others, want []string }{
		"few stay as they are": {many("sales", 0, 5), nil, many("sales", 0, 5)},
		"many of one folder":   {many("sales/a", 0, 50), many("sales/b", 0, 50), []string{"sales/a"}},
		"the deepest one":      {many("x/y/z", 0, 50), nil, []string{"x/y/z"}},
		"one folder is shared, one is not": {
			slices.Concat(many("a", 0, 20), []string{"b/own"}), []string{"b/theirs"}, []string{"a", "b/own"},
		},
		"no folder of the others": {many("sales", 0, 50), []string{"sales/d001x"}, many("sales", 0, 50)},
		"not the whole zone":      {many("d", 0, 1), nil, many("d", 0, 1)},
	} {
		got := named(test.own, test.others)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	if got := topmost([]string{"a", "a/b", "ab", "c/d"}); !slices.Equal(got, []string{"a", "ab", "c/d"}) {
		t.Errorf("topmost folders: %v", got)
	}
}

// Whatever the folders are: each own one is covered, and nothing that somebody else reads is.
func FuzzNamed(f *testing.F) {
	f.Add(strings.Join(many("a", 0, 40), " "), "b c/d")
	f.Add(strings.Join(many("a/b", 0, 20), " ")+" "+strings.Join(many("a/c", 0, 20), " "), "a/d")
	f.Fuzz(func(t *testing.T, own, others string) {
		valid := func(text string) []string {
			folders := slices.DeleteFunc(strings.Fields(text), func(folder string) bool { return !domain.ValidPrefix(folder) })
			slices.Sort(folders)
			return slices.Compact(folders)
		}
		mine, theirs := valid(own), valid(others)
		got := named(mine, theirs)
		for _, folder := range mine {
			if !slices.ContainsFunc(got, func(one string) bool { return domain.Inside(folder, one) }) {
				t.Errorf("%q is not covered by %q", folder, got)
			}
		}
		for _, one := range got {
			opened := slices.ContainsFunc(theirs, func(other string) bool { return domain.Inside(other, one) })
			if opened && !slices.Contains(mine, one) {
				t.Errorf("%q opens a folder of %q", one, theirs)
			}
		}
	})
}
