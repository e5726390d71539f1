package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
)

func (a *app) outputsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "outputs",
		Short: "Print what the deployed projects give each other and you",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			view := a.console()
			defer view.Close()
			d, err := a.open(cmd.Context(), view, false)
			if err != nil {
				return err
			}
			outputs, err := d.Outputs(cmd.Context())
			if err != nil {
				return err
			}
			view.Close()
			var rows [][]string
			for _, project := range slices.Sorted(maps.Keys(outputs)) {
				for _, name := range slices.Sorted(maps.Keys(outputs[project])) {
					rows = append(rows, []string{project, name, plainValue(outputs[project][name])})
				}
			}
			return a.print(outputs, console.Table([]string{"project", "output", "value"}, rows))
		},
	}
}

func plainValue(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	raw, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(raw)
}
