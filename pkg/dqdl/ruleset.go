// Package dqdl reads rules in Glue's Data Quality Definition Language (Glue User Guide, "Data Quality Definition
// Language (DQDL) reference"), as far as the quality gate can evaluate them. One file is both the ruleset that is
// deployed to Glue and what the gate's job checks, so the parser refuses what either of them would.
//
// Where the guide leaves a question open, the grammar that AWS publishes (github.com/awslabs/dqdl) answers it.
package dqdl

import (
	"slices"
	"strings"
)

// Ruleset is the rules of one file.
type Ruleset struct {
	Text  string `json:"-"`     // as written; this is what Glue gets
	Rules []Rule `json:"rules"` // what the job evaluates
}

// Rule is one rule. Which fields are set depends on its type.
type Rule struct {
	Text       string      `json:"text"`                 // as written, for messages
	Type       string      `json:"type"`                 // for example IsComplete; And and Or combine Rules
	Rules      []Rule      `json:"rules,omitempty"`      // of And and Or
	Columns    []string    `json:"columns,omitempty"`    // of the data set the rule is about
	Reference  *Reference  `json:"reference,omitempty"`  // the other data set of ReferentialIntegrity and RowCountMatch
	Aggregates []Aggregate `json:"aggregates,omitempty"` // the two that AggregateMatch compares
	SQL        string      `json:"sql,omitempty"`        // of CustomSql
	Condition  *Condition  `json:"condition,omitempty"`
	Threshold  *Condition  `json:"threshold,omitempty"` // what the ratio of good rows must fulfil; absent is = 1.0
	Where      string      `json:"where,omitempty"`     // SQL; the rule is about these rows only
}

// Reference is columns of another data set.
type Reference struct {
	Dataset string   `json:"dataset"`
	Columns []string `json:"columns"`
}

// Aggregate is sum or avg over a column; without a data set, of the one the rule is about.
type Aggregate struct {
	Function string `json:"function"`
	Dataset  string `json:"dataset"`
	Column   string `json:"column"`
}

// Condition is what a value has to fulfil.
type Condition struct {
	Operator string  `json:"operator"` // =, !=, <, <=, >, >=, between, not between, in, not in, matches or not matches
	Kind     string  `json:"kind"`     // number, string, date or duration; null when every value is NULL
	Values   []Value `json:"values"`
}

// Value is what a condition compares with: one of its fields is set, except that a text may be empty.
type Value struct {
	Keyword string `json:"keyword,omitempty"` // NULL, EMPTY or WHITESPACES_ONLY
	Text    string `json:"text,omitempty"`    // a number, a string, or a date as YYYY-MM-DD
	Now     bool   `json:"now,omitempty"`     // the current time plus Seconds
	Seconds int64  `json:"seconds,omitempty"` // a duration
}

// References returns the other data sets that the rules name, in order.
func (r Ruleset) References() []string {
	var names []string
	for rule := range r.each {
		if rule.Reference != nil {
			names = append(names, rule.Reference.Dataset)
		}
		for _, aggregate := range rule.Aggregates {
			if aggregate.Dataset != "" {
				names = append(names, aggregate.Dataset)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Columns returns the columns that a data set needs for the rules to be evaluated, in lower case and in order.
func (r Ruleset) Columns() []string {
	var names []string
	for rule := range r.each {
		if rule.Type != "ColumnExists" { // this one may fail; that is no mistake of the rule's
			for _, column := range rule.Columns {
				names = append(names, strings.ToLower(column))
			}
		}
		for _, aggregate := range rule.Aggregates {
			if aggregate.Dataset == "" {
				names = append(names, strings.ToLower(aggregate.Column))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// each yields every rule that is not a combination of others.
func (r Ruleset) each(yield func(Rule) bool) {
	var walk func([]Rule) bool
	walk = func(rules []Rule) bool {
		for _, rule := range rules {
			if len(rule.Rules) > 0 && !walk(rule.Rules) || len(rule.Rules) == 0 && !yield(rule) {
				return false
			}
		}
		return true
	}
	walk(r.Rules)
}
