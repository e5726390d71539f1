package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Parse reads a policy document as IAM accepts it: one value may stand for a list, conditions may hold
// numbers and booleans. It refuses what Decide could not judge: elements it does not know,
// NotPrincipal, condition operators without an implementation, and another version than 2012-10-17.
func Parse(text []byte) (Document, error) {
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement oneOrMore[parsedStatement]
	}
	if err := strict(text, &raw); err != nil {
		return Document{}, fmt.Errorf("policy document: %w", err)
	}
	if raw.Version != version {
		return Document{}, fmt.Errorf("policy version %q, want %s: an older one knows no policy variables", raw.Version, version)
	}
	if len(raw.Statement) == 0 {
		return Document{}, errors.New("policy has no statement")
	}
	document := Document{}
	for i, parsed := range raw.Statement {
		statement, err := parsed.statement()
		if err != nil {
			return Document{}, fmt.Errorf("policy statement %d (%s): %w", i, parsed.Sid, err)
		}
		document.Statements = append(document.Statements, statement)
	}
	return document, nil
}

type parsedStatement struct {
	Sid         string
	Effect      Effect
	Principal   *parsedPrincipal
	Action      oneOrMore[string]
	NotAction   oneOrMore[string]
	Resource    oneOrMore[string]
	NotResource oneOrMore[string]
	Condition   map[string]map[string]oneOrMore[scalar]
}

func (s parsedStatement) statement() (Statement, error) {
	if s.Effect != Allow && s.Effect != Deny {
		return Statement{}, fmt.Errorf("effect %q, want Allow or Deny", s.Effect)
	}
	if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
		return Statement{}, errors.New("want either Action or NotAction")
	}
	if len(s.Resource) > 0 && len(s.NotResource) > 0 {
		return Statement{}, errors.New("either Resource or NotResource, not both")
	}
	out := Statement{
		Sid: s.Sid, Effect: s.Effect, Actions: s.Action, NotActions: s.NotAction,
		Resources: s.Resource, NotResources: s.NotResource, Principal: (*Principal)(s.Principal),
	}
	for name, keys := range s.Condition {
		if _, err := operatorOf(name); err != nil {
			return Statement{}, err
		}
		for key, values := range keys {
			if len(values) == 0 {
				return Statement{}, fmt.Errorf("condition %s of %s has no value", name, key)
			}
			if out.Conditions == nil {
				out.Conditions = Conditions{}
			}
			if out.Conditions[name] == nil {
				out.Conditions[name] = map[string][]string{}
			}
			for _, value := range values {
				out.Conditions[name][key] = append(out.Conditions[name][key], string(value))
			}
		}
	}
	return out, nil
}

// parsedPrincipal is "*" or an object of lists.
type parsedPrincipal Principal

// UnmarshalJSON implements json.Unmarshaler.
func (p *parsedPrincipal) UnmarshalJSON(text []byte) error {
	var everyone string
	if json.Unmarshal(text, &everyone) == nil {
		if everyone != "*" {
			return fmt.Errorf("principal %q: want \"*\" or an object", everyone)
		}
		p.Everyone = true
		return nil
	}
	var kinds struct {
		AWS       oneOrMore[string]
		Service   oneOrMore[string]
		Federated oneOrMore[string]
	}
	if err := strict(text, &kinds); err != nil {
		return err
	}
	p.AWS, p.Services, p.Federated = kinds.AWS, kinds.Service, kinds.Federated
	// {"AWS": "*"} means everybody, too (IAM User Guide, "AWS JSON policy elements: Principal").
	p.Everyone = slices.Contains(kinds.AWS, "*")
	return nil
}

// oneOrMore is a value or a list of values.
type oneOrMore[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *oneOrMore[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		var many []T
		err := strict(text, &many)
		*l = many
		return err
	}
	var one T
	err := strict(text, &one)
	*l = []T{one}
	return err
}

// scalar is a condition value, which is always compared as text.
type scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(text []byte) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	switch value := value.(type) {
	case string:
		*s = scalar(value)
	case bool:
		*s = scalar(strconv.FormatBool(value))
	case float64:
		*s = scalar(strconv.FormatFloat(value, 'f', -1, 64))
	default:
		return fmt.Errorf("condition value %s: want a string, a number or a boolean", text)
	}
	return nil
}

// strict decodes one JSON value without unknown fields.
func strict(text []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one value")
	}
	return nil
}
