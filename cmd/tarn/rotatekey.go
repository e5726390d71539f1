package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/accesskey"
	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/driver"
)

// keyReport is accesskey's; empty when the environment has no CI user.
type keyReport struct{ accesskey.Report }

func (a *app) rotateKeyCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "rotate-key",
		Short: "Replace the access key of the CI user; the old one works until the next rotation",
		Long: `Make a new access key for the environment's CI user and put it into the user's secret in
Secrets Manager, where the CI system reads it. The key that was current goes on working
until the next rotation, or until --retire deletes it. No key is ever printed.

GitHub Actions needs no key at all: see bootstrap:settings.deploy.github.`,
		Args: noArguments,
	}
	retire := command.Flags().Bool("retire", false, "make no new key, delete the one before the current one")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		view := a.console()
		defer view.Close()
		d, err := a.open(cmd.Context(), view, false)
		if err != nil {
			return err
		}
		rotation, found, err := a.rotation(cmd.Context(), d)
		if err != nil {
			return err
		}
		if !found {
			return usageError{errors.New("the environment has no CI user (bootstrap:settings.deploy.user)")}
		}
		change := rotation.Rotate
		if *retire {
			change = rotation.Retire
		}
		report, err := change(cmd.Context())
		if err != nil {
			return hinted{err, "The same command goes on from here: a key that was made and not stored is deleted first."}
		}
		view.Close()
		return a.print(report, strings.TrimLeft(keyReport{report}.text(), "\n"))
	}
	return command
}

// firstKey gives the CI user its first key, if it has none yet.
func (a *app) firstKey(ctx context.Context, d *driver.Driver, view console.Console) (keyReport, error) {
	rotation, found, err := a.rotation(ctx, d)
	if err != nil || !found {
		return keyReport{}, err
	}
	const task = "access key"
	view.Start(task)
	report, err := rotation.First(ctx)
	result := ""
	switch {
	case report.Made:
		result = "made, and put into its secret"
	case err == nil:
		result = "there already"
	}
	view.Finish(task, result, err)
	return keyReport{report}, err
}

// rotation works on the CI user of a deployed environment; false when it has none.
func (a *app) rotation(ctx context.Context, d *driver.Driver) (accesskey.Rotation, bool, error) {
	outputs, err := d.ProjectOutputs(ctx, contract.ProjectBootstrap)
	if errors.Is(err, driver.ErrNotDeployed) {
		return accesskey.Rotation{}, false, hinted{err, fmt.Sprintf("Begin the environment with: tarn bootstrap --env %s", a.environment)}
	}
	if err != nil {
		return accesskey.Rotation{}, false, err
	}
	deployed, err := contract.BootstrapOf(outputs)
	if err != nil || deployed.CIUser == "" || deployed.AccessKeySecret == "" {
		return accesskey.Rotation{}, false, err
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.Region()))
	if err != nil {
		return accesskey.Rotation{}, false, err
	}
	return accesskey.Rotation{
		IAM: iam.NewFromConfig(loaded), Secrets: secretsmanager.NewFromConfig(loaded),
		User: deployed.CIUser, Secret: deployed.AccessKeySecret,
	}, true, nil
}

func (r keyReport) text() string {
	if r.User == "" {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n\naccess key of %s: %s", r.User, r.Current)
	if r.Previous != "" {
		fmt.Fprintf(&out, ", and until the next rotation %s", r.Previous)
	}
	if len(r.Deleted) > 0 {
		fmt.Fprintf(&out, "; deleted: %s", strings.Join(r.Deleted, ", "))
	}
	fmt.Fprintf(&out, "\nThe key itself is in the secret %s.", r.Secret)
	return out.String()
}
