package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/explain"
	"github.com/tarn-data/tarn/pkg/state"
)

func (a *app) accessCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "access",
		Short: "Say who can do what with the data",
	}
	command.AddCommand(a.explainCommand())
	return command
}

func (a *app) explainCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "explain --path s3://BUCKET/KEY",
		Short: "Say who can read an object, or whether somebody can, and which statement decides",
		Long: `Say whether a principal can do something with an object, a folder or a bucket, and which
statement of which policy decides. Without --principal it says so of every persona, role
and user that the environment has. The deployed policies are read from the state; AWS is
not asked, so it works for what is deployed and not for changes made by hand.

  tarn access explain --path raw/nycflights13/flights/flights.csv
  tarn access explain --path staged/flights/ --principal analyst --action write

A path is s3://BUCKET/KEY or ZONE/KEY; a folder ends in a slash. A principal is the name of
a persona, a role or a user, or an ARN, which may be of anybody. The answer is "allowed",
"denied" or, where nothing that is known denies it and a policy that is not known decides,
"depends". Each is an answer, with exit code 0.`,
		Args: noArguments,
	}
	flags := command.Flags()
	principal := flags.String("principal", "", "persona, role, user or ARN (default: all that the environment has)")
	path := flags.String("path", "", "s3://BUCKET/KEY or ZONE/KEY")
	action := flags.String("action", "read", "one of "+strings.Join(explain.Actions(), ", "))
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		if *path == "" {
			return usageError{errors.New("--path is required, for example --path raw/sales/orders.csv")}
		}
		view := a.console()
		defer view.Close()
		deployed, err := a.deployed(cmd.Context(), view)
		if err != nil {
			return err
		}
		asked, err := ask(deployed, *principal, *path, *action)
		if err != nil {
			return usageError{err}
		}
		view.Close()
		return a.print(asked, asked.text(*principal != ""))
	}
	return command
}

// deployed reads the state of every project of the environment that is deployed.
func (a *app) deployed(ctx context.Context, view console.Console) (*explain.Deployed, error) {
	environment, err := a.enter(ctx, view, false)
	if err != nil {
		return nil, err
	}
	store, err := state.Open(ctx, environment.Backend)
	if err != nil {
		return nil, err
	}
	var resources []state.Resource
	for _, project := range driver.Projects(a.root) {
		checkpoint, err := state.ReadCheckpoint(ctx, store, project.Name, environment.Name)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return nil, err
		}
		resources = append(resources, checkpoint.Resources...)
	}
	if len(resources) == 0 {
		return nil, hinted{
			fmt.Errorf("environment %s: %w", environment.Name, driver.ErrNotDeployed),
			"Deploy it with `tarn up --env " + environment.Name + "`.",
		}
	}
	return explain.Read(resources)
}

// explanation is what `tarn access explain` answers.
type explanation struct {
	Action  string           `json:"action"`
	Path    explain.Place    `json:"path"`
	Answers []explain.Answer `json:"answers"`
	Unknown []string         `json:"unknown"`
}

// ask gives the answer for one principal, or for all when none is named.
func ask(deployed *explain.Deployed, principal, path, action string) (explanation, error) {
	none := explanation{}
	place, err := deployed.Place(path)
	if err != nil {
		return none, err
	}
	asked := explanation{Action: action, Path: place, Answers: []explain.Answer{}, Unknown: deployed.Unknown(path)}
	principals := deployed.Principals()
	if principal != "" {
		one, err := deployed.Find(principal)
		if err != nil {
			return none, err
		}
		principals = []explain.Principal{one}
	}
	for _, who := range principals {
		answer, err := deployed.Explain(who, path, action)
		if err != nil {
			return none, err
		}
		asked.Answers = append(asked.Answers, answer)
	}
	return asked, nil
}

// text is the answer for a person: a sentence for each step of one principal, a table of several.
func (e explanation) text(one bool) string {
	var lines []string
	if one {
		answer := e.Answers[0]
		lines = append(lines, fmt.Sprintf("%s: %s of s3://%s/%s by %s", answer.Outcome, e.Action, e.Path.Bucket, e.Path.Key, answer.ARN))
		for _, step := range answer.Steps {
			lines = append(lines, fmt.Sprintf("  %s on %s: %s (%s)", step.Action, step.Resource, step.Outcome, step.Says()))
		}
	} else {
		var rows [][]string
		for _, answer := range e.Answers {
			step := answer.Deciding()
			rows = append(rows, []string{answer.Name(), string(answer.Outcome), step.Action, step.Says()})
		}
		lines = append(lines, fmt.Sprintf("%s of s3://%s/%s", e.Action, e.Path.Bucket, e.Path.Key),
			console.Table([]string{"principal", "outcome", "decided at", "by"}, rows))
	}
	return strings.Join(append(append(lines, ""), e.Unknown...), "\n")
}
