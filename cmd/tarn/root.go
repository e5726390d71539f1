package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
)

// localEnvironment is the environment on this machine, and the default: nobody should reach a real
// account by leaving a flag out.
const localEnvironment = "local"

// app is what every command works with.
type app struct {
	out         io.Writer // results
	problems    io.Writer // progress and errors
	environment string
	json        bool
	answered    bool // a JSON document was written; a second one would be no JSON any more
	root        string
	role        string        // to work as
	only        []string      // projects to work on; all when empty
	deleteData  bool          // destroy deletes data, too
	lockTimeout time.Duration // how long to wait for an environment that somebody else holds
}

// runCommandLine executes a command line and gives the exit code.
func runCommandLine(args []string, out, problems io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	a := &app{out: out, problems: problems}
	root := a.command()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(problems)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if err != nil {
		a.report(err, code)
	}
	return code
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "tarn",
		Short: "Deploy an AWS data lake, on this machine or to an account, and run its pipelines",
		Long: `Tarn deploys three Pulumi projects in order (bootstrap, datalake, mpp) and runs the
pipelines they deploy. The environment "local" is an emulator on this machine that
really runs the Glue jobs on Spark; every other environment is an AWS account, with
the settings of Pulumi.<environment>.yaml in each project folder.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 a preview found
changes and --expect-no-changes was given, 4 a pipeline run failed, 5 somebody else is
changing the environment, 6 the lease on the environment was lost, 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			root, err := findRoot(a.root)
			a.root = root
			return err
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVarP(&a.environment, "env", "e", localEnvironment, "environment: the stack name of every project")
	flags.BoolVar(&a.json, "json", false, "write the result as JSON to standard output")
	flags.StringVar(&a.root, "root", "", "folder of the repository (default: found upwards from the working directory)")
	flags.StringVar(&a.role, "assume-role", os.Getenv("TARN_ASSUME_ROLE"), "ARN of a role to work as, for an hour (TARN_ASSUME_ROLE)")
	root.AddCommand(a.doctorCommand(), a.localCommand(), a.bootstrapCommand(), a.upCommand(), a.previewCommand(), a.destroyCommand(),
		a.outputsCommand(), a.runCommand(), a.statusCommand(), a.logsCommand(), a.backfillCommand(), a.queryCommand(),
		a.stateCommand(), a.unlockCommand(), a.historyCommand(),
		a.uploadCommand(), a.policyCommand(), a.accessCommand(), a.rotateKeyCommand(), a.scanCommand(), a.datasetCommand())
	return root
}

// findRoot gives the folder with the root Pulumi.yaml and the project folders.
func findRoot(given string) (string, error) {
	start := given
	if start == "" {
		var err error
		if start, err = os.Getwd(); err != nil {
			return "", err
		}
	}
	folder, err := filepath.Abs(start)
	if err != nil {
		return "", err
	}
	for {
		if isRoot(folder) {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder || given != "" {
			return "", usageError{fmt.Errorf("%s is not in a Tarn repository (no go.mod beside bootstrap, datalake and mpp); use --root", start)}
		}
		folder = parent
	}
}

func isRoot(folder string) bool {
	for _, name := range []string{"go.mod", "bootstrap/Pulumi.yaml", "datalake/Pulumi.yaml", "mpp/Pulumi.yaml"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// console shows progress. With --json it prints lines, so that a machine's log stays readable.
func (a *app) console() console.Console {
	if a.json {
		return console.Plain(a.problems)
	}
	return console.New(a.problems)
}

// print writes a result, as JSON or as text.
func (a *app) print(value any, text string) error {
	if !a.json {
		_, err := fmt.Fprintln(a.out, text)
		return err
	}
	a.answered = true
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// report shows an error and how to go on, and gives machines that have no answer yet one on
// standard output.
func (a *app) report(err error, code int) {
	var advice hinted
	errors.As(err, &advice)
	if a.json && !a.answered {
		_ = a.print(map[string]any{"error": err.Error(), "hint": advice.hint, "exitCode": code}, "") // nowhere left to say it
	}
	fmt.Fprintf(a.problems, "\ntarn: %s\n", strings.TrimSpace(err.Error()))
	if advice.hint != "" {
		fmt.Fprintf(a.problems, "\n%s\n", advice.hint)
	}
}
