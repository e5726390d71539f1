package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/program/mpp"
	"github.com/tarn-data/tarn/pkg/yamlfile"
)

// datasetFiles is the project that the commands on data set files work on. They need no AWS and no emulator.
type datasetFiles struct {
	*app
	project string
}

func (a *app) datasetCommand() *cobra.Command {
	d := &datasetFiles{app: a}
	command := &cobra.Command{
		Use:   "dataset",
		Short: "Add, check and list data sets; they are files, and nothing here needs AWS",
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if d.project == "" {
				root, err := findRoot(a.root)
				d.root, d.project = root, filepath.Join(root, contract.ProjectMPP)
				return err
			}
			if found, err := os.Stat(d.project); err != nil || !found.IsDir() {
				return usageError{fmt.Errorf("--project: there is no folder %s", d.project)}
			}
			return nil
		},
	}
	command.PersistentFlags().StringVar(&d.project, "project", "", "folder of an mpp project (default: the one of the repository)")
	command.AddCommand(d.newCommand(), d.validateCommand(), d.listCommand(), d.planCommand())
	return command
}

// load reads all files. Problems of files are mistakes in the configuration.
func (d *datasetFiles) load() (dataset.Lake, error) {
	folders, err := mpp.FoldersOf(d.project, d.environment)
	if err != nil {
		return dataset.Lake{}, usageError{err}
	}
	lake, err := dataset.Load(os.DirFS(d.project), folders)
	if err != nil {
		return lake, usageError{err}
	}
	return lake, nil
}

// validation is the result of `tarn dataset validate` for machines.
type validation struct {
	OK        bool               `json:"ok"`
	Problems  []yamlfile.Problem `json:"problems"`
	Pipelines int                `json:"pipelines"`
	Datasets  int                `json:"datasets"`
	Tables    int                `json:"tables"`
	Jobs      int                `json:"jobs"` // of the users' own
	Templates int                `json:"templates"`
}

func (d *datasetFiles) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check all data sets, tables, pipelines, templates and rulesets, without AWS",
		Long: `Check every file of the project and say all problems at once, each with file and line. What
AWS would refuse only during a deployment is refused here, also what a template and the
stack file of an environment together cannot be. Exits with 2 when there is a problem.`,
		Example: `  tarn dataset validate
  tarn dataset validate --project ../our-lake --json`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			lake, err := mpp.Check(d.project, d.environment)
			result := validation{OK: err == nil, Problems: []yamlfile.Problem{}, Templates: len(lake.Templates)}
			for _, p := range lake.Pipelines {
				result.Pipelines++
				result.Datasets += len(p.Datasets)
				result.Tables += len(p.Tables)
				result.Jobs += len(p.Jobs)
			}
			if err == nil {
				return d.print(result, fmt.Sprintf("No problem in %s, %s, %s, %s and %s.", counted(result.Datasets, "data set"),
					counted(result.Tables, "table"), counted(result.Jobs, "job of your own", "jobs of your own"),
					counted(result.Pipelines, "pipeline"), counted(result.Templates, "template")))
			}
			if d.json {
				result.Problems = yamlfile.Problems(err)
				if err := d.print(result, ""); err != nil {
					return err
				}
			}
			return usageError{err}
		},
	}
}

// listed is a data set in the result of `tarn dataset list`.
type listed struct {
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	Pipeline       string   `json:"pipeline"`
	Domain         string   `json:"domain"`
	Format         string   `json:"format"`
	Path           string   `json:"path"`
	Columns        int      `json:"columns"`
	Key            []string `json:"key"`
	Quality        string   `json:"quality"`
	FreshnessHours int      `json:"freshnessHours"`
	Starts         string   `json:"starts"`
}

func (d *datasetFiles) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the data sets with their pipelines",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			lake, err := d.load()
			if err != nil {
				return err
			}
			all := []listed{}
			var rows [][]string
			for _, p := range lake.Pipelines {
				for _, s := range p.Datasets {
					one := listed{
						Name: s.Name, Description: s.Description, Pipeline: p.Name, Domain: p.Domain, Format: s.Source.Format,
						Path: s.Source.Path, Columns: len(s.Columns), Key: s.Key, Quality: s.Quality,
						FreshnessHours: s.FreshnessHours, Starts: starts(p),
					}
					all = append(all, one)
					rows = append(rows, []string{
						one.Name, one.Pipeline, one.Domain, one.Format, fmt.Sprint(one.Columns), strings.Join(one.Key, ", "),
						one.Quality, one.Starts,
					})
				}
			}
			header := []string{"data set", "pipeline", "domain", "format", "columns", "key", "quality", "starts"}
			return d.print(all, console.Table(header, rows))
		},
	}
}

// starts says what starts a pipeline where schedules are on.
func starts(p dataset.Pipeline) string {
	switch {
	case p.Schedule != "":
		return p.Schedule
	case p.Arrival != nil:
		return fmt.Sprintf("after %s or %d seconds", counted(p.Arrival.Files, "file"), p.Arrival.WithinSeconds)
	default:
		return "on demand"
	}
}

// counted is a number of things; the plural is the name with an s unless it is given.
func counted(n int, names ...string) string {
	if n == 1 {
		return "1 " + names[0]
	}
	if len(names) > 1 {
		return fmt.Sprint(n, " ", names[1])
	}
	return fmt.Sprint(n, " ", names[0], "s")
}
