// Package policy holds IAM policy documents as typed values and turns them into JSON.
package policy

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// version is the only current version of the policy language
// (IAM User Guide, "IAM JSON policy elements: Version").
const version = "2012-10-17"

// MaxManaged is the size limit in characters of a managed policy, white space not counted
// (IAM User Guide, "IAM and AWS STS quotas").
const MaxManaged = 6144

// Effect says whether a statement allows or denies.
type Effect string

// The two effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is a policy: identity policy, bucket policy, key policy or trust policy.
type Document struct {
	Statements []Statement
}

// Statement is one rule. A Sid is required: it is what a denied person is shown.
type Statement struct {
	Sid          string     `json:"Sid"`
	Effect       Effect     `json:"Effect"`
	Principal    *Principal `json:"Principal,omitempty"`
	Actions      []string   `json:"Action,omitempty"`
	NotActions   []string   `json:"NotAction,omitempty"` // every action but these; only sensible in a Deny
	Resources    []string   `json:"Resource,omitempty"`
	NotResources []string   `json:"NotResource,omitempty"` // every resource but these; only sensible in a Deny
	Conditions   Conditions `json:"Condition,omitempty"`
}

// Conditions maps operator, then condition key, to the values.
type Conditions map[string]map[string][]string

// MarshalJSON writes a single value as itself. For AWS a list of one is the same; scanners look for the form that
// AWS's documents show.
func (c Conditions) MarshalJSON() ([]byte, error) {
	plain := map[string]map[string]any{}
	for operator, keys := range c {
		plain[operator] = map[string]any{}
		for key, values := range keys {
			plain[operator][key] = values
			if len(values) == 1 {
				plain[operator][key] = values[0]
			}
		}
	}
	return json.Marshal(plain)
}

// Principal says whom a resource policy speaks of.
type Principal struct {
	Everyone  bool     // "*"; only sensible with a condition or in a Deny
	AWS       []string // ARNs
	Services  []string // for example "glue.amazonaws.com"
	Federated []string // ARNs of identity providers
}

// MarshalJSON writes the form AWS expects.
func (p Principal) MarshalJSON() ([]byte, error) {
	if p.Everyone {
		return json.Marshal("*")
	}
	return json.Marshal(struct {
		AWS       []string `json:"AWS,omitempty"`
		Services  []string `json:"Service,omitempty"`
		Federated []string `json:"Federated,omitempty"`
	}{p.AWS, p.Services, p.Federated})
}

// JSON renders the document after checking it: every statement has a Sid of its own and an action,
// and no allowed action is a wildcard.
func (d Document) JSON() (string, error) {
	if err := d.validate(); err != nil {
		return "", err
	}
	out, err := json.Marshal(struct {
		Version   string      `json:"Version"`
		Statement []Statement `json:"Statement"`
	}{version, d.Statements})
	if err != nil {
		return "", fmt.Errorf("rendering policy: %w", err)
	}
	return string(out), nil
}

// CheckManaged reports why IAM would refuse the document as a managed policy, if it would.
func (d Document) CheckManaged() error {
	text, err := d.JSON()
	if err != nil {
		return err
	}
	if len(text) > MaxManaged { // rendered without white space
		return fmt.Errorf("the policy has %d characters, IAM allows %d: shorten the organization or the stack name", len(text), MaxManaged)
	}
	return nil
}

func (d Document) validate() error {
	if len(d.Statements) == 0 {
		return errors.New("policy has no statement")
	}
	seen := map[string]bool{}
	for _, s := range d.Statements {
		if s.Sid == "" || seen[s.Sid] {
			return fmt.Errorf("policy statement %q: the Sid is empty or used twice", s.Sid)
		}
		seen[s.Sid] = true
		if len(s.Actions) == 0 && len(s.NotActions) == 0 {
			return fmt.Errorf("policy statement %s has no action", s.Sid)
		}
		if s.Effect == Allow && len(s.NotActions)+len(s.NotResources) > 0 {
			return fmt.Errorf("policy statement %s allows all but a list: name what it allows", s.Sid)
		}
		for _, action := range s.Actions {
			if s.Effect == Allow && isWildcard(action) {
				return fmt.Errorf("policy statement %s allows %q: name the actions", s.Sid, action)
			}
		}
	}
	return nil
}

// isWildcard reports "*" and "service:*".
func isWildcard(action string) bool {
	return action == "*" || (len(action) > 2 && action[len(action)-2:] == ":*")
}

// Render builds a document from values that other resources will have, and gives its JSON.
// Outputs stay outside the document type: build is a pure function and can be tested as one.
func Render(values pulumi.StringMap, build func(values map[string]string) Document) pulumi.StringOutput {
	return values.ToStringMapOutput().ApplyT(func(resolved map[string]string) (string, error) {
		return build(resolved).JSON()
	}).(pulumi.StringOutput)
}
