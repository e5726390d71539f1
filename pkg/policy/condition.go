package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Context is what is known of a request, by condition key. Keys know no upper and lower case. A key
// that is not there is something else than one that is empty.
type Context map[string][]string

func (c Context) get(key string) ([]string, bool) {
	if values, found := c[key]; found {
		return values, true
	}
	for name, values := range c {
		if strings.EqualFold(name, key) {
			return values, true
		}
	}
	return nil, false
}

// operator is a condition operator taken apart.
type operator struct {
	set      string // "", "ForAllValues" or "ForAnyValue"
	test     func(wanted, value string) bool
	negated  bool
	ifExists bool
	null     bool
}

// tests are the operators without their negations, sets and IfExists (IAM User Guide, "IAM JSON policy
// elements: Condition operators"). Those for dates, addresses and binary values are not here: no
// document of this platform has one.
var tests = map[string]func(wanted, value string) bool{
	"StringEquals":             func(wanted, value string) bool { return wanted == value },
	"StringEqualsIgnoreCase":   strings.EqualFold,
	"StringLike":               Like,
	"ArnEquals":                likeARN, // the two are the same
	"ArnLike":                  likeARN,
	"Bool":                     strings.EqualFold,
	"NumericEquals":            numeric(func(wanted, value float64) bool { return value == wanted }),
	"NumericLessThan":          numeric(func(wanted, value float64) bool { return value < wanted }),
	"NumericLessThanEquals":    numeric(func(wanted, value float64) bool { return value <= wanted }),
	"NumericGreaterThan":       numeric(func(wanted, value float64) bool { return value > wanted }),
	"NumericGreaterThanEquals": numeric(func(wanted, value float64) bool { return value >= wanted }),
}

// negations name the operator whose opposite each is.
var negations = map[string]string{
	"StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase", "StringNotLike": "StringLike",
	"ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike", "NumericNotEquals": "NumericEquals",
}

func numeric(compare func(wanted, value float64) bool) func(wanted, value string) bool {
	return func(wanted, value string) bool {
		w, err := strconv.ParseFloat(wanted, 64)
		if err != nil {
			return false
		}
		v, err := strconv.ParseFloat(value, 64)
		return err == nil && compare(w, v)
	}
}

func operatorOf(name string) (operator, error) {
	out := operator{}
	plain := name
	if set, rest, found := strings.Cut(plain, ":"); found {
		if set != "ForAllValues" && set != "ForAnyValue" {
			return out, fmt.Errorf("condition operator %q: no such set operator", name)
		}
		out.set, plain = set, rest
	}
	if plain == "Null" && out.set == "" {
		return operator{null: true}, nil
	}
	plain, out.ifExists = strings.CutSuffix(plain, "IfExists")
	if positive, found := negations[plain]; found {
		out.negated, plain = true, positive
	}
	test, found := tests[plain]
	if !found {
		return out, fmt.Errorf("condition operator %q is not one this evaluator knows", name)
	}
	out.test = test
	return out, nil
}

// met reports whether every operator and every key of the conditions is met.
func (c Conditions) met(context Context) (bool, error) {
	for name, keys := range c {
		op, err := operatorOf(name)
		if err != nil {
			return false, err
		}
		for key, wanted := range keys {
			if !op.met(key, wanted, context) {
				return false, nil
			}
		}
	}
	return true, nil
}

func (o operator) met(key string, wanted []string, context Context) bool {
	values, present := context.get(key)
	if o.null { // "true" wants the key to be missing
		return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, strconv.FormatBool(!present)) })
	}
	if !present {
		switch {
		case o.ifExists, o.set == "ForAllValues":
			return true
		case o.set == "ForAnyValue":
			return false
		default:
			return o.negated
		}
	}
	matches := func(value string) bool {
		hit := slices.ContainsFunc(wanted, func(w string) bool {
			resolved, known := substitute(w, context)
			return known && o.test(resolved, value)
		})
		return hit != o.negated
	}
	if o.set == "ForAllValues" {
		return !slices.ContainsFunc(values, func(v string) bool { return !matches(v) })
	}
	if o.negated && o.set == "" { // a negated operator wants that no value hits
		return !slices.ContainsFunc(values, func(v string) bool { return !matches(v) })
	}
	return slices.ContainsFunc(values, matches)
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// substitute replaces policy variables. A variable without a value and a default makes the text match
// nothing (IAM User Guide, "IAM policy elements: Variables and tags").
func substitute(text string, context Context) (resolved string, known bool) {
	known = true
	resolved = variable.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(found, "${"), "}")
		if name == "*" || name == "?" || name == "$" {
			return name // AWS means the character itself; as a pattern it can only match more
		}
		name, fallback, hasFallback := strings.Cut(name, ",")
		if values, present := context.get(strings.TrimSpace(name)); present && len(values) == 1 {
			return values[0]
		}
		if hasFallback {
			return strings.Trim(strings.TrimSpace(fallback), "'")
		}
		known = false
		return found
	})
	return resolved, known
}
