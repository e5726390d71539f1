package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// planned is the arguments of a pipeline with these jobs.
func planned(change func(p *dataset.Pipeline)) *Args {
	p := dataset.Pipeline{
		Name: "sales", Domain: "sales", Datasets: []dataset.Dataset{{Name: "orders"}}, Tables: []dataset.Table{{Name: "totals"}},
		Maintenance: &dataset.Maintenance{By: dataset.ByJob, Schedule: "cron(0 3 ? * SUN *)"},
	}
	change(&p)
	return &Args{Pipeline: p, Crawl: true, Capacity: Effective(dataset.Template{})}
}

func TestJobsOfAPipeline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(p *dataset.Pipeline)
		want   string // the workflow's triggers, then what is beside it
	}{
		"the usual": {func(*dataset.Pipeline) {}, "->crawl crawl->raw-to-staged raw-to-staged->staged-to-analytics | table-maintenance"},
		"a gate": {
			func(p *dataset.Pipeline) { p.Datasets[0].Quality = "basic" },
			"->crawl crawl->raw-to-staged raw-to-staged->quality-gate quality-gate->staged-to-analytics | table-maintenance",
		},
		"no tables, no maintenance": {
			func(p *dataset.Pipeline) { p.Tables, p.Maintenance.By = nil, dataset.ByNobody }, "->crawl crawl->raw-to-staged |",
		},
		"jobs of the users' own": {
			func(p *dataset.Pipeline) {
				p.Jobs = []dataset.Job{
					{Name: "report", Kind: dataset.PythonShell, Script: "own/report.py"}, {Name: "score", Script: "own/score.py", After: dataset.RawToStaged},
					{Name: "mail", Kind: dataset.PythonShell, Script: "own/mail.py", After: "score"}, {Name: "live", Kind: dataset.Streaming, Script: "own/live.py"},
				}
			},
			"->crawl crawl->raw-to-staged raw-to-staged->staged-to-analytics,score staged-to-analytics->report score->mail | table-maintenance live",
		},
	} {
		args := planned(test.change)
		jobs := args.plan()
		if err := args.validateJobs(jobs); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, e := range args.graph(jobs).edges() {
			got = append(got, e.after+"->"+strings.Join(e.starts, ","))
		}
		got = append(got, "|")
		for _, job := range jobs {
			if !job.inWorkflow {
				got = append(got, job.name)
			}
			if (job.name == dataset.TableMaintenance) != (job.schedule != "") {
				t.Errorf("%s: job %s has the schedule %q", name, job.name, job.schedule)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, " "), test.want)
		}
	}
}

// The check of free addresses counts the workers that can be there at once.
func TestMostWorkers(t *testing.T) {
	t.Parallel()
	args := planned(func(p *dataset.Pipeline) {
		for i := range 3 {
			p.Jobs = append(p.Jobs, dataset.Job{Name: fmt.Sprint("j", i), Script: "x.py", After: dataset.RawToStaged})
		}
		p.Jobs = append(p.Jobs, dataset.Job{Name: "s", Kind: dataset.Streaming, Script: "x.py"}, dataset.Job{Name: "p", Kind: dataset.PythonShell, Script: "x.py"})
	})
	// Four jobs after raw-to-staged, maintenance and the streaming job; the python-shell job has no workers.
	if got := args.MostWorkers(); got != 6*10 {
		t.Errorf("got %d workers", got)
	}
	if got := Files(args.Pipeline); !slices.Equal(got, []string{"x.py"}) {
		t.Errorf("files %v", got)
	}
}
