package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
)

func (a *app) queryCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "query PIPELINE SQL",
		Short:   "Ask Athena a question about a pipeline's analytics tables",
		Example: `  tarn query flights "SELECT carrier, sum(flights) FROM daily_delays_by_carrier GROUP BY carrier"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{errors.New("give a pipeline and one query in quotes: tarn query PIPELINE SQL")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			view := a.console()
			defer view.Close()
			runner, _, err := a.runner(cmd.Context(), view, args[0])
			if err != nil {
				return err
			}
			answer, err := runner.Query(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			view.Close()
			return a.print(answer, console.Table(answer.Columns, answer.Rows))
		},
	}
}
