package dqdl

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// ruleType is what a type of rule takes (Glue User Guide, the page of each under "DQDL rule type reference").
type ruleType struct {
	parameters int      // how many; -1 is one or more columns
	kinds      []string // of its condition; none is a rule without condition
	threshold  bool     // with threshold is possible
	where      bool     // where is possible
	read       func(*parser, *Rule, []parameter)
}

var number = []string{"number"}

// supported are the types that the quality gate evaluates (mpp/jobs/tarn_jobs/quality.py).
var supported = map[string]ruleType{
	"RowCount":             {0, number, false, true, readColumns},
	"ColumnCount":          {0, number, false, false, readColumns},
	"ColumnExists":         {1, nil, false, false, readColumns},
	"IsComplete":           {1, nil, false, true, readColumns},
	"Completeness":         {1, number, false, true, readColumns},
	"IsUnique":             {-1, nil, false, true, readColumns},
	"Uniqueness":           {-1, number, false, true, readColumns},
	"UniqueValueRatio":     {1, number, false, true, readColumns},
	"DistinctValuesCount":  {1, number, false, true, readColumns},
	"IsPrimaryKey":         {-1, nil, false, true, readColumns},
	"ColumnValues":         {1, []string{"number", "string", "date", "null"}, true, true, readColumns},
	"ColumnLength":         {1, number, false, true, readColumns},
	"ColumnDataType":       {1, []string{"string"}, true, false, readColumnType},
	"Mean":                 {1, number, false, true, readColumns},
	"Sum":                  {1, number, false, true, readColumns},
	"StandardDeviation":    {1, number, false, true, readColumns},
	"ColumnCorrelation":    {2, number, false, true, readColumns},
	"DataFreshness":        {1, []string{"duration"}, false, false, readColumns},
	"CustomSql":            {1, number, false, false, readSQL},
	"ReferentialIntegrity": {2, number, false, false, readReference},
	"RowCountMatch":        {1, number, false, false, readOtherDataset},
	"AggregateMatch":       {2, number, false, false, readAggregates},
}

// unsupported are the types that Glue knows besides.
var unsupported = []string{"AllStatistics", "ColumnNamesMatchPattern", "DatasetMatch", "DetectAnomalies", "Entropy",
	"FileFreshness", "FileMatch", "FileSize", "FileUniqueness", "SchemaMatch"}

// dataTypes are what ColumnDataType compares with.
var dataTypes = []string{"BOOLEAN", "DATE", "DOUBLE", "FLOAT", "INTEGER", "LONG", "TIMESTAMP"}

// check completes a rule with its parameters and reports what its type does not take.
func (p *parser) check(rule *Rule, name token, parameters []parameter, conditionAt, whereAt, thresholdAt token) {
	kind, known := supported[rule.Type]
	if !known {
		why := "Glue knows no rule " + rule.Type
		if slices.Contains(unsupported, rule.Type) {
			why = "the quality gate cannot evaluate " + rule.Type
		}
		p.report(name, "%s; it can evaluate %s", why, strings.Join(slices.Sorted(maps.Keys(supported)), ", "))
		return
	}
	for _, parameter := range parameters {
		if parameter.connector == "and" && rule.Type != "ColumnCorrelation" {
			p.report(parameter.token, "rules are combined in parentheses, like this: (rule) and (rule)")
			return
		}
		if p.plain(parameter.token); strings.TrimSpace(parameter.text) == "" {
			p.report(parameter.token, "the parameter is empty")
			return
		}
	}
	switch {
	case kind.parameters >= 0 && len(parameters) != kind.parameters:
		p.report(name, "%s takes %d parameters, not %d", rule.Type, kind.parameters, len(parameters))
		return
	case len(parameters) == 0 && kind.parameters < 0:
		p.report(name, "%s wants a column", rule.Type)
		return
	}
	switch {
	case rule.Condition == nil && kind.kinds != nil && rule.Type == "CustomSql":
		p.report(conditionAt, "the quality gate wants a condition behind the query, for example = 0")
	case rule.Condition == nil && kind.kinds != nil:
		p.report(conditionAt, "%s wants a condition, for example > 0", rule.Type)
	case rule.Condition != nil && kind.kinds == nil:
		p.report(conditionAt, "%s takes no condition", rule.Type)
	case rule.Condition != nil && !slices.Contains(kind.kinds, rule.Condition.Kind):
		p.report(conditionAt, "%s is compared with a %s, not a %s", rule.Type, strings.Join(kind.kinds, " or "), rule.Condition.Kind)
	case rule.Condition != nil && rule.Type != "ColumnValues" && hasKeyword(rule.Condition):
		p.report(conditionAt, "%s is not compared with NULL, EMPTY or WHITESPACES_ONLY", rule.Type)
	}
	if rule.Where != "" && !kind.where {
		p.report(whereAt, "%s takes no where", rule.Type)
	}
	if rule.Threshold != nil && !kind.threshold {
		p.report(thresholdAt, "%s takes no threshold", rule.Type)
	}
	kind.read(p, rule, parameters)
}

