package dqdl

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestParseRule checks what one rule becomes; each is wrapped as `Rules = [ rule ]`.
func TestParseRule(t *testing.T) {
	condition := func(operator, kind string, values ...Value) *Condition {
		return &Condition{operator, kind, values}
	}
	tests := []struct {
		rule string
		want Rule
	}{
		{`RowCount > 0`, Rule{Type: "RowCount", Condition: condition(">", "number", Value{Text: "0"})}},
		{`RowCount = 5 where "a > 1"`, Rule{Type: "RowCount", Condition: condition("=", "number", Value{Text: "5"}), Where: "a > 1"}},
		{`IsComplete "a"`, Rule{Type: "IsComplete", Columns: []string{"a"}}},
		{`IsComplete a`, Rule{Type: "IsComplete", Columns: []string{"a"}}},
		{`Completeness of "a" >= 0.95`, Rule{Type: "Completeness", Columns: []string{"a"}, Condition: condition(">=", "number", Value{Text: "0.95"})}},
		{`IsPrimaryKey "a" "b"`, Rule{Type: "IsPrimaryKey", Columns: []string{"a", "b"}}},
		{`Mean "a" between -1.5 and 2`, Rule{Type: "Mean", Columns: []string{"a"}, Condition: condition("between", "number", Value{Text: "-1.5"}, Value{Text: "2"})}},
		{`Sum "a" not between 1 and 2`, Rule{Type: "Sum", Columns: []string{"a"}, Condition: condition("not between", "number", Value{Text: "1"}, Value{Text: "2"})}},
		{`ColumnValues "a" in [1, NULL]`, Rule{Type: "ColumnValues", Columns: []string{"a"}, Condition: condition("in", "number", Value{Text: "1"}, Value{Keyword: "NULL"})}},
		{`ColumnValues "a" not in ["x", "y\"z", EMPTY] with threshold > 0.9`, Rule{
			Type: "ColumnValues", Columns: []string{"a"},
			Condition: condition("not in", "string", Value{Text: "x"}, Value{Text: `y"z`}, Value{Keyword: "EMPTY"}),
			Threshold: condition(">", "number", Value{Text: "0.9"}),
		}},
		{`ColumnValues "a" != null`, Rule{Type: "ColumnValues", Columns: []string{"a"}, Condition: condition("!=", "null", Value{Keyword: "NULL"})}},
		{`ColumnValues "a" matches "[0-9]{2}\.x"`, Rule{Type: "ColumnValues", Columns: []string{"a"}, Condition: condition("matches", "string", Value{Text: `[0-9]{2}\.x`})}},
		{`ColumnValues "a" not matches "2013-01-01"`, Rule{Type: "ColumnValues", Columns: []string{"a"}, Condition: condition("not matches", "string", Value{Text: "2013-01-01"})}},
		{`ColumnValues "a" >= "2013-01-01"`, Rule{Type: "ColumnValues", Columns: []string{"a"}, Condition: condition(">=", "date", Value{Text: "2013-01-01"})}},
		{`ColumnValues "a" > (now() - 3 days)`, Rule{Type: "ColumnValues", Columns: []string{"a"}, Condition: condition(">", "date", Value{Now: true, Seconds: -259200})}},
		{`ColumnValues "a" <= now()`, Rule{Type: "ColumnValues", Columns: []string{"a"}, Condition: condition("<=", "date", Value{Now: true})}},
		{`ColumnDataType "a" = "integer"`, Rule{Type: "ColumnDataType", Columns: []string{"a"}, Condition: condition("=", "string", Value{Text: "INTEGER"})}},
		{`ColumnCorrelation of "a" and "b" < 0.5`, Rule{Type: "ColumnCorrelation", Columns: []string{"a", "b"}, Condition: condition("<", "number", Value{Text: "0.5"})}},
		{`DataFreshness "a" <= 24 hours`, Rule{Type: "DataFreshness", Columns: []string{"a"}, Condition: condition("<=", "duration", Value{Seconds: 86400})}},
		{`CustomSql "select count(*) from primary where a = 'x'" = 0`, Rule{Type: "CustomSql", SQL: "select count(*) from primary where a = 'x'", Condition: condition("=", "number", Value{Text: "0"})}},
		{`ReferentialIntegrity "a,b" "other.{c, d}" >= 0.9`, Rule{
			Type: "ReferentialIntegrity", Columns: []string{"a", "b"}, Reference: &Reference{"other", []string{"c", "d"}},
			Condition: condition(">=", "number", Value{Text: "0.9"}),
		}},
		{`ReferentialIntegrity "a" "other.c" = 1.0`, Rule{
			Type: "ReferentialIntegrity", Columns: []string{"a"}, Reference: &Reference{"other", []string{"c"}},
			Condition: condition("=", "number", Value{Text: "1.0"}),
		}},
		{`RowCountMatch "other" = 1.0`, Rule{Type: "RowCountMatch", Reference: &Reference{"other", []string{}}, Condition: condition("=", "number", Value{Text: "1.0"})}},
		{`AggregateMatch "sum(a)" "AVG(other.b)" > 0.9`, Rule{
			Type: "AggregateMatch", Aggregates: []Aggregate{{"sum", "", "a"}, {"avg", "other", "b"}},
			Condition: condition(">", "number", Value{Text: "0.9"}),
		}},
		{`(IsComplete "a") and (IsUnique "a" "b")`, Rule{Type: "And", Rules: []Rule{
			{Text: `IsComplete "a"`, Type: "IsComplete", Columns: []string{"a"}}, {Text: `IsUnique "a" "b"`, Type: "IsUnique", Columns: []string{"a", "b"}},
		}}},
		{`(ColumnExists "a") OR ((ColumnExists "b") AND (ColumnExists "c"))`, Rule{Type: "Or", Rules: []Rule{
			{Text: `ColumnExists "a"`, Type: "ColumnExists", Columns: []string{"a"}},
			{Text: `(ColumnExists "b") AND (ColumnExists "c")`, Type: "And", Rules: []Rule{
				{Text: `ColumnExists "b"`, Type: "ColumnExists", Columns: []string{"b"}}, {Text: `ColumnExists "c"`, Type: "ColumnExists", Columns: []string{"c"}},
			}},
		}}},
		{`((ColumnExists "a"))`, Rule{Text: `ColumnExists "a"`, Type: "ColumnExists", Columns: []string{"a"}}},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			ruleset, err := Parse("x.dqdl", "Rules = [ "+test.rule+" ]")
			if err != nil {
				t.Fatal(err)
			}
			if test.want.Text == "" {
				test.want.Text = test.rule
			}
			if !reflect.DeepEqual(ruleset.Rules, []Rule{test.want}) {
				got, _ := json.Marshal(ruleset.Rules)
				want, _ := json.Marshal(test.want)
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	chain := strings.TrimSuffix(strings.Repeat("(RowCount > 0) and ", 7), " and ")
	tests := []struct{ name, text, want string }{
		{"nothing", "", "has 0 characters"},
		{"too long", strings.Repeat(" ", maxText+1), "has 65537 characters, Glue takes 1 to 65536"},
		{"not UTF-8", "\xff", "is not UTF-8"},
		{"only blanks", " \n", `x:2:1: found the end of the file, want "Rules"`},
		{"lower case", "rules = [ RowCount > 0 ]", "x:1:1:"},
		{"no rule", "Rules = [ ]", "x:1:11: there is no rule"},
		{"trailing comma", "Rules = [ RowCount > 0, ]", `x:1:25: found "]", want a rule`},
		{"no comma", "Rules = [ RowCount > 0\n IsComplete \"a\" ]", `x:2:2: found "IsComplete", want "," or "]"`},
		{"open list", "Rules = [ RowCount > 0", "x:1:23: found the end of the file"},
		{"behind the rules", "Rules = [ RowCount > 0 ] x", "x:1:26:"},
		{"analyzers", "Rules = [ RowCount > 0 ] Analyzers = [ RowCount ]", "no use for Analyzers"},
		{"analyzers first", "Analyzers = [ RowCount ]", "no use for Analyzers"},
		{"constants", `x = "a" Rules = [ RowCount > 0 ]`, "does not know constants"},
		{"open string", `Rules = [ IsComplete "a ]`, "x:1:22: the string is not closed"},
		{"carriage return", "Rules = [\r\n RowCount > 0 ]", "x:1:10: a carriage return"},
		{"comment without end", "Rules = [ RowCount > 0 ]\n# x", "x:2:1: the comment has no line end"},
		{"strange character", "Rules = [ RowCount > 0; ]", `x:1:23: ';' has no meaning here`},
		{"columns are characters", "# ä\nRules = [ IsComplete \"ä\" ; ]", "x:2:26:"},
		{"unknown type", "Rules = [ IsNice \"a\" ]", "x:1:11: Glue knows no rule IsNice; it can evaluate AggregateMatch, ColumnCorrelation,"},
		{"type is case sensitive", "Rules = [ isComplete \"a\" ]", "Glue knows no rule isComplete"},
		{"known to Glue only", "Rules = [ Entropy \"a\" > 1 ]", "the quality gate cannot evaluate Entropy; it can evaluate"},
		{"no parameter", "Rules = [ IsComplete ]", "IsComplete takes 1 parameters, not 0"},
		{"no key", "Rules = [ IsPrimaryKey ]", "IsPrimaryKey wants a column"},
		{"too many parameters", `Rules = [ Mean "a" "b" > 1 ]`, "Mean takes 1 parameters, not 2"},
		{"empty parameter", `Rules = [ IsComplete " " ]`, "the parameter is empty"},
		{"no condition", `Rules = [ RowCount ]`, "RowCount wants a condition"},
		{"needless condition", `Rules = [ IsComplete "a" > 1 ]`, "IsComplete takes no condition"},
		{"wrong kind", `Rules = [ RowCount = "a" ]`, "RowCount is compared with a number, not a string"},
		{"number for a duration", `Rules = [ DataFreshness "a" < 5 ]`, "compared with a duration, not a number"},
		{"null for a number", `Rules = [ RowCount in [1, NULL] ]`, "RowCount is not compared with NULL"},
		{"null with an order", `Rules = [ ColumnValues "a" > NULL ]`, "NULL is compared with =, !=, in and not in only"},
		{"string with an order", `Rules = [ ColumnValues "a" > "b" ]`, "strings are compared with =, !=, in, not in"},
		{"mixed kinds", `Rules = [ ColumnValues "a" in [1, "b"] ]`, "a string next to a number"},
		{"no date", `Rules = [ ColumnValues "a" = "2013-02-30" ]`, "2013-02-30 is no date"},
		{"time of the day", `Rules = [ ColumnValues "a" = "10:30" ]`, "a time of the day"},
		{"backslash in a string", `Rules = [ ColumnValues "a" = "x\\y" ]`, "Glue takes a backslash literally here"},
		{"backslash in a column", `Rules = [ IsComplete "x\"y" ]`, "Glue takes a backslash literally here"},
		{"pattern is no number", `Rules = [ ColumnValues "a" matches 5 ]`, "matches wants a regular expression"},
		{"negative days", `Rules = [ DataFreshness "a" < -5 days ]`, "days are a whole number"},
		{"half a day", `Rules = [ DataFreshness "a" < 0.5 days ]`, "days are a whole number"},
		{"now without parentheses", `Rules = [ ColumnValues "a" > now() - 3 days ]`, "does not calculate"},
		{"now without unit", `Rules = [ ColumnValues "a" > (now() - 3) ]`, `want days, hours or minutes`},
		{"dynamic rule", `Rules = [ RowCount > avg(last(10)) ]`, "does not know dynamic rules: avg"},
		{"arithmetic", `Rules = [ RowCount > 2 * 3 ]`, "does not calculate"},
		{"constant", `Rules = [ ColumnValues "a" in $x ]`, "does not know constants"},
		{"long number", `Rules = [ RowCount > ` + strings.Repeat("9", 39) + ` ]`, "38 digits"},
		{"where is no string", `Rules = [ RowCount > 0 where a ]`, "want a condition in SQL"},
		{"empty where", `Rules = [ RowCount > 0 where " " ]`, "where is empty"},
		{"where without rows", `Rules = [ ColumnCount > 0 where "a" ]`, "ColumnCount takes no where"},
		{"threshold without ratio", `Rules = [ RowCount > 0 with threshold > 0.5 ]`, "RowCount takes no threshold"},
		{"threshold twice", `Rules = [ ColumnValues "a" > 0 with threshold > 0.5 with threshold > 0.6 ]`, "one threshold only"},
		{"other tag", `Rules = [ ColumnDataType "a" = "DATE" with format = "yyyy" ]`, `does not know "format"`},
		{"type of a column", `Rules = [ ColumnDataType "a" = "TEXT" ]`, `the type is "TEXT", want one of BOOLEAN`},
		{"types of a column", `Rules = [ ColumnDataType "a" in ["DATE"] ]`, `compared with`},
		{"query without condition", `Rules = [ CustomSql "select a from primary" ]`, "wants a condition behind the query"},
		{"reference without column", `Rules = [ ReferentialIntegrity "a" "other" > 0 ]`, "want a data set and its columns"},
		{"reference is short", `Rules = [ ReferentialIntegrity "a,b" "other.c" > 0 ]`, "2 columns refer to 1"},
		{"empty column", `Rules = [ ReferentialIntegrity "a," "other.{c,d}" > 0 ]`, "a column is empty"},
		{"no data set", `Rules = [ RowCountMatch "a.b" = 1 ]`, `"a.b" is no data set`},
		{"no aggregate", `Rules = [ AggregateMatch "max(a)" "sum(b.c)" > 0 ]`, "want sum or avg of a column"},
		{"combined without parentheses", `Rules = [ IsComplete "a" and IsUnique "b" ]`, "rules are combined in parentheses"},
		{"half in parentheses", `Rules = [ (IsComplete "a") and IsUnique "b" ]`, "rules that are combined stand in parentheses"},
		{"and next to or", `Rules = [ (RowCount > 0) and (RowCount > 1) or (RowCount > 2) ]`, "x:1:45: and next to or"},
		{"deep", "Rules = [ " + chain + " ]", "nested more than 5 deep"},
		{"deep in parentheses", "Rules = [ (" + chain + ") ]", "nested more than 5 deep"},
		{"many parentheses", "Rules = [ " + strings.Repeat("(", 40) + " ]", "more than 32 parentheses"},
		{"many rules", "Rules = [ " + strings.Repeat("RowCount > 0, ", maxRules) + "RowCount > 0 ]", "there are 2001 rules, Glue takes 2000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("x", test.text)
			if err == nil {
				t.Fatal("was accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestParseReportsAllProblems(t *testing.T) {
	_, err := Parse("x", "Rules = [\n IsNice \"a\",\n RowCount,\n IsComplete \"a\" ]")
	for _, want := range []string{"x:2:2: Glue knows no rule IsNice", "x:3:10: RowCount wants a condition"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestParseReportsTheFirstOfVeryManyProblems(t *testing.T) {
	_, err := Parse("x", "Rules = [ "+strings.Repeat("X,", 30000)+"X ]")
	if err == nil || !strings.HasSuffix(err.Error(), "and 29952 more problems") {
		t.Errorf("got %.200v", err)
	}
}

func TestTextIsOnOneLine(t *testing.T) {
	ruleset, err := Parse("x", "Rules = [\n  ColumnValues \"a\" in\t[ 1, # one\n 2 ]\n]")
	if err != nil {
		t.Fatal(err)
	}
	if want := `ColumnValues "a" in [ 1, 2 ]`; ruleset.Rules[0].Text != want {
		t.Errorf("got %q, want %q", ruleset.Rules[0].Text, want)
	}
}

func TestReferencesAndColumns(t *testing.T) {
	ruleset, err := Parse("x", `Rules = [ IsComplete "B", ColumnExists "e",
		(RowCountMatch "z" = 1) or (ReferentialIntegrity "a" "y.c" > 0), AggregateMatch "sum(d)" "sum(z.q)" = 1 ]`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ruleset.References(), []string{"y", "z"}; !reflect.DeepEqual(got, want) {
		t.Errorf("references %v, want %v", got, want)
	}
	if got, want := ruleset.Columns(), []string{"a", "b", "d"}; !reflect.DeepEqual(got, want) {
		t.Errorf("columns %v, want %v", got, want)
	}
}

// TestRulesetsOfTheLake checks that the files of this repository are fit for Glue and the gate.
func TestRulesetsOfTheLake(t *testing.T) {
	files, err := filepath.Glob("../../mpp/quality/*.dqdl")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(file, string(content)); err != nil {
			t.Error(err)
		}
	}
}

var update = flag.Bool("update", false, "write testdata/rules.json anew")

// TestRulesOfTheJobTests checks that what the tests of the quality gate evaluate is what this parser makes.
func TestRulesOfTheJobTests(t *testing.T) {
	source, err := os.ReadFile("testdata/rules.dqdl")
	if err != nil {
		t.Fatal(err)
	}
	ruleset, err := Parse("rules.dqdl", string(source))
	if err != nil {
		t.Fatal(err)
	}
	var rendered bytes.Buffer
	encoder := json.NewEncoder(&rendered)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(ruleset); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/rules.json", rendered.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile("testdata/rules.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, rendered.Bytes()) {
		t.Error("testdata/rules.json is not what rules.dqdl becomes: go test ./pkg/dqdl -run TestRulesOfTheJobTests -update")
	}
}

// FuzzParse checks what must hold for every text: no crash; and a rule that was read gives itself when its own
// text is read.
func FuzzParse(f *testing.F) {
	f.Add("Rules = [ IsComplete \"a\", (RowCount > 0) and (ColumnValues \"b\" in [1, NULL] where \"c\" with threshold > 0.9) ]\n# end\n")
	f.Add(`Rules = [ DataFreshness "a" <= 24 hours, ColumnValues "d" > (now() - 3 days), ColumnValues "e" not matches "x\"y" ]`)
	f.Add(`Rules = [ ReferentialIntegrity "a,b" "other.{c,d}" between 0.9 and 1, AggregateMatch "sum(a)" "avg(b.c)" != -1.5 ]`)
	f.Fuzz(func(t *testing.T, source string) {
		ruleset, err := Parse("x", source)
		if err != nil {
			return
		}
		for _, rule := range ruleset.Rules {
			again, err := Parse("x", "Rules = ["+rule.Text+"]")
			if err != nil {
				t.Fatalf("%s: %v", rule.Text, err)
			}
			if !reflect.DeepEqual(again.Rules, []Rule{rule}) {
				t.Errorf("%#v became %#v", rule, again.Rules)
			}
		}
	})
}
