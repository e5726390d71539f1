package dqdl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxText is how long a ruleset may be (Glue API Reference, CreateDataQualityRuleset: Ruleset, 1 to 65,536).
	maxText = 65536
	// maxRules is Glue's quota of rules in a ruleset (AWS General Reference, "AWS Glue endpoints and quotas").
	maxRules = 2000
	// maxDepth is how deep rules can be combined (awslabs/dqdl, COMPOSITE_RULE_MAX_NESTING_DEPTH).
	maxDepth = 5
	// maxParentheses keeps the parser's own recursion small; nothing useful comes near it.
	maxParentheses = 32
	// maxProblems is how many are told; somebody who wrote more of them made one mistake many times.
	maxProblems = 50
)

// Parse reads the text of a ruleset; name says where it is from, for the messages. All problems are reported at
// once (the first of very many), except that nothing is read behind a mistake in the grammar.
func Parse(name, text string) (Ruleset, error) {
	if length := utf8.RuneCountInString(text); length == 0 || length > maxText {
		return Ruleset{}, fmt.Errorf("%s: has %d characters, Glue takes 1 to %d", name, length, maxText)
	}
	if !utf8.ValidString(text) {
		return Ruleset{}, fmt.Errorf("%s: is not UTF-8", name)
	}
	located := func(p problem) error {
		line, column := place(text, p.at)
		return fmt.Errorf("%s:%d:%d: %s", name, line, column, p.message)
	}
	tokens, err := lex(text)
	if p := (problem{}); errors.As(err, &p) {
		return Ruleset{}, located(p)
	}
	parser := &parser{source: text, tokens: tokens}
	rules, err := parser.document()
	if p := (problem{}); errors.As(err, &p) {
		parser.problems = append(parser.problems, p)
	}
	var problems []error
	for i, p := range parser.problems {
		if i == maxProblems {
			problems = append(problems, fmt.Errorf("%s: and %d more problems", name, len(parser.problems)-i))
			break
		}
		problems = append(problems, located(p))
	}
	if len(problems) > 0 {
		return Ruleset{}, errors.Join(problems...)
	}
	return Ruleset{Text: text, Rules: rules}, nil
}

// parser turns tokens into rules. Its methods return an error for a mistake in the grammar, after which nothing
// can be read, and collect all others.
type parser struct {
	source   string
	tokens   []token
	at       int
	problems []problem
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	current := p.tokens[p.at]
	if current.kind != endOfFile {
		p.at++
	}
	return current
}

// is tells whether the next token is one of these words or symbols.
func (p *parser) is(texts ...string) bool {
	current := p.peek()
	return (current.kind == word || current.kind == symbol) && slices.Contains(texts, current.text)
}

