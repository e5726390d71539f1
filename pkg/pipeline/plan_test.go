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
					{Name: "report", Kind: PythonShell, Script: "own/report.py"}, {Name: "score", Script: "own/score.py", After: RawToStaged},
					{Name: "mail", Kind: PythonShell, Script: "own/mail.py", After: "score"}, {Name: "live", Kind: Streaming, Script: "own/live.py"},
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
			if (job.name == TableMaintenance) != (job.schedule != "") {
				t.Errorf("%s: job %s has the schedule %q", name, job.name, job.schedule)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, " "), test.want)
		}
	}
}

func TestJobsOfUsersAreChecked(t *testing.T) {
	t.Parallel()
	job := dataset.Job{Name: "report", Kind: PythonShell, Script: "own/report.py"}
	for want, change := range map[string]func(*dataset.Job){
		`name "Report": want lower-case letters`:                 func(j *dataset.Job) { j.Name = "Report" },
		`name "quality-gate": the pipeline has a step`:           func(j *dataset.Job) { j.Name = QualityGate },
		`there are two jobs "raw-to-staged"`:                     func(j *dataset.Job) { j.Name = RawToStaged },
		`kind "ray": want one of [spark python-shell streaming]`: func(j *dataset.Job) { j.Kind = "ray" },
		"after: a streaming job is not part of the workflow":     func(j *dataset.Job) { j.Kind, j.After = Streaming, RawToStaged },
		`job "report" is after "nothing", which this pipeline`:   func(j *dataset.Job) { j.After = "nothing" },
		`script "own/report.sh": want a Python file`:             func(j *dataset.Job) { j.Script = "own/report.sh" },
		`modules: "own/x.py": a python-shell job takes [.whl`:    func(j *dataset.Job) { j.Modules = []string{"own/x.py"} },
		`jars: "own/x.jar": want .jar files of a job on Spark`:   func(j *dataset.Job) { j.Jars = []string{"own/x.jar"} },
		"arguments.conf: the pipeline sets it itself":            func(j *dataset.Job) { j.Arguments = map[string]string{"conf": "x"} },
		"arguments.--staged_uri: the pipeline sets it itself":    func(j *dataset.Job) { j.Arguments = map[string]string{"--staged_uri": "x"} },
		"arguments.db_password: everybody who may see the job":   func(j *dataset.Job) { j.Arguments = map[string]string{"db_password": "hunter2"} },
	} {
		own := job
		change(&own)
		args := planned(func(p *dataset.Pipeline) { p.Jobs = []dataset.Job{own} })
		if err := args.validateJobs(args.plan()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	job.Arguments = map[string]string{"api_key": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf"}
	args := planned(func(p *dataset.Pipeline) { p.Jobs = []dataset.Job{job} })
	if err := args.validateJobs(args.plan()); err != nil {
		t.Error(err)
	}
}

// The check of free addresses counts the workers that can be there at once.
func TestMostWorkers(t *testing.T) {
	t.Parallel()
	args := planned(func(p *dataset.Pipeline) {
		for i := range 3 {
			p.Jobs = append(p.Jobs, dataset.Job{Name: fmt.Sprint("j", i), Script: "x.py", After: RawToStaged})
		}
		p.Jobs = append(p.Jobs, dataset.Job{Name: "s", Kind: Streaming, Script: "x.py"}, dataset.Job{Name: "p", Kind: PythonShell, Script: "x.py"})
	})
	// Four jobs after raw-to-staged, maintenance and the streaming job; the python-shell job has no workers.
	if got := args.MostWorkers(); got != 6*10 {
		t.Errorf("got %d workers", got)
	}
	if got := Files(args.Pipeline); !slices.Equal(got, []string{"x.py"}) {
		t.Errorf("files %v", got)
	}
}
