// Package settings decodes a project's stack configuration strictly.
//
// Each Tarn project keeps its whole configuration in one object, `<project>:settings`, because
// Pulumi passes unknown keys to a program in silence: inside one object a typing error is an error.
package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// Key is the name of the configuration object below a project's namespace.
const Key = "settings"

// Validator is implemented by a settings struct that can check itself without any call to AWS.
type Validator interface {
	// Validate returns every problem found, joined, each naming its field.
	Validate() error
}

// Load reads `<project>:settings` of the running stack into target, whose present values are the
// defaults. It returns an error that names the key and the fix when the object is missing, has an
// unknown field or a value of the wrong type, or when target's own Validate refuses it.
func Load(ctx *pulumi.Context, project string, target Validator) error {
	key := project + ":" + Key
	var raw json.RawMessage
	if err := config.TryObject(ctx, key, &raw); err != nil {
		if errors.Is(err, config.ErrMissingVar) {
			return fmt.Errorf("%s is not set: add it to Pulumi.%s.yaml (see %s/Pulumi.yaml for every field)",
				key, ctx.Stack(), project)
		}
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := Decode(raw, target); err != nil {
		return fmt.Errorf("%s in Pulumi.%s.yaml: %w", key, ctx.Stack(), err)
	}
	return nil
}

// Decode reads one JSON object into target and validates it. Unlike encoding/json it refuses
// unknown fields and anything after the object.
func Decode(raw []byte, target Validator) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return explain(err, target)
	}
	if decoder.More() {
		return errors.New("more than one value")
	}
	return target.Validate()
}

// explain turns the two errors people meet into ones that say what to write instead.
func explain(err error, target any) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("field %q is a %s, want %s", wrongType.Field, wrongType.Value, plainType(wrongType.Type))
	}
	if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		return fmt.Errorf("unknown field %s; known fields: %s", name, strings.Join(fieldNames(target), ", "))
	}
	return err
}

func plainType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Bool:
		return "true or false"
	default: // the other kinds read well under their own name
		return t.Kind().String()
	}
}

// fieldNames lists the field paths of a settings struct, nested ones with a dot.
func fieldNames(target any) []string {
	var names []string
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			if t.Kind() == reflect.Map {
				prefix += "<name>."
			}
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		defer delete(seen, t)
		for i := range t.NumField() {
			field := t.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" && field.Anonymous {
				walk(field.Type, prefix)
				continue
			}
			if name == "" || name == "-" {
				continue
			}
			names = append(names, prefix+name)
			walk(field.Type, prefix+name+".")
		}
	}
	walk(reflect.TypeOf(target), "")
	slices.Sort(names)
	return names
}
