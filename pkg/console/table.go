package console

import (
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// Table renders rows below a header. Columns whose cells are all numbers are set to the right.
func Table(header []string, rows [][]string) string {
	numeric := make([]bool, len(header))
	for column := range header {
		numeric[column] = len(rows) > 0
		for _, row := range rows {
			if cell := row[column]; cell != "" && strings.Trim(cell, "0123456789.,-+e %") != "" {
				numeric[column] = false
			}
		}
	}
	return table.New().Headers(header...).Rows(rows...).
		Border(lipgloss.NormalBorder()).
		StyleFunc(func(_, column int) lipgloss.Style {
			style := lipgloss.NewStyle().Padding(0, 1)
			if numeric[column] {
				style = style.Align(lipgloss.Right)
			}
			return style
		}).String()
}
