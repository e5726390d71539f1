package dataset

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Kinds of jobs.
const (
	Spark       = "spark"
	PythonShell = "python-shell"
	Streaming   = "streaming"
)

// The steps of Tarn's own, in their order. Which of them a pipeline has depends on its data sets. All but Crawl are jobs,
// whose run reports carry the same names; TableMaintenance is not part of the workflow.
const (
	Crawl             = "crawl"
	RawToStaged       = "raw-to-staged"
	QualityGate       = "quality-gate"
	StagedToAnalytics = "staged-to-analytics"
	TableMaintenance  = "table-maintenance"
)

var (
	kinds    = []string{Spark, PythonShell, Streaming}
	ownSteps = []string{Crawl, RawToStaged, QualityGate, StagedToAnalytics, TableMaintenance}
	jobName  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	argument = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	// secret finds names of what must not be written into files that everybody can read, secretARN what may: a place.
	secret    = regexp.MustCompile(`(?i)passw(or)?d|secret|token|credential|(api|access|private)[_-]?key`)
	secretARN = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+$`)
	// keyID is what access keys of IAM begin with (IAM User Guide, "IAM identifiers", "Unique identifiers").
	keyID = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)
)

// maxJobName leaves room for organization, environment and pipeline in the name of a Glue job (naming.MaxGlue).
const maxJobName = 63

// ownArguments are those of tarn_jobs/arguments.py, and those that Glue or Tarn sets for every job (Glue User Guide,
// "Using job parameters in AWS Glue jobs", where Glue also names what it keeps to itself: --debug, --mode, --JOB_NAME).
var ownArguments = []string{
	"manifest_uri", "report_uri", "raw_uri", "staged_uri", "analytics_uri", "quarantine_uri", "staged_database",
	"analytics_database", "quarantine_database", "metrics_name", "dataset_metrics", "arrivals_queue", "optimizer_role",
	"WORKFLOW_NAME", "WORKFLOW_RUN_ID", "JOB_NAME", "JOB_RUN_ID", "JOB_ID", "debug", "mode", "class", "conf", "scriptLocation",
	"TempDir", "endpoint",
	"extra-py-files", "extra-jars", "extra-files", "additional-python-modules", "job-language", "job-bookmark-option",
	"job-bookmark-from", "job-bookmark-to", "datalake-formats", "enable-metrics", "enable-observability-metrics",
	"enable-continuous-cloudwatch-log", "custom-logGroup-prefix", "custom-logStream-prefix", "enable-spark-ui",
	"spark-event-logs-path", "enable-auto-scaling", "enable-glue-datacatalog", "enable-job-insights",
	"enable-lakeformation-fine-grained-access", "user-jars-first", "python-modules-installer-option", "security-configuration",
}

// ReservedArgument tells whether an argument, named without its dashes, is not for jobs of the users' own to set.
func ReservedArgument(name string) bool { return slices.Contains(ownArguments, name) }

// Steps gives the steps that Tarn's own jobs are in this pipeline's workflow, in their order.
func (p Pipeline) Steps() []string {
	steps := []string{RawToStaged}
	if slices.ContainsFunc(p.Datasets, func(d Dataset) bool { return d.Quality != "" }) {
		steps = append(steps, QualityGate)
	}
	if len(p.Tables) > 0 {
		steps = append(steps, StagedToAnalytics)
	}
	return steps
}

// checkJobs refuses jobs that cannot be made or could never start. The files are the project's.
func (p Pipeline) checkJobs(r report, files fs.FS, templates Templates) {
	byName := map[string]Job{}
	for i, job := range p.Jobs {
		within := r.within(fmt.Sprintf("jobs[%d]", i))
		job.check(within, files, templates)
		if _, twice := byName[job.Name]; twice {
			within("name", "%q is there twice", job.Name)
		}
		byName[job.Name] = job
	}
	for i, job := range p.Jobs {
		if job.After == "" || job.Kind == Streaming {
			continue // what is wrong with a streaming job's is said already
		}
		within := r.within(fmt.Sprintf("jobs[%d]", i))
		other, found := byName[job.After]
		switch {
		case found && other.Kind == Streaming:
			within("after", "%s is a streaming job, which does not end", job.After)
		case found && circle(byName, job.Name):
			within("after", "the jobs wait for each other, none could start")
		case !found && !slices.Contains(p.Steps(), job.After):
			within("after", "there is no step %q; steps are %s", job.After,
				strings.Join(append(p.Steps(), sortedKeys(byName)...), ", "))
		}
	}
}

// circle tells whether a job waits, at some remove, for itself.
func circle(jobs map[string]Job, start string) bool {
	name := jobs[start].After
	for range jobs {
		if name == start {
			return true
		}
		name = jobs[name].After
	}
	return false
}

func (j Job) check(r report, files fs.FS, templates Templates) {
	switch {
	case !jobName.MatchString(j.Name) || len(j.Name) > maxJobName:
		r("name", "%q: want lower-case letters, digits and single hyphens, at most %d", j.Name, maxJobName)
	case slices.Contains(ownSteps, j.Name):
		r("name", "%q is the name of a step of Tarn's own: choose another", j.Name)
	}
	r.oneOf("kind", j.Kind, kinds)
	r.file("script", j.Script, files, ".py")
	for i, module := range j.Modules {
		r.file(fmt.Sprintf("modules[%d]", i), module, files, moduleKinds(j.Kind)...)
	}
	for i, jar := range j.Jars {
		r.file(fmt.Sprintf("jars[%d]", i), jar, files, ".jar")
	}
	if j.Kind == PythonShell && len(j.Jars) > 0 {
		r("jars", "a python-shell job runs without a Java machine: remove them")
	}
	if j.Kind == Streaming && j.After != "" {
		r("after", "a streaming job runs all the time and is not part of the workflow: remove it")
	}
	r.template(j.Template, j.Kind, templates)
	for _, name := range slices.Sorted(maps.Keys(j.Arguments)) {
		at := "arguments." + name
		switch {
		case strings.HasPrefix(name, "-"):
			r(at, "leave the dashes away, they are added")
		case !argument.MatchString(name):
			r(at, "want letters, digits, hyphens and underscores")
		case ReservedArgument(name):
			r(at, "is set by Tarn or Glue: choose another name")
		// Glue User Guide, "Using job parameters in AWS Glue jobs": arguments are shown and logged as they are.
		case secret.MatchString(name) && !secretARN.MatchString(j.Arguments[name]) || keyID.MatchString(j.Arguments[name]):
			r(at, "looks like a secret; everybody who may see the job could read it. Keep it in Secrets Manager and give its ARN")
		}
	}
}

// moduleKinds are the files that Python code comes in (Glue User Guide, "Using Python libraries with AWS Glue" and
// "Configuring job properties for Python shell jobs").
func moduleKinds(kind string) []string {
	if kind == PythonShell {
		return []string{".whl", ".egg"}
	}
	return []string{".py", ".whl", ".zip"}
}

// file refuses a path that is not that of a file below the project folder, with one of the endings.
func (r report) file(field, file string, files fs.FS, endings ...string) {
	switch found, err := fs.Stat(files, path.Clean(file)); {
	case file == "":
		r(field, "is missing: want a file below the project folder, such as jobs/export.py")
	case !fs.ValidPath(path.Clean(file)):
		r(field, "%q: want a path below the project folder, such as jobs/export.py", file)
	case !slices.Contains(endings, path.Ext(file)):
		r(field, "%q: want a file that ends in %s", file, strings.Join(endings, ", "))
	case err != nil || found.IsDir():
		r(field, "there is no file %s in the project folder", file)
	}
}

func sortedKeys[T any](known map[string]T) []string { return slices.Sorted(maps.Keys(known)) }
