package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// plainTypes are the types that tarn_jobs/values.py turns values into, with decimal.
var (
	plainTypes = []string{"int", "bigint", "float", "double", "string", "boolean", "date", "timestamp"}
	decimal    = regexp.MustCompile(`^decimal\(([0-9]{1,2}),([0-9]{1,2})\)$`)
)

// maxPrecision is of decimals (Athena User Guide, "Data types in Amazon Athena").
const maxPrecision = 38

// check refuses what Spark, Athena or Glue would.
func (c Column) check(r report) {
	r.identifier("name", c.Name, maxName)
	r.text("description", c.Description, maxComment)
	if slices.Contains(plainTypes, c.Type) {
		return
	}
	found := decimal.FindStringSubmatch(c.Type)
	if found == nil {
		r("type", "%q: want one of %s or decimal(precision,scale)", c.Type, strings.Join(plainTypes, ", "))
		return
	}
	precision, _ := strconv.Atoi(found[1]) // the pattern lets digits through only
	scale, _ := strconv.Atoi(found[2])
	if precision < 1 || precision > maxPrecision || scale > precision {
		r("type", "%s: want a precision of 1 to %d and a scale of 0 to the precision", c.Type, maxPrecision)
	}
}

// known tells whether the type is one that a column can have.
func (c Column) known() bool {
	return slices.Contains(plainTypes, c.Type) || decimal.MatchString(c.Type)
}

// family is the type without precision and scale.
func (c Column) family() string {
	before, _, _ := strings.Cut(c.Type, "(")
	return before
}

// transform is how Iceberg's Spark SQL writes what a table is partitioned by. Tables of queries have columns that are
// not known here.
var transform = regexp.MustCompile(`^(?:(` + name + `)|(years|months|days|hours)\((` + name + `)\)|` +
	`(bucket|truncate)\(([0-9]{1,9}), ?(` + name + `)\))$`)

// suits says which types a transform takes (Iceberg Table Spec, "Partition Transforms"); all others take any.
var suits = map[string][]string{
	"years": {"date", "timestamp"}, "months": {"date", "timestamp"}, "days": {"date", "timestamp"},
	"hours":    {"timestamp"},
	"bucket":   {"int", "bigint", "decimal", "date", "timestamp", "string"},
	"truncate": {"int", "bigint", "decimal", "string"},
}

// partitions checks partition_by. With known nil columns may have any name.
func (r report) partitions(terms []string, known map[string]Column) {
	seen := map[string]bool{}
	for i, term := range terms {
		at := fmt.Sprintf("partition_by[%d]", i)
		found := transform.FindStringSubmatch(term)
		if found == nil {
			r(at, "%q: want a column, or years, months, days or hours(column), or bucket or truncate(number, column)", term)
			continue
		}
		function, column := found[2]+found[4], found[1]+found[3]+found[6] // of each but one is empty
		if found[5] != "" && strings.Trim(found[5], "0") == "" {
			r(at, "%q: want a number above 0", term)
		}
		// Iceberg refuses a second transform of the kind for a column as redundant (Iceberg, PartitionSpec.Builder).
		kind := function
		if found[2] != "" {
			kind = "time"
		}
		if seen[kind+"("+column] {
			r(at, "%q: %s is partitioned by already; Iceberg refuses a second time", term, column)
		}
		seen[kind+"("+column] = true
		if known == nil {
			continue
		}
		of, there := known[column]
		if !there {
			r(at, "%q: there is no column %q", term, column)
		} else if types := suits[function]; types != nil && of.known() && !slices.Contains(types, of.family()) {
			r(at, "%q: %s is a %s, %s takes %s", term, column, of.family(), function, strings.Join(types, ", "))
		}
	}
}
