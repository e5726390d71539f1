package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/dataset/infer"
	"github.com/tarn-data/tarn/pkg/program/mpp"
	"github.com/tarn-data/tarn/pkg/yamlfile"
)

// newDataset is the result of `tarn dataset new` for machines.
type newDataset struct {
	File string `json:"file"`
	infer.Draft
	Next []string `json:"next"`
}

var (
	datasetName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,254}$`)
	formats     = []string{dataset.CSV, dataset.JSON, dataset.Parquet}
)

func (d *datasetFiles) newCommand() *cobra.Command {
	var options infer.Options
	var force bool
	command := &cobra.Command{
		Use:   "new NAME --from SAMPLE",
		Short: "Draft a data set file from a sample of its raw files",
		Long: `Read the beginning of a sample (CSV, JSON lines or Parquet; .gz is unpacked) and write a first
version of the data set's file. Each guess is marked with "# guessed" and its reason. The
file passes "tarn dataset validate"; whether it is right is for you to say.`,
		Example: `  tarn dataset new orders --from orders_2024-01-31.csv --pipeline sales`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one data set: tarn dataset new NAME --from SAMPLE")}
			}
			if !datasetName.MatchString(args[0]) {
				return usageError{fmt.Errorf("name %q: want lower-case letters, digits and underscores, beginning with a letter", args[0])}
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.File, "from", "", "sample file (required)")
	flags.StringVar(&options.Pipeline, "pipeline", "", "pipeline (default: the only one there is, else one of the data set's name)")
	flags.StringVar(&options.Format, "format", "", "csv, json or parquet (default: by the ending of the sample's name)")
	flags.StringVar(&options.Path, "path", "", "folder below the raw zone (default: PIPELINE/NAME/)")
	flags.BoolVar(&force, "force", false, "overwrite the file if it is there")
	command.RunE = func(_ *cobra.Command, args []string) error {
		options.Name = args[0]
		if options.File == "" {
			return usageError{errors.New("give a sample: tarn dataset new NAME --from SAMPLE")}
		}
		if options.Format != "" && !slices.Contains(formats, options.Format) {
			return usageError{fmt.Errorf("--format %q: want one of %s", options.Format, strings.Join(formats, ", "))}
		}
		created, err := d.create(options, force)
		if err != nil {
			return err
		}
		return d.print(created, created.text())
	}
	return command
}

// create drafts a data set and writes its file.
func (d *datasetFiles) create(options infer.Options, force bool) (newDataset, error) {
	none := newDataset{}
	folders, err := mpp.FoldersOf(d.project, d.environment)
	if err != nil {
		return none, usageError{err}
	}
	file := filepath.Join(d.project, folders.Datasets, options.Name+".yaml")
	before, err := os.ReadFile(file)
	if err == nil && !force {
		return none, usageError{fmt.Errorf("%s is there already; --force overwrites it", file)}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return none, err
	}
	if options.Pipeline == "" {
		options.Pipeline, options.Guessed = d.guessPipeline(options.Name, folders)
	}
	draft, err := inferFile(options)
	if err != nil {
		return none, usageError{fmt.Errorf("%s: %w", options.File, err)}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return none, err
	}
	if err := os.WriteFile(file, draft.YAML, 0o644); err != nil {
		return none, err
	}
	if err := d.checkNew(options.Name, folders); err != nil {
		return none, errors.Join(err, restore(file, before))
	}
	next := []string{"edit " + file, "tarn dataset validate", "tarn dataset plan " + options.Pipeline, "tarn up"}
	return newDataset{File: file, Draft: draft, Next: next}, nil
}

// guessPipeline takes the only pipeline, or the name of the data set for a new one.
func (d *datasetFiles) guessPipeline(name string, folders dataset.Folders) (string, map[string]string) {
	lake, _ := dataset.Load(os.DirFS(d.project), folders) // files with problems are no reason not to add one
	if len(lake.Pipelines) == 1 && lake.Pipelines[0].Name != "" {
		return lake.Pipelines[0].Name, map[string]string{"pipeline": "the only pipeline there is"}
	}
	return name, map[string]string{"pipeline": "a new one of the data set's name"}
}

func inferFile(options infer.Options) (infer.Draft, error) {
	sample, err := os.Open(options.File)
	if err != nil {
		return infer.Draft{}, err
	}
	defer sample.Close()
	found, err := sample.Stat()
	if err != nil {
		return infer.Draft{}, err
	}
	if !found.Mode().IsRegular() {
		return infer.Draft{}, errors.New("it is no file")
	}
	return infer.Infer(sample, found.Size(), options)
}

// checkNew refuses a new file that does not go with the others; what is wrong with those alone is left to validate.
func (d *datasetFiles) checkNew(name string, folders dataset.Folders) error {
	_, err := dataset.Load(os.DirFS(d.project), folders)
	var problems []error
	for _, problem := range yamlfile.Problems(err) {
		about := fmt.Sprintf("of data set %s of pipeline", name)
		if problem.File == folders.Datasets+"/"+name+".yaml" || strings.Contains(problem.Text, about) {
			problems = append(problems, problem)
		}
	}
	if len(problems) > 0 {
		return usageError{fmt.Errorf("the new file does not go with the others, nothing was written: %w", errors.Join(problems...))}
	}
	return nil
}

// restore brings back what a file was before; nil when there was none.
func restore(file string, before []byte) error {
	if before == nil {
		return os.Remove(file)
	}
	return os.WriteFile(file, before, 0o644) //nolint:gosec // the user names the folder
}

// text is the result for people.
func (n newDataset) text() string {
	var out strings.Builder
	rows := fmt.Sprintf("%d rows", n.Rows)
	if n.Partial {
		rows = "the first " + rows
	}
	fmt.Fprintf(&out, "Wrote %s from %s of %s: %d columns, %d guesses.\n\nCheck:\n", n.File, rows, n.Format, n.Columns, n.Guesses)
	for _, check := range n.Check {
		fmt.Fprintf(&out, "  - %s\n", check)
	}
	out.WriteString("\nThen:\n")
	for _, next := range n.Next {
		fmt.Fprintf(&out, "  %s\n", next)
	}
	return strings.TrimRight(out.String(), "\n")
}
