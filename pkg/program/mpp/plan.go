package mpp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/pipeline"
	"github.com/tarn-data/tarn/pkg/settings"
	"github.com/tarn-data/tarn/pkg/yamlfile"
)

// PlannedPipeline is what an environment makes of a pipeline's files, told without AWS.
type PlannedPipeline struct {
	Pipeline    dataset.Pipeline
	Scheduled   bool // whether its schedule or arrivals start it there
	Steps       []pipeline.Step
	Triggers    int // of the workflow
	MostWorkers int // at once
}

// ErrNoEnvironment is returned for an environment that the project has no stack file for.
var ErrNoEnvironment = errors.New("there is no stack file")

// FoldersOf gives where an environment has its files; the usual folders for one without a stack file.
func FoldersOf(folder, environment string) (dataset.Folders, error) {
	config, err := readSettings(folder, environment)
	if errors.Is(err, ErrNoEnvironment) {
		return dataset.DefaultFolders(), nil
	}
	return config.folders(), err
}

// Plan says what an environment makes of the files of a project, and refuses what Glue would refuse.
func Plan(folder, environment string) ([]PlannedPipeline, error) {
	config, err := readSettings(folder, environment)
	if err != nil {
		return nil, err
	}
	files, err := dataset.Load(os.DirFS(folder), config.folders())
	if err != nil {
		return nil, err
	}
	return config.planned(files)
}

// Check reads the files of an environment, and refuses what Glue would refuse in any environment that the project has
// a stack file for: capacity comes from both.
func Check(folder, environment string) (dataset.Lake, error) {
	folders, err := FoldersOf(folder, environment)
	if err != nil {
		return dataset.Lake{}, err
	}
	lake, err := dataset.Load(os.DirFS(folder), folders)
	if err != nil {
		return lake, err
	}
	stacks, err := filepath.Glob(filepath.Join(folder, "Pulumi.*.yaml"))
	problems := []error{err}
	for _, stack := range stacks {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(stack), "Pulumi."), ".yaml")
		config, err := readSettings(folder, name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if config.folders() != folders {
			continue // it has other files
		}
		_, err = config.planned(lake)
		for _, problem := range yamlfile.Problems(err) {
			problem.File = filepath.Base(stack)
			problems = append(problems, problem)
		}
	}
	return lake, errors.Join(problems...)
}

// planned says what an environment with these settings makes of the files.
func (s *Settings) planned(files dataset.Lake) ([]PlannedPipeline, error) {
	domains, err := s.crawledDomains(files.Pipelines)
	problems := []error{err, s.checkPipelines(files.Pipelines)}
	d := &deployment{config: *s, files: files, starts: map[string]string{}}
	for _, c := range domains {
		d.starts[c.first] = c.name
	}
	var planned []PlannedPipeline
	for _, p := range files.Pipelines {
		args, err := d.planPipeline(p)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		steps, err := args.Steps()
		if err != nil {
			problems = append(problems, fmt.Errorf("pipeline %s: %w", p.Name, err))
		}
		planned = append(planned, PlannedPipeline{
			Pipeline: p, Scheduled: args.Scheduled && (p.Schedule != "" || p.Arrival != nil), Steps: steps,
			Triggers: args.Triggers(), MostWorkers: args.MostWorkers(),
		})
	}
	return planned, errors.Join(problems...)
}

// readSettings reads the settings of an environment from its stack file, as Pulumi would give them to the program.
func readSettings(folder, environment string) (Settings, error) {
	config := defaults()
	name := "Pulumi." + environment + ".yaml"
	if filepath.Base(name) != name {
		return config, fmt.Errorf("%w: %q is no name of an environment", ErrNoEnvironment, environment)
	}
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return config, fmt.Errorf("%w %s in %s", ErrNoEnvironment, name, folder)
	}
	if err != nil {
		return config, err
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return config, fmt.Errorf("%s: %w", name, err)
	}
	key := contract.ProjectMPP + ":" + settings.Key
	object, err := json.Marshal(file.Config[key])
	if err != nil {
		return config, fmt.Errorf("%s in %s: %w", key, name, err)
	}
	if err := settings.Decode(object, &config); err != nil {
		return config, fmt.Errorf("%s in %s: %w", key, name, err)
	}
	return config, nil
}
