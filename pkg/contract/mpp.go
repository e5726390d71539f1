package contract

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// outPipelines is the output of the mpp project.
const outPipelines = "pipelines"

// Pipeline is what one needs to know to run a deployed pipeline and read its results.
// It crosses to the driver, not to another stack.
type Pipeline struct {
	Workflow  string  `json:"workflow"`  // Glue workflow to start
	LogPrefix string  `json:"logPrefix"` // log groups are <prefix>/output and <prefix>/error
	ReportURI string  `json:"reportUri"` // run reports are <uri>/<run id>/<job kind>.json
	Workgroup string  `json:"workgroup"` // Athena workgroup for the results
	Database  string  `json:"database"`  // analytics database
	Tables    []Table `json:"tables"`    // analytics tables
}

// Table is an analytics table of a pipeline.
type Table struct {
	Name    string `json:"name"`
	OrderBy string `json:"orderBy"` // how to show its rows; SQL, may be empty
}

// MPP is what the mpp project gives its users: a pipeline by name.
type MPP struct {
	Pipelines map[string]pulumi.Map
}

// Outputs gives the values by output name.
func (m MPP) Outputs() pulumi.Map {
	pipelines := pulumi.Map{}
	for name, values := range m.Pipelines {
		pipelines[name] = values
	}
	return pulumi.Map{outPipelines: pipelines}
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
