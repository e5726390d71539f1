package mpp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/pipeline"
)

// crawled is what is crawled for one domain.
type crawled struct {
	name    string
	first   string   // the pipeline whose workflow starts the crawler
	folders []string // of the raw zone, without a slash at the end
	role    string   // ARN of a given role; empty to make one
}

// crawledDomains gives the domains whose raw files are crawled, by name. The first pipeline of a domain by name starts the
// crawler; the crawler looks into the folders of all of them.
func (s *Settings) crawledDomains(pipelines []dataset.Pipeline) ([]crawled, error) {
	if !s.Crawlers.On() {
		return nil, nil
	}
	found := map[string]*crawled{}
	var problems []error
	for _, p := range pipelines {
		if p.NoCrawl || len(p.Datasets) == 0 {
			continue
		}
		d := found[p.Domain]
		if d == nil {
			d = &crawled{name: p.Domain, first: p.Name}
			found[p.Domain] = d
		}
		d.folders = append(d.folders, sources(p)...)
		if role := s.Roles[p.Name].Crawler; role != "" {
			if d.role != "" && d.role != role {
				problems = append(problems, fmt.Errorf("mpp:settings.roles.%s.crawler: another pipeline of the domain %s names the role %s; "+
					"the domain has one crawler", p.Name, p.Domain, d.role))
			}
			d.role = role
		}
	}
	var domains []crawled
	for _, name := range slices.Sorted(maps.Keys(found)) {
		d := found[name]
		slices.Sort(d.folders)
		d.folders = slices.Compact(d.folders)
		for _, other := range domains {
			problems = append(problems, apart(*d, other)...)
		}
		domains = append(domains, *d)
	}
	return domains, errors.Join(problems...)
}

// apart refuses two crawlers that look into the same folder: each would make tables of it in its own database.
func apart(one, other crawled) []error {
	var problems []error
	for _, folder := range one.folders {
		for _, theirs := range other.folders {
			if domain.Overlap(folder, theirs) {
				problems = append(problems, fmt.Errorf("source.path %s/ of domain %s and %s/ of domain %s overlap: put their pipelines "+
					"into one domain, or set no_crawl for one of them", folder, one.name, theirs, other.name))
			}
		}
	}
	return problems
}

// sources gives the folders of the raw zone that a pipeline reads, without the slash at their end.
func sources(p dataset.Pipeline) []string {
	var folders []string
	for _, d := range p.Datasets {
		folders = append(folders, strings.TrimSuffix(d.Source.Path, "/"))
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// otherSources gives the folders that the pipelines read which are not the own ones.
func otherSources(pipelines []dataset.Pipeline, own func(dataset.Pipeline) bool) []string {
	var folders []string
	for _, p := range pipelines {
		if !own(p) {
			folders = append(folders, sources(p)...)
		}
	}
	return folders
}

// codeOf gives the jobs whose scripts are needed, and the files of the users' own.
func codeOf(pipelines []dataset.Pipeline) (kinds, files []string) {
	for _, p := range pipelines {
		kinds = append(kinds, pipeline.Scripts(p)...)
		files = append(files, pipeline.Files(p)...)
	}
	slices.Sort(kinds)
	slices.Sort(files)
	return slices.Compact(kinds), slices.Compact(files)
}
