package yamlfile

import (
	"errors"
	"fmt"
	"strings"
)

// Problem is something wrong with a file, where it is and how to put it right.
type Problem struct {
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
	Field string `json:"field,omitempty"`
	Text  string `json:"problem"`
}

// Error gives file:line: field: problem, as editors and build systems find their way with.
func (p Problem) Error() string {
	var out strings.Builder
	if p.File != "" {
		out.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&out, "%d:", p.Line)
	}
	if out.Len() > 0 {
		out.WriteString(" ")
	}
	if p.Field != "" {
		out.WriteString(p.Field + ": ")
	}
	return out.String() + p.Text
}

// Problems gives the problems of an error that Load functions return, one by one.
func Problems(err error) []Problem {
	var out []Problem
	for _, single := range flatten(err) {
		var problem Problem
		if !errors.As(single, &problem) || problem.Error() != single.Error() {
			problem = Problem{Text: single.Error()}
		}
		out = append(out, problem)
	}
	return out
}

// located says of each of the errors in err which file it is of.
func located(file string, err error) error {
	var out []error
	for _, single := range flatten(err) {
		var problem Problem
		switch {
		case !errors.As(single, &problem) || problem.Error() != single.Error():
			out = append(out, fmt.Errorf("%s: %w", file, single))
		case problem.File == "":
			problem.File = file
			out = append(out, problem)
		default:
			out = append(out, problem)
		}
	}
	return errors.Join(out...)
}

// flatten undoes errors.Join.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	// Not errors.As: an error that wraps a joined one says more than its parts do.
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var out []error
	for _, single := range joined.Unwrap() {
		out = append(out, flatten(single)...)
	}
	return out
}
