package mpp

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-data/tarn/pkg/alerting"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/network"
	"github.com/tarn-data/tarn/pkg/pipeline"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// Settings is the object `mpp:settings` of a stack file. Folders are relative to the project folder.
type Settings struct {
	// Required: the same as in the bootstrap project.
	Organization string `json:"organization"`
	// Required: the team or mailbox that answers for the environment; the tag tarn:owner of every resource.
	Owner string `json:"owner"`
	// Optional: further tags for every resource.
	Tags map[string]string `json:"tags"`
	// Optional: folder of the data set files; defaults to "datasets".
	Datasets string `json:"datasets"`
	// Optional: folder of the analytics tables and their queries; defaults to "analytics".
	Analytics string `json:"analytics"`
	// Optional: folder of the pipeline files; defaults to "pipelines".
	PipelineFiles string `json:"pipelineFiles"`
	// Optional: folder of the job templates; defaults to "templates".
	Templates string `json:"templates"`
	// Optional: folder of the rulesets; defaults to "quality".
	Quality string `json:"quality"`
	// Optional: folder of the job scripts; defaults to "jobs".
	Jobs string `json:"jobs"`
	// Optional: local folder whose files are uploaded to the raw zone; defaults to none.
	Uploads string `json:"uploads"`
	// Optional: whether schedules and the arrival of files start pipelines; defaults to false, then they are made but do
	// nothing.
	Schedules bool `json:"schedules"`
	// Optional: size and limits of the jobs of all pipelines.
	Capacity pipeline.Capacity `json:"capacity"`
	// Optional: by pipeline, what is different in this environment.
	Pipelines map[string]PipelineSettings `json:"pipelines"`
	// Optional: how long logs are kept, in days; defaults to 365.
	LogRetentionDays int `json:"logRetentionDays"`
	// Optional: whether each data set has metrics of its own, which CloudWatch charges for one by one; defaults to true.
	DatasetMetrics *bool `json:"datasetMetrics"`
	// Optional: how raw files are crawled.
	Crawlers pipeline.Crawlers `json:"crawlers"`
	// Optional: whom to tell of what goes wrong.
	Alerts alerting.Settings `json:"alerts"`
	// Optional: the private network that jobs run in; defaults to none.
	Network network.Settings `json:"network"`
	// Optional: ARN of a role for the Data Catalog's optimizers; defaults to one for each pipeline that wants them.
	OptimizerRole string `json:"optimizerRole"`
	// Optional: by pipeline, roles to use instead of making them.
	Roles map[string]pipeline.Roles `json:"roles"`
}

// PipelineSettings is what an environment has different for one pipeline.
type PipelineSettings struct {
	// Optional: whether its schedule or the arrival of its files starts it; defaults to settings.schedules.
	Schedule *bool `json:"schedule"`
	// Optional: size and limits of its jobs; what it leaves out is that of settings.capacity.
	Capacity pipeline.Capacity `json:"capacity"`
}

func defaults() Settings {
	folders := dataset.DefaultFolders()
	return Settings{
		Datasets: folders.Datasets, Analytics: folders.Analytics, PipelineFiles: folders.Pipelines, Templates: folders.Templates,
		Quality: folders.Quality, Jobs: "jobs", LogRetentionDays: 365,
	}
}

// Validate implements settings.Validator.
func (s *Settings) Validate() error {
	problems := []error{
		pipeline.Effective(dataset.Template{}, s.Capacity).Validate(dataset.Spark),
		s.Crawlers.Validate(), s.Alerts.Validate(), s.Network.Validate(),
	}
	if s.Organization == "" {
		problems = append(problems, errors.New("organization is required"))
	}
	problems = append(problems, tagging.Check(s.Owner, s.Tags))
	if !slices.Contains(catalog.LogRetentions, s.LogRetentionDays) {
		problems = append(problems, fmt.Errorf("logRetentionDays is %d, CloudWatch Logs accepts %v", s.LogRetentionDays, catalog.LogRetentions))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Roles)) {
		if err := s.Roles[name].Validate(); err != nil {
			problems = append(problems, fmt.Errorf("roles.%s: %w", name, err))
		}
	}
	if s.OptimizerRole != "" && !policy.IsRoleARN(s.OptimizerRole) {
		problems = append(problems, fmt.Errorf(
			"optimizerRole %q: want the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)", s.OptimizerRole))
	}
	return errors.Join(problems...)
}

// checkPipelines refuses settings for pipelines that there are none of.
func (s *Settings) checkPipelines(pipelines []dataset.Pipeline) error {
	var known []string
	for _, p := range pipelines {
		known = append(known, p.Name)
	}
	var problems []error
	check := func(key string, names []string) {
		slices.Sort(names)
		for _, name := range names {
			if !slices.Contains(known, name) {
				problems = append(problems, fmt.Errorf(
					"mpp:settings.%s.%s: there is no such pipeline; pipelines are %v", key, name, known))
			}
		}
	}
	check("roles", slices.Collect(maps.Keys(s.Roles)))
	check("pipelines", slices.Collect(maps.Keys(s.Pipelines)))
	return errors.Join(problems...)
}

// scheduled reports whether a pipeline starts by itself.
func (s *Settings) scheduled(name string) bool {
	if own := s.Pipelines[name].Schedule; own != nil {
		return *own
	}
	return s.Schedules
}

func (s *Settings) datasetMetrics() bool { return s.DatasetMetrics == nil || *s.DatasetMetrics }

// capacity gives the effective capacity of a pipeline's jobs, or of those with a template.
func (s *Settings) capacity(templates dataset.Templates, template, name string) (pipeline.Capacity, error) {
	merged, err := templates.Merged(template)
	return pipeline.Effective(merged, s.Capacity, s.Pipelines[name].Capacity), err
}

func (s *Settings) folders() dataset.Folders {
	return dataset.Folders{
		Datasets: s.Datasets, Analytics: s.Analytics, Pipelines: s.PipelineFiles, Templates: s.Templates, Quality: s.Quality,
	}
}

func (s *Settings) scope(environment string) naming.Scope {
	return naming.Scope{Organization: s.Organization, Environment: environment}
}
