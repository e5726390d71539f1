package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// report takes a problem of a field, for example columns[2].type. The message says what is wrong and what to write
// instead.
type report func(field, format string, args ...any)

// within gives a report for what is inside a field.
func (r report) within(prefix string) report {
	return func(field, format string, args ...any) { r(prefix+"."+field, format, args...) }
}

// oneOf refuses a value that is not one of those allowed. Empty is allowed where there is a default.
func (r report) oneOf(field, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		r(field, "%q: want one of %s", value, strings.Join(allowed, ", "))
	}
}

// between refuses a number that is not in the range; zero is the default and always allowed.
func (r report) between(field string, value, least, most int) {
	if value != 0 && (value < least || value > most) {
		r(field, "is %d, want %d to %d", value, least, most)
	}
}

// name is what Spark, Athena and Glue all accept without quotes. Glue folds upper case.
const name = `[a-z][a-z0-9_]*`

// What AWS accepts.
const (
	// Athena User Guide, "Names for databases, tables, and columns"; Glue API Reference, TableInput and Column: Name.
	maxName = 255
	// A pipeline's name is part of names of IAM roles and, where it is its own domain, a value of a tag: as long as a
	// domain's.
	maxPipeline = 63
	// Glue API Reference, TableInput: Description.
	maxDescription = 2048
	// Glue API Reference, Column: Comment.
	maxComment = 255
)

var identifier = regexp.MustCompile(`^` + name + `$`)

// identifier refuses names that would have to be quoted, or that are too long.
func (r report) identifier(field, value string, most int) {
	switch {
	case value == "":
		r(field, "is missing")
	case !identifier.MatchString(value):
		r(field, "%q: want lower-case letters, digits and underscores, beginning with a letter", value)
	case len(value) > most:
		r(field, "%q has %d characters, want at most %d", value, len(value), most)
	}
}

// text refuses a description that is too long.
func (r report) text(field, value string, most int) {
	if got := utf8.RuneCountInString(value); got > most {
		r(field, "has %d characters, Glue takes at most %d: shorten it", got, most)
	}
}

// columnsOf refuses names of columns that there are none of, and those that are there twice.
func (r report) columnsOf(field string, names []string, known map[string]Column) {
	seen := map[string]bool{}
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", field, i)
		if _, found := known[name]; !found {
			r(at, "there is no column %q", name)
		}
		if seen[name] {
			r(at, "%q is there twice", name)
		}
		seen[name] = true
	}
}
