package dqdl

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxDigits = 38         // Spark's decimals have no more
	maxCount  = 2147483647 // days, hours and minutes are a Java int in Glue
)

var (
	dateText    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	timeText    = regexp.MustCompile(`^(?:[0-9]{1,2}:[0-9]{2} [AP]M|[0-9]{2}:[0-9]{2})$`)
	unitSeconds = map[string]int64{"minutes": 60, "hours": 3600, "days": 86400}
)

// condition reads `= 5`, `not between 1 and 5`, `in ["a", NULL]` …; nil when there is none.
func (p *parser) condition() (*Condition, error) {
	start := p.peek()
	operator, err := p.operator()
	if operator == "" || err != nil {
		return nil, err
	}
	var values []operand
	switch strings.TrimPrefix(operator, "not ") {
	case "between":
		values, err = p.between()
	case "in":
		values, err = p.list()
	default:
		values = make([]operand, 1)
		values[0], err = p.operand()
	}
	if err != nil {
		return nil, err
	}
	if p.is("+", "-", "*", "/") {
		return nil, problemAt(p.peek().start, "the quality gate does not calculate: write the result")
	}
	return p.typed(start, operator, values), nil
}

func (p *parser) operator() (string, error) {
	negated := ""
	switch {
	case p.accept("!"):
		return "!=", p.expect("=")
	case p.is("=", "<", "<=", ">", ">="):
		return p.next().text, nil
	case p.accept("not"):
		negated = "not "
	}
	if p.is("between", "in", "matches") {
		return negated + p.next().text, nil
	}
	if negated != "" {
		return "", p.unexpected(`"between", "in" or "matches"`)
	}
	return "", nil
}

func (p *parser) between() ([]operand, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.accept("and", "AND") {
		return nil, p.unexpected(`"and"`)
	}
	high, err := p.operand()
	return []operand{low, high}, err
}

func (p *parser) list() ([]operand, error) {
	if p.is("$") {
		return nil, problemAt(p.peek().start, "the quality gate does not know constants: write the values")
	}
	if err := p.expect("["); err != nil {
		return nil, err
	}
	var values []operand
	for {
		value, err := p.operand()
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		if p.accept("]") {
			return values, nil
		}
		if !p.accept(",") {
			return nil, p.unexpected(`"," or "]"`)
		}
	}
}

// operand is a value with its kind and the token it started with.
type operand struct {
	Value
	kind string // number, string, date, duration, or a keyword in lower case
	at   token
}

func (p *parser) operand() (operand, error) {
	at := p.peek()
	switch {
	case at.kind == text:
		p.next()
		return p.stringOperand(at), nil
	case p.is("NULL", "null", "EMPTY", "empty", "WHITESPACES_ONLY", "whitespaces_only"):
		keyword := strings.ToUpper(p.next().text)
		return operand{Value{Keyword: keyword}, strings.ToLower(keyword), at}, nil
	case p.is("now()"):
		p.next()
		return operand{Value{Now: true}, "date", at}, nil
	case p.is("(") && p.tokens[p.at+1].text == "now()":
		return p.shiftedNow(at)
	case p.is("$"):
		return operand{}, problemAt(at.start, "the quality gate does not know constants: write the value")
	case p.is("("):
		return operand{}, problemAt(at.start, "the quality gate does not calculate: write the result")
	case at.kind == word && p.tokens[p.at+1].text == "(":
		return operand{}, problemAt(at.start, "the quality gate does not know dynamic rules: %s needs results of earlier runs", at.text)
	default:
		return p.number(at)
	}
}

func (p *parser) stringOperand(at token) operand {
	switch {
	case dateText.MatchString(at.text):
		if _, err := time.Parse(time.DateOnly, at.text); err != nil {
			p.report(at, "%s is no date", at.text)
		}
		return operand{Value{Text: at.text}, "date", at}
	case timeText.MatchString(at.text):
		p.report(at, "Glue takes %q as a time of the day, which the quality gate does not know; use matches", at.text)
	}
	return operand{Value{Text: at.text}, "string", at}
}

