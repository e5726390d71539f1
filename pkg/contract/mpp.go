package contract

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Outputs of the mpp project.
const (
	outPipelines = "pipelines"
	outUploads   = "uploads"
)

// Pipeline is what one needs to know to run a deployed pipeline, to follow it and to read its results.
// It crosses to the driver, not to another stack.
type Pipeline struct {
	Domain             string         `json:"domain"`             // whose data it works on
	Workflow           string         `json:"workflow"`           // Glue workflow to start
	Crawler            string         `json:"crawler"`            // that the workflow starts; empty when another pipeline's does
	LogPrefix          string         `json:"logPrefix"`          // every log group of its Spark jobs begins with it
	ReportURI          string         `json:"reportUri"`          // run reports are <uri>/<run id>/<job kind>.json
	ManifestURI        string         `json:"manifestUri"`        // what its jobs do
	MetricsName        string         `json:"metricsName"`        // dimension Pipeline of its metrics
	ArrivalsQueue      string         `json:"arrivalsQueue"`      // URL of the queue that tells of raw files; empty without one
	Workgroup          string         `json:"workgroup"`          // Athena workgroup for the results
	Database           string         `json:"database"`           // analytics database
	StagedDatabase     string         `json:"stagedDatabase"`     // database of its data sets
	QuarantineDatabase string         `json:"quarantineDatabase"` // database of rejected rows
	Jobs               map[string]Job `json:"jobs"`               // by kind (raw-to-staged, …), those of the users' own by name
	Datasets           []Dataset      `json:"datasets"`
	Tables             []Table        `json:"tables"` // analytics tables
}

// Job is a Glue job of a pipeline.
type Job struct {
	Name           string    `json:"name"`           // at Glue
	Kind           string    `json:"kind"`           // spark, python-shell or streaming
	InWorkflow     bool      `json:"inWorkflow"`     // whether a run of the workflow starts it
	LogGroups      LogGroups `json:"logGroups"`      // exact names
	WorkerType     string    `json:"workerType"`     // empty for python-shell
	MaxWorkers     int       `json:"maxWorkers"`     // 0 for python-shell
	MaxCapacity    float64   `json:"maxCapacity"`    // DPUs of a python-shell job, else 0
	ExecutionClass string    `json:"executionClass"` // STANDARD or FLEX; empty for python-shell and streaming
	TimeoutMinutes int       `json:"timeoutMinutes"`
}

// Values gives the values of a job in the output, with its name at Glue.
func (j Job) Values(name pulumi.StringInput) pulumi.Map {
	return pulumi.Map{
		"name":           name,
		"kind":           pulumi.String(j.Kind),
		"inWorkflow":     pulumi.Bool(j.InWorkflow),
		"logGroups":      pulumi.Map{"output": pulumi.String(j.LogGroups.Output), "error": pulumi.String(j.LogGroups.Error)},
		"workerType":     pulumi.String(j.WorkerType),
		"maxWorkers":     pulumi.Int(j.MaxWorkers),
		"maxCapacity":    pulumi.Float64(j.MaxCapacity),
		"executionClass": pulumi.String(j.ExecutionClass),
		"timeoutMinutes": pulumi.Int(j.TimeoutMinutes),
	}
}

// LogGroups are the log groups of a job.
type LogGroups struct {
	Output string `json:"output"` // what it prints
	Error  string `json:"error"`  // Spark's own log
}

// Dataset is a data set of a pipeline.
type Dataset struct {
	Name  string `json:"name"`
	Dates string `json:"dates"` // how a path tells a file's date, for example dt=%Y-%m-%d; may be empty
}

// Table is an analytics table of a pipeline.
type Table struct {
	Name    string `json:"name"`
	OrderBy string `json:"orderBy"` // how to show its rows; SQL, may be empty
}

// MPP is what the mpp project gives its users: a pipeline by name.
type MPP struct {
	Pipelines    map[string]pulumi.Map
	Lake         Datalake // where raw files go
	UploadFolder string   // local folder to upload after every deployment, relative to the project's
}

// Outputs gives the values by output name.
func (m MPP) Outputs() pulumi.Map {
	pipelines := pulumi.Map{}
	for name, values := range m.Pipelines {
		pipelines[name] = values
	}
	return pulumi.Map{outPipelines: pipelines, outUploads: m.Lake.uploads(m.UploadFolder)}
}

// Export makes the values outputs of the running stack.
func (m MPP) Export(ctx *pulumi.Context) {
	export(ctx, m.Outputs())
}

// PipelinesOf reads the pipelines from the outputs of an mpp stack, as the Automation API gives them.
func PipelinesOf(outputs map[string]any) (map[string]Pipeline, error) {
	value, found := outputs[outPipelines]
	if !found {
		return nil, fmt.Errorf("the mpp stack has no output %q: run `tarn up` first", outPipelines)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("reading output %q: %w", outPipelines, err)
	}
	var pipelines map[string]Pipeline
	if err := json.Unmarshal(raw, &pipelines); err != nil {
		return nil, fmt.Errorf("reading output %q: %w", outPipelines, err)
	}
	return pipelines, nil
}
