package mpp

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/pipeline"
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
	// Optional: folder of the job scripts; defaults to "jobs".
	Jobs string `json:"jobs"`
	// Optional: local folder whose files are uploaded to the raw zone; defaults to none.
	Uploads string `json:"uploads"`
	// Optional: size and limits of the jobs.
	Capacity pipeline.Capacity `json:"capacity"`
	// Optional: how long logs are kept, in days; defaults to 365.
	LogRetentionDays int `json:"logRetentionDays"`
	// Optional: by pipeline, roles to use instead of making them.
	Roles map[string]pipeline.Roles `json:"roles"`
}

// logRetentions are the values CloudWatch Logs accepts (CloudWatch Logs API Reference, PutRetentionPolicy).
var logRetentions = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

func defaults() Settings {
	return Settings{
		Datasets: "datasets", Analytics: "analytics", Jobs: "jobs",
		Capacity: pipeline.DefaultCapacity(), LogRetentionDays: 365,
	}
}

// Validate implements settings.Validator.
func (s *Settings) Validate() error {
	problems := []error{s.Capacity.Validate()}
	if s.Organization == "" {
		problems = append(problems, errors.New("organization is required"))
	}
	problems = append(problems, tagging.Check(s.Owner, s.Tags))
	if !slices.Contains(logRetentions, s.LogRetentionDays) {
		problems = append(problems, fmt.Errorf("logRetentionDays is %d, CloudWatch Logs accepts %v", s.LogRetentionDays, logRetentions))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Roles)) {
		if err := s.Roles[name].Validate(); err != nil {
			problems = append(problems, fmt.Errorf("roles.%s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

// checkPipelines refuses settings for pipelines that there are none of.
func (s *Settings) checkPipelines(pipelines []dataset.Pipeline) error {
	var known []string
	for _, p := range pipelines {
		known = append(known, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Roles)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("mpp:settings.roles.%s: there is no such pipeline; pipelines are %v", name, known)
		}
	}
	return nil
}

func (s *Settings) folders() dataset.Folders {
	folders := dataset.DefaultFolders()
	folders.Datasets, folders.Analytics = s.Datasets, s.Analytics
	return folders
}

func (s *Settings) scope(environment string) naming.Scope {
	return naming.Scope{Organization: s.Organization, Environment: environment}
}