// shiftedNow reads `(now() - 3 days)`.
func (p *parser) shiftedNow(at token) (operand, error) {
	p.next()
	p.next()
	sign := int64(1)
	switch {
	case p.accept("-"):
		sign = -1
	case !p.accept("+"):
		return operand{}, p.unexpected(`"+" or "-"`)
	}
	if p.peek().kind != integer {
		return operand{}, p.unexpected("a whole number")
	}
	shift, err := p.number(p.peek())
	if err != nil {
		return operand{}, err
	}
	if shift.kind != "duration" {
		return operand{}, p.unexpected("days, hours or minutes")
	}
	return operand{Value{Now: true, Seconds: sign * shift.Seconds}, "date", at}, p.expect(")")
}

// number reads a number, or a duration when a unit follows.
func (p *parser) number(at token) (operand, error) {
	sign := ""
	if p.accept("-") {
		sign = "-"
	}
	digits := p.peek()
	if digits.kind != integer && digits.kind != decimal {
		return operand{}, p.unexpected("a number, a string, a date, NULL, EMPTY or WHITESPACES_ONLY")
	}
	p.next()
	if len(digits.text) > maxDigits {
		p.report(at, "numbers have %d digits at most", maxDigits)
	}
	unit := p.peek()
	if unit.kind != word || unitSeconds[unit.text] == 0 {
		return operand{Value{Text: sign + digits.text}, "number", at}, nil
	}
	count, err := strconv.ParseInt(digits.text, 10, 64)
	if err != nil || count > maxCount || sign != "" {
		return operand{}, problemAt(at.start, "%s are a whole number from 0 to %d", unit.text, maxCount)
	}
	p.next()
	return operand{Value{Seconds: count * unitSeconds[unit.text]}, "duration", at}, nil
}

// typed finds the kind of a condition and reports what does not go together.
func (p *parser) typed(start token, operator string, values []operand) *Condition {
	condition := &Condition{Operator: operator, Kind: "null"}
	isEquality := slices.Contains([]string{"=", "!=", "in", "not in"}, operator)
	for _, value := range values {
		kind := value.kind
		if value.Keyword != "" {
			if !isEquality {
				p.report(value.at, "%s is compared with =, !=, in and not in only", value.Keyword)
			}
			kind = map[bool]string{true: "null", false: "string"}[value.Keyword == "NULL"]
		}
		switch {
		case condition.Kind == "null":
			condition.Kind = kind
		case kind != "null" && kind != condition.Kind:
			p.report(value.at, "a %s next to a %s: values of one condition are of one kind", kind, condition.Kind)
		}
		condition.Values = append(condition.Values, value.Value)
	}
	isPattern := strings.HasSuffix(operator, "matches")
	switch {
	case isPattern && (condition.Kind != "string" && condition.Kind != "date"):
		p.report(start, "matches wants a regular expression in quotes")
	case isPattern: // even if it looks like a date
		condition.Kind = "string"
	case condition.Kind == "string" && !isEquality:
		p.report(start, "strings are compared with =, !=, in, not in, matches and not matches only")
	case condition.Kind == "string":
		for i, value := range values {
			condition.Values[i].Text = p.unescaped(operator, value)
		}
	case condition.Kind == "duration" && hasKeyword(condition):
		p.report(start, "a duration is never NULL")
	}
	return condition
}

var escape = regexp.MustCompile(`\\(.)`)

// unescaped removes escapes as Glue does: in lists only.
func (p *parser) unescaped(operator string, value operand) string {
	if strings.HasSuffix(operator, "in") {
		return escape.ReplaceAllString(value.Text, "$1")
	}
	if value.at.kind == text {
		p.plain(value.at)
	}
	return value.Text
}

func hasKeyword(condition *Condition) bool {
	return slices.ContainsFunc(condition.Values, func(value Value) bool { return value.Keyword != "" })
}
