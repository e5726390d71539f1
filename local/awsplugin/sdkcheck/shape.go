// Package sdkcheck compares the schema of the plugin that was built with the Go SDK that Pulumi programs are compiled
// against. The two come from different places: the schema is worked out from the Terraform provider, the SDK was
// published by Pulumi. Where they differ, a property set by a program would be rejected or, worse, dropped.
package sdkcheck

import "fmt"

// Kind is the outermost layer of a property's type.
type Kind string

// The kinds both sides can express.
const (
	String  Kind = "string"
	Boolean Kind = "boolean"
	Integer Kind = "integer"
	Number  Kind = "number"
	List    Kind = "list"
	Map     Kind = "map"
	Object  Kind = "object"
	Asset   Kind = "asset"
	Any     Kind = "any" // a union, or a type that is open on purpose
)

// Shape is the type of a property.
type Shape struct {
	Kind Kind
	Elem *Shape // of a list or map
	// Type names the object's type. Objects are kept by name and looked up when needed: they may contain themselves.
	Type string
}

func (s Shape) String() string {
	switch {
	case s.Elem != nil:
		return fmt.Sprintf("%s of %s", s.Kind, s.Elem)
	default:
		return string(s.Kind)
	}
}

// Property is one field of an object.
type Property struct {
	Shape    Shape
	Required bool
}

// Properties are the fields of an object by their Pulumi name.
type Properties map[string]Property
