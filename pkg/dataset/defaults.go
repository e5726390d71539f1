package dataset

import (
	"cmp"
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
	p.Domain = cmp.Or(p.Domain, p.Name)
	m := Maintenance{}
	if p.Maintenance != nil {
		m = *p.Maintenance
	}
	m.By = cmp.Or(m.By, ByJob)
	m.Schedule = cmp.Or(m.Schedule, "cron(0 3 ? * SUN *)")
	m.SnapshotDays = cmp.Or(m.SnapshotDays, 7)
	m.OrphanDays = cmp.Or(m.OrphanDays, 7)
	m.TargetFileMB = cmp.Or(m.TargetFileMB, 128)
	p.Maintenance = &m
	if p.Arrival != nil {
		p.Arrival = &Arrival{Files: cmp.Or(p.Arrival.Files, 100), WithinSeconds: cmp.Or(p.Arrival.WithinSeconds, 900)}
	}
	p.Jobs = slices.Clone(p.Jobs)
	for i, job := range p.Jobs {
		if job.Kind != Streaming {
			steps := p.Steps()
			p.Jobs[i].After = cmp.Or(job.After, steps[len(steps)-1])
		}
	}
	for i, d := range p.Datasets {
		d.Source.Read = cmp.Or(d.Source.Read, ReadAll)
		d.Evolution.NewColumns = cmp.Or(d.Evolution.NewColumns, Fail)
		d.Evolution.MissingColumns = cmp.Or(d.Evolution.MissingColumns, Fail)
		p.Datasets[i] = d
	}
	if p.Rulesets == nil {
		p.Rulesets = map[string]dqdl.Ruleset{}
	}
	return p
}
