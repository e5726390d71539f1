// Package terraform writes what Pulumi has deployed in the form of a Terraform plan, which is what the published
// scanners read. Nothing in it is specific to a resource type: Pulumi's AWS provider is a bridge over Terraform's, and
// says itself what it calls Terraform's types and properties.
package terraform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Mapping is what the provider answers to `pulumi package get-mapping terraform`.
type Mapping struct {
	byToken map[string]resourceType
}

// resourceType is a resource type as Terraform knows it.
type resourceType struct {
	name   string
	fields block
}

// block is a group of properties, by the name Pulumi gives each.
type block map[string]field

// field is a property as Terraform has it.
type field struct {
	name    string
	kind    kind
	element *field // of a list, set or map of plain values
	block   block  // of a list, set or map of blocks
}

// kind is a type in Terraform's schema, numbered as the bridge does.
type kind int

const (
	boolean kind = iota + 1
	integer
	float
	text
	list
	object
	set
)

// schema is the bridge's description of a property, as far as it is needed.
type schema struct {
	Type     kind `json:"type"`
	MaxItems int  `json:"maxItems"`
	Element  *struct {
		Schema   *schema           `json:"schema"`
		Resource map[string]schema `json:"resource"`
	} `json:"element"`
}

// difference is what the provider says of a property that the bridge would not make of the schema by itself.
type difference struct {
	Name        string                `json:"name"`
	MaxItemsOne *bool                 `json:"maxItemsOne"`
	Element     *difference           `json:"element"`
	Fields      map[string]difference `json:"fields"`
}

// ParseMapping reads the provider's answer.
func ParseMapping(content []byte) (*Mapping, error) {
	var answer struct {
		Provider struct {
			Resources map[string]map[string]schema `json:"resources"`
		} `json:"provider"`
		Resources map[string]struct {
			Token  string                `json:"tok"`
			Fields map[string]difference `json:"fields"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, fmt.Errorf("the provider's mapping to Terraform: %w", err)
	}
	mapping := &Mapping{byToken: map[string]resourceType{}}
	for name, info := range answer.Resources {
		properties, known := answer.Provider.Resources[name]
		if !known {
			continue
		}
		fields, err := newBlock(properties, info.Fields)
		if err != nil {
			return nil, fmt.Errorf("the provider's mapping to Terraform: %s: %w", name, err)
		}
		mapping.byToken[info.Token] = resourceType{name: name, fields: fields}
	}
	if len(mapping.byToken) == 0 {
		return nil, fmt.Errorf("the provider's mapping to Terraform names no resource type")
	}
	return mapping, nil
}

// Tokens lists the types that can be converted.
func (m *Mapping) Tokens() []string {
	var tokens []string
	for token := range m.byToken {
		tokens = append(tokens, token)
	}
	slices.Sort(tokens)
	return tokens
}

// Property gives Terraform's name of a type's property, or false if the type has none of that name.
func (m *Mapping) Property(token, property string) (string, bool) {
	found, ok := m.byToken[token].fields[property]
	return found.name, ok
}

func newBlock(properties map[string]schema, differences map[string]difference) (block, error) {
	made := block{}
	for name, described := range properties {
		different := differences[name]
		property, err := newField(name, described, different)
		if err != nil {
			return nil, err
		}
		for _, called := range pulumiNames(name, described, different) {
			if other, taken := made[called]; taken && other.name != name {
				return nil, fmt.Errorf("%s and %s are both called %s", other.name, name, called)
			}
			made[called] = property
		}
	}
	return made, nil
}

func newField(name string, described schema, different difference) (field, error) {
	made := field{name: name, kind: described.Type}
	if described.Type < boolean || described.Type > set {
		return field{}, fmt.Errorf("%s has the type %d, which is new", name, described.Type)
	}
	if described.Element == nil {
		return made, nil
	}
	nested := different.Fields
	var inner difference
	if different.Element != nil {
		inner = *different.Element
		nested = inner.Fields
	}
	switch {
	case described.Element.Resource != nil:
		fields, err := newBlock(described.Element.Resource, nested)
		if err != nil {
			return field{}, fmt.Errorf("%s: %w", name, err)
		}
		made.block = fields
	case described.Element.Schema != nil:
		element, err := newField("element", *described.Element.Schema, inner)
		if err != nil {
			return field{}, fmt.Errorf("%s: %w", name, err)
		}
		made.element = &element
	case described.Type != object:
		made.block = block{} // a block without properties
	}
	return made, nil
}

// pulumiNames gives the names that a property can have in Pulumi. The bridge puts the name of what can occur several
// times in the plural, with a dictionary; here each way to form it is taken, and newBlock sees to it that no two
// properties end up with the same one.
func pulumiNames(name string, described schema, different difference) []string {
	if different.Name != "" {
		return []string{different.Name}
	}
	single := described.MaxItems == 1
	if different.MaxItemsOne != nil {
		single = *different.MaxItemsOne
	}
	names := []string{camelCase(name)}
	if (described.Type == list || described.Type == set) && !single {
		names = append(names, camelCase(name+"s"), camelCase(name+"es"))
		if stem, ok := strings.CutSuffix(name, "y"); ok {
			names = append(names, camelCase(stem+"ies"))
		}
		if stem, ok := strings.CutSuffix(name, "ex"); ok {
			names = append(names, camelCase(stem+"ices"))
		}
	}
	return names
}

func camelCase(name string) string {
	var made strings.Builder
	upper := false
	for _, letter := range name {
		switch {
		case letter == '_':
			upper = made.Len() > 0
			continue
		case upper:
			letter = unicode.ToUpper(letter)
		}
		made.WriteRune(letter)
		upper = false
	}
	return made.String()
}
