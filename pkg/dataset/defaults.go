package dataset

import (
	"slices"

	"github.com/tarn-data/tarn/pkg/dqdl"
)

// What files may leave out.
const (
	ReadAll = "all" // every run reads all files of a data set
	ReadNew = "new" // a run reads the files that no run has read

	Fail   = "fail"
	Ignore = "ignore"
	Null   = "null"

	ByJob       = "job"       // a job of the pipeline keeps its tables in order
	ByOptimizer = "optimizer" // the Data Catalog's optimizers do
	ByNobody    = "none"
)

// withDefaults fills in what the files left out.
func (p Pipeline) withDefaults() Pipeline {
	p.Domain = or(p.Domain, p.Name)
	m := Maintenance{}
	if p.Maintenance != nil {
		m = *p.Maintenance
	}
	m.By = or(m.By, ByJob)
	m.Schedule = or(m.Schedule, "cron(0 3 ? * SUN *)")
	m.SnapshotDays = or(m.SnapshotDays, 7)
	m.OrphanDays = or(m.OrphanDays, 7)
	m.TargetFileMB = or(m.TargetFileMB, 128)
	p.Maintenance = &m
	if p.Arrival != nil {
		p.Arrival = &Arrival{Files: or(p.Arrival.Files, 100), WithinSeconds: or(p.Arrival.WithinSeconds, 900)}
	}
	p.Jobs = slices.Clone(p.Jobs)
	for i, job := range p.Jobs {
		if job.Kind != Streaming {
			steps := p.Steps()
			p.Jobs[i].After = or(job.After, steps[len(steps)-1])
		}
	}
	for i, d := range p.Datasets {
		d.Source.Read = or(d.Source.Read, ReadAll)
		d.Evolution.NewColumns = or(d.Evolution.NewColumns, Fail)
		d.Evolution.MissingColumns = or(d.Evolution.MissingColumns, Fail)
		p.Datasets[i] = d
	}
	if p.Rulesets == nil {
		p.Rulesets = map[string]dqdl.Ruleset{}
	}
	return p
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
