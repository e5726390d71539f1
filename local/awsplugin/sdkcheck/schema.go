package sdkcheck

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Schema is the part of a Pulumi package schema that is compared.
type Schema struct {
	Provider  resourceSchema            `json:"provider"`
	Resources map[string]resourceSchema `json:"resources"`
	Functions map[string]functionSchema `json:"functions"`
	Types     map[string]objectSchema   `json:"types"`
}

type resourceSchema struct {
	Inputs         map[string]typeSchema `json:"inputProperties"`
	RequiredInputs []string              `json:"requiredInputs"`
	Outputs        map[string]typeSchema `json:"properties"`
}

type functionSchema struct {
	Inputs  objectSchema `json:"inputs"`
	Outputs objectSchema `json:"outputs"`
}

type objectSchema struct {
	Properties map[string]typeSchema `json:"properties"`
	Required   []string              `json:"required"`
}

type typeSchema struct {
	Type                 string       `json:"type"`
	Ref                  string       `json:"$ref"`
	Items                *typeSchema  `json:"items"`
	AdditionalProperties *typeSchema  `json:"additionalProperties"`
	OneOf                []typeSchema `json:"oneOf"`
}

// ReadSchema reads a package schema.
func ReadSchema(file string) (Schema, error) {
	var schema Schema
	content, err := os.ReadFile(file)
	if err != nil {
		return schema, err
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		return schema, fmt.Errorf("%s: %w", file, err)
	}
	return schema, nil
}

// object gives the properties of a named type.
func (s Schema) object(token string) (Properties, error) {
	object, ok := s.Types[token]
	if !ok {
		return nil, fmt.Errorf("the schema has no type %s", token)
	}
	return object.shapes()
}

func (o objectSchema) shapes() (Properties, error) {
	return shapes(o.Properties, o.Required)
}

func shapes(types map[string]typeSchema, required []string) (Properties, error) {
	properties := Properties{}
	for name, t := range types {
		shape, err := t.shape()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		properties[name] = Property{Shape: shape}
	}
	for _, name := range required {
		property := properties[name]
		property.Required = true
		properties[name] = property
	}
	return properties, nil
}

func (t typeSchema) shape() (Shape, error) {
	switch {
	case len(t.OneOf) > 0:
		return Shape{Kind: Any}, nil
	case t.Ref != "":
		return t.referred()
	}
	switch t.Type {
	case "string", "boolean", "integer", "number":
		return Shape{Kind: Kind(t.Type)}, nil
	case "array":
		return containerShape(List, t.Items)
	case "object":
		return containerShape(Map, t.AdditionalProperties)
	default:
		return Shape{}, fmt.Errorf("type %q is not known here", t.Type)
	}
}

func (t typeSchema) referred() (Shape, error) {
	if token, ok := strings.CutPrefix(t.Ref, "#/types/"); ok {
		return Shape{Kind: Object, Type: token}, nil
	}
	switch t.Ref {
	case "pulumi.json#/Asset", "pulumi.json#/Archive":
		return Shape{Kind: Asset}, nil
	case "pulumi.json#/Any", "pulumi.json#/Json":
		return Shape{Kind: Any}, nil
	default:
		return Shape{}, fmt.Errorf("reference %q is not known here", t.Ref)
	}
}

func containerShape(kind Kind, element *typeSchema) (Shape, error) {
	if element == nil {
		// The schema's default for an element is text.
		return Shape{Kind: kind, Elem: &Shape{Kind: String}}, nil
	}
	shape, err := element.shape()
	if err != nil {
		return Shape{}, err
	}
	return Shape{Kind: kind, Elem: &shape}, nil
}
