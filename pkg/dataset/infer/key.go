package infer

import (
	"fmt"
	"slices"
	"strings"
)

// mostKeyColumns is how many columns a key is looked for in.
const mostKeyColumns = 3

// mostCandidates is how many columns are tried together.
const mostCandidates = 24

// key gives the first column, or columns together, whose values are in one row only and never empty, and why.
func (d draft) key() (key []int, why string) {
	var candidates []int
	for i, column := range d.columns {
		if column.required && !slices.Contains([]string{"float", "double", "boolean"}, column.kind) {
			candidates = append(candidates, i)
		}
	}
	rows := len(d.sample.rows)
	candidates = candidates[:min(len(candidates), mostCandidates)]
	for size := 1; size <= mostKeyColumns; size++ {
		for _, columns := range choices(candidates, size) {
			if d.unique(columns) {
				if size == 1 {
					return columns, fmt.Sprintf("the first column whose values are all different and never empty in %d rows", rows)
				}
				return columns, fmt.Sprintf("the first %d columns that together are different in all of %d rows", size, rows)
			}
		}
	}
	if len(candidates) == 0 {
		candidates = []int{0}
	}
	return candidates[:1], fmt.Sprintf("NO KEY FOUND in %d rows: name the columns that tell rows apart", rows)
}

// choices gives all ways to take so many of the columns, in their order.
func choices(columns []int, size int) [][]int {
	if size == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for i, column := range columns {
		for _, rest := range choices(columns[i+1:], size-1) {
			out = append(out, append([]int{column}, rest...))
		}
	}
	return out
}

// unique tells whether no two rows have the same values in the columns.
func (d draft) unique(columns []int) bool {
	if len(d.sample.rows) == 0 {
		return false
	}
	seen := make(map[string]bool, len(d.sample.rows))
	var joined strings.Builder
	for _, row := range d.sample.rows {
		joined.Reset()
		for _, column := range columns {
			text := row[d.columns[column].at].text
			fmt.Fprintf(&joined, "%d:", len(text)) // so that "a","bc" is not "ab","c"
			joined.WriteString(text)
		}
		if seen[joined.String()] {
			return false
		}
		seen[joined.String()] = true
	}
	return true
}