func readColumns(_ *parser, rule *Rule, parameters []parameter) {
	for _, parameter := range parameters {
		rule.Columns = append(rule.Columns, parameter.text)
	}
}

func readColumnType(p *parser, rule *Rule, parameters []parameter) {
	readColumns(p, rule, parameters)
	if rule.Condition == nil || len(rule.Condition.Values) == 0 {
		return
	}
	wanted := strings.ToUpper(rule.Condition.Values[0].Text)
	if operator := rule.Condition.Operator; operator != "=" && operator != "!=" {
		p.report(parameters[0].token, "ColumnDataType is compared with = or != only")
	} else if !slices.Contains(dataTypes, wanted) {
		p.report(parameters[0].token, "the type is %q, want one of %s", wanted, strings.Join(dataTypes, ", "))
	}
	rule.Condition.Values[0].Text = wanted
}

func readSQL(_ *parser, rule *Rule, parameters []parameter) { rule.SQL = parameters[0].text }

// Data sets are what Tarn calls so; in Glue, the alias of an additional data source must be the same name.
const datasetName = `[a-z][a-z0-9_]*`

var (
	isDataset   = regexp.MustCompile(`^` + datasetName + `$`)
	isReference = regexp.MustCompile(`^(` + datasetName + `)\.(?:\{([^{}]+)\}|([^.{},]+))$`)
	isAggregate = regexp.MustCompile(`^(sum|avg|SUM|AVG)\((?:(` + datasetName + `)\.)?([^.()]+)\)$`)
)

func readReference(p *parser, rule *Rule, parameters []parameter) {
	found := isReference.FindStringSubmatch(parameters[1].text)
	if found == nil {
		p.report(parameters[1].token, `want a data set and its columns, for example "airports.faa" or "airports.{faa,tz}"`)
		return
	}
	rule.Columns = splitColumns(parameters[0].text)
	rule.Reference = &Reference{found[1], splitColumns(found[2] + found[3])}
	if here, there := len(rule.Columns), len(rule.Reference.Columns); here != there {
		p.report(parameters[1].token, "%d columns refer to %d", here, there)
	}
	if slices.Contains(append(rule.Reference.Columns, rule.Columns...), "") {
		p.report(parameters[0].token, "a column is empty")
	}
}

func splitColumns(list string) []string {
	names := strings.Split(list, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

func readOtherDataset(p *parser, rule *Rule, parameters []parameter) {
	if !isDataset.MatchString(parameters[0].text) {
		p.report(parameters[0].token, "%q is no data set", parameters[0].text)
	}
	rule.Reference = &Reference{parameters[0].text, []string{}}
}

func readAggregates(p *parser, rule *Rule, parameters []parameter) {
	for _, parameter := range parameters {
		found := isAggregate.FindStringSubmatch(parameter.text)
		if found == nil {
			p.report(parameter.token, `want sum or avg of a column, for example "sum(seats)" or "avg(planes.seats)"`)
			continue
		}
		rule.Aggregates = append(rule.Aggregates, Aggregate{strings.ToLower(found[1]), found[2], strings.TrimSpace(found[3])})
	}
}