func (p *parser) accept(texts ...string) bool {
	if !p.is(texts...) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(want string) error {
	if p.accept(want) {
		return nil
	}
	return p.unexpected(fmt.Sprintf("%q", want))
}

func (p *parser) unexpected(want string) error {
	current := p.peek()
	return problemAt(current.start, "found %s, want %s", p.describe(current), want)
}

func (p *parser) describe(t token) string {
	if t.kind == endOfFile {
		return t.text
	}
	return fmt.Sprintf("%q", p.source[t.start:t.end])
}

func (p *parser) report(at token, format string, args ...any) {
	p.problems = append(p.problems, problemAt(at.start, format, args...))
}

// document reads `Rules = [ rule, … ]`.
func (p *parser) document() ([]Rule, error) {
	if p.is("Metadata", "DataSources", "Analyzers") {
		return nil, problemAt(p.peek().start, "the quality gate has no use for %s: write Rules only", p.peek().text)
	}
	if p.peek().kind == word && p.peek().text != "Rules" && p.tokens[p.at+1].text == "=" {
		return nil, problemAt(p.peek().start, "the quality gate does not know constants and default labels: write Rules only")
	}
	start := p.peek()
	for _, want := range []string{"Rules", "=", "["} {
		if err := p.expect(want); err != nil {
			return nil, err
		}
	}
	if p.is("]") {
		return nil, problemAt(p.peek().start, "there is no rule, and Glue wants at least one")
	}
	var rules []Rule
	for {
		at := p.peek()
		rule, err := p.rule(0)
		if err != nil {
			return nil, err
		}
		if depth(rule, 0) > maxDepth {
			p.report(at, "rules are nested more than %d deep; of rules combined in a row, Glue counts each as one level", maxDepth)
		}
		rules = append(rules, rule)
		if p.accept("]") {
			break
		}
		if !p.accept(",") {
			return nil, p.unexpected(`"," or "]"`)
		}
	}
	if p.is("Analyzers") {
		return nil, problemAt(p.peek().start, "the quality gate has no use for Analyzers: write Rules only")
	}
	if p.peek().kind != endOfFile {
		return nil, p.unexpected("nothing behind the rules")
	}
	if len(rules) > maxRules {
		p.report(start, "there are %d rules, Glue takes %d at most", len(rules), maxRules)
	}
	return rules, nil
}

// rule reads a rule or several combined: `(rule) and (rule)`.
func (p *parser) rule(parentheses int) (Rule, error) {
	first := p.at
	if !p.is("(") {
		return p.simpleRule()
	}
	if parentheses == maxParentheses {
		return Rule{}, problemAt(p.peek().start, "more than %d parentheses are open", maxParentheses)
	}
	var operands []Rule
	var operator string
	for {
		if !p.is("(") {
			return Rule{}, p.unexpected(`"(": rules that are combined stand in parentheses`)
		}
		p.next()
		operand, err := p.rule(parentheses + 1)
		if err != nil {
			return Rule{}, err
		}
		if err := p.expect(")"); err != nil {
			return Rule{}, err
		}
		operands = append(operands, operand)
		if !p.is("and", "AND", "or", "OR") {
			break
		}
		found := p.next()
		if word := strings.ToLower(found.text); operator == "" {
			operator = word
		} else if operator != word {
			return Rule{}, problemAt(found.start, "and next to or: say with parentheses which comes first")
		}
	}
	if operator == "" {
		return operands[0], nil
	}
	kind := map[string]string{"and": "And", "or": "Or"}[operator]
	combined := Rule{Text: p.textFrom(first), Type: kind, Rules: operands}
	return combined, nil
}

// depth counts as Glue does, whose grammar takes a and b and c as (a and b) and c.
func depth(rule Rule, level int) int {
	deepest := level
	for i, operand := range rule.Rules {
		deepest = max(deepest, depth(operand, level+len(rule.Rules)-max(i, 1)))
	}
	return deepest
}

// textFrom returns what was read since a token, on one line and without comments.
func (p *parser) textFrom(first int) string {
	var out strings.Builder
	for i, t := range p.tokens[first:p.at] {
		if i > 0 && t.start > p.tokens[first+i-1].end {
			out.WriteByte(' ')
		}
		out.WriteString(p.source[t.start:t.end])
	}
	return out.String()
}

// parameter is an argument of a rule, with the token it was read from.
type parameter struct {
	token
	connector string // "of" or "and" before it
}

// simpleRule reads `Type parameters condition where "…" with threshold …`.
func (p *parser) simpleRule() (Rule, error) {
	first := p.at
	name := p.peek()
	if name.kind != word {
		return Rule{}, p.unexpected("a rule")
	}
	p.next()
	rule := Rule{Type: name.text}
	parameters, err := p.parameters()
	if err != nil {
		return Rule{}, err
	}
	before := len(p.problems)
	conditionAt := p.peek()
	if rule.Condition, err = p.condition(); err != nil {
		return Rule{}, err
	}
	whereAt := p.peek()
	if p.accept("where") {
		clause := p.peek()
		if clause.kind != text {
			return Rule{}, p.unexpected("a condition in SQL, in quotes")
		}
		p.next()
		rule.Where = clause.text
		if p.plain(clause); strings.TrimSpace(clause.text) == "" {
			p.report(clause, "where is empty")
		}
	}
	thresholdAt := p.peek()
	for p.is("with") {
		if err := p.tag(&rule); err != nil {
			return Rule{}, err
		}
	}
	rule.Text = p.textFrom(first)
	if len(p.problems) == before { // else the rule is not complete, and more would be said about it than is true
		p.check(&rule, name, parameters, conditionAt, whereAt, thresholdAt)
	}
	return rule, nil
}

func (p *parser) parameters() ([]parameter, error) {
	var found []parameter
	for {
		var connector string
		if p.is("of", "OF", "and", "AND") {
			connector = strings.ToLower(p.next().text)
		}
		current := p.peek()
		isKeyword := current.kind == word && slices.Contains(reserved, current.text)
		if current.kind != text && (current.kind != word || isKeyword) {
			if connector != "" {
				return nil, p.unexpected("a parameter; rules are combined like this: (rule) and (rule)")
			}
			return found, nil
		}
		found = append(found, parameter{p.next(), connector})
	}
}

// reserved are the words that end the parameters of a rule.
var reserved = []string{"and", "AND", "or", "OR", "between", "in", "not", "matches", "where", "with", "NULL", "null",
	"EMPTY", "empty", "WHITESPACES_ONLY", "whitespaces_only"}

// tag reads `with threshold <condition>`.
func (p *parser) tag(rule *Rule) error {
	with := p.next()
	name := p.peek()
	if name.kind != word && name.kind != text {
		return p.unexpected("threshold")
	}
	p.next()
	at := p.peek()
	condition, err := p.condition()
	switch {
	case err != nil:
		return err
	case condition == nil:
		return p.unexpected("a condition, for example > 0.9")
	case name.text != "threshold":
		p.report(name, "the quality gate does not know %q: with is for threshold only", name.text)
	case condition.Kind != "number" || hasKeyword(condition):
		p.report(at, "a threshold is a condition on a number, for example > 0.9")
	case rule.Threshold != nil:
		p.report(with, "a rule has one threshold only")
	default:
		rule.Threshold = condition
	}
	return nil
}

// plain reports escapes where Glue does not remove them: it would look for a value or column with a backslash.
func (p *parser) plain(t token) {
	if strings.Contains(t.text, `\`) {
		p.report(t, "Glue takes a backslash literally here; only strings of in [...] and patterns of matches may have one")
	}
}
