package run

import (
	"maps"
	"slices"

	"github.com/tarn-data/tarn/pkg/contract"
)

// The kinds of jobs that every pipeline can have. Their run reports carry these names.
const (
	rawToStaged       = "raw-to-staged"
	qualityGate       = "quality-gate"
	stagedToAnalytics = "staged-to-analytics"
	tableMaintenance  = "table-maintenance"
)

// Kinds gives the jobs of a pipeline in the order in which a run comes to them; the users' own come last.
func Kinds(p contract.Pipeline) []string {
	var kinds []string
	for _, kind := range []string{rawToStaged, qualityGate, stagedToAnalytics, tableMaintenance} {
		if _, found := p.Jobs[kind]; found {
			kinds = append(kinds, kind)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Jobs)) {
		if !slices.Contains(kinds, name) {
			kinds = append(kinds, name)
		}
	}
	return kinds
}

// kindOf gives the kind of the job that Glue knows by a name; the name itself when the pipeline has no such job.
func kindOf(p contract.Pipeline, name string) string {
	for kind, job := range p.Jobs {
		if job.Name == name {
			return kind
		}
	}
	return name
}
