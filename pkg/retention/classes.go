// Package retention says how long the data of the lake is kept and how it gets cheaper: named classes, and
// which class applies to a zone, to the domains of a classification and to a folder.
package retention

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/tarn-data/tarn/pkg/bucket"
)

// Classes are retention classes by name: the object `datalake:settings.retentionClasses` of a stack file.
type Classes map[string]bucket.Lifecycle

// The names of the classes that exist without a setting.
const (
	Keep       = "keep"
	Cool       = "cool"
	Infrequent = "infrequent"
	Archive    = "archive"
	Tables     = "tables"
	Year       = "year"
	Short      = "short"
	Temporary  = "temporary"
)

// BuiltIn gives the classes that exist without a setting. A class of the same name in the settings takes
// the place of one of them, also where it is a zone's default.
func BuiltIn() Classes {
	return Classes{
		// Nothing moves, nothing goes but versions that were overwritten or deleted.
		Keep: {NoncurrentDays: 90},
		// S3 watches what is read and moves the rest; everything stays readable.
		Cool: {NoncurrentDays: 90, Transitions: []bucket.Transition{{Days: 1, StorageClass: "INTELLIGENT_TIERING"}}},
		// For data that is read less with age; everything stays readable.
		Infrequent: {NoncurrentDays: 90, Transitions: []bucket.Transition{
			{Days: 90, StorageClass: "STANDARD_IA"}, {Days: 365, StorageClass: "GLACIER_IR"},
		}},
		// For data that has to be there and that hardly anybody reads: after a year it must be restored first.
		Archive: {NoncurrentDays: 90, Transitions: []bucket.Transition{
			{Days: 30, StorageClass: "STANDARD_IA"}, {Days: 90, StorageClass: "GLACIER_IR"}, {Days: 365, StorageClass: "DEEP_ARCHIVE"},
		}},
		// Iceberg deletes its own old files: keeping versions of them for long only costs.
		Tables: {NoncurrentDays: 14},
		// For logs.
		Year: {NoncurrentDays: 1, ExpireDays: 365},
		// For what can be had again by asking again.
		Short:     {NoncurrentDays: 1, ExpireDays: 30},
		Temporary: {NoncurrentDays: 1, ExpireDays: 7},
	}
}

var classForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// with gives the built-in classes and those of the settings.
func (c Classes) with(builtIn Classes) Classes {
	all := maps.Clone(builtIn)
	maps.Copy(all, c)
	return all
}

// names gives the names, sorted.
func (c Classes) names() []string { return slices.Sorted(maps.Keys(c)) }

func (c Classes) validate() error {
	var problems []error
	for _, name := range c.names() {
		if !classForm.MatchString(name) {
			problems = append(problems, fmt.Errorf("retentionClasses.%s: want lower-case letters, digits and hyphens", name))
		}
		if err := c[name].Validate(); err != nil {
			problems = append(problems, fmt.Errorf("retentionClasses.%s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}
