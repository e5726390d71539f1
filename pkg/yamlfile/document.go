package yamlfile

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Document is a YAML file that knows in which line each field is.
type Document struct {
	File string
	body ast.Node // nil for an empty file
}

// Parse reads a file's YAML. The YAML library (1.19.2) panics on some tags, such as `key: !x 1` for a list, as a fuzz
// test found; a file of the user's must end in an error.
func Parse(file string, raw []byte) (d *Document, err error) {
	defer recovered(file, &err)
	parsed, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, describe(file, err)
	}
	d = &Document{File: file}
	for _, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		if d.body != nil {
			return nil, Problem{File: file, Line: line(doc.Body), Text: "a second document; make it a file of its own"}
		}
		d.body = doc.Body
	}
	return d, nil
}

// Decode fills in the target and refuses what it has no field for, all such fields at once.
func (d *Document) Decode(target any) (err error) {
	defer recovered(d.File, &err)
	if problems := d.unknown(d.body, reflect.TypeOf(target), ""); len(problems) > 0 {
		return errors.Join(problems...)
	}
	if d.body == nil {
		return nil
	}
	if err := yaml.NodeToValue(d.body, target, yaml.Strict()); err != nil {
		return describe(d.File, err)
	}
	return nil
}

// Problem is a problem of a field, for example columns[2].type. Of a field that is not there it has the line of
// what it would be in.
func (d *Document) Problem(field, format string, args ...any) Problem {
	return Problem{File: d.File, Line: find(d.body, field, 0), Field: field, Text: fmt.Sprintf(format, args...)}
}

// find gives the line of a field, or otherwise of the innermost that there is. Keys may have dots in them.
func find(node ast.Node, field string, known int) int {
	if field == "" {
		return known
	}
	switch node := inner(node).(type) {
	case ast.MapNode:
		for items := node.MapRange(); items.Next(); {
			key := keyOf(items.KeyValue())
			rest, found := strings.CutPrefix(field, key)
			if found && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				return find(items.Value(), strings.TrimPrefix(rest, "."), line(items.KeyValue().Key))
			}
		}
	case *ast.SequenceNode:
		index, rest, _ := strings.Cut(strings.TrimPrefix(field, "["), "]")
		if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(node.Values) {
			return find(node.Values[i], strings.TrimPrefix(rest, "."), line(node.Values[i]))
		}
	}
	return known
}

// unknown gives the keys that a Go type has no field for.
func (d *Document) unknown(node ast.Node, kind reflect.Type, path string) []error {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	var problems []error
	switch node := inner(node).(type) {
	case ast.MapNode:
		if kind.Kind() != reflect.Struct {
			return nil
		}
		fields := fieldsOf(kind)
		for items := node.MapRange(); items.Next(); {
			key := keyOf(items.KeyValue())
			if kind, found := fields[key]; found {
				problems = append(problems, d.unknown(items.Value(), kind, path+key+".")...)
			} else if key != "<<" {
				problems = append(problems, Problem{
					File: d.File, Line: line(items.KeyValue().Key), Field: path + key, Text: "there is no such field; " + fix(key, fields),
				})
			}
		}
	case *ast.SequenceNode:
		if kind.Kind() != reflect.Slice {
			return nil
		}
		for i, value := range node.Values {
			item := fmt.Sprintf("%s[%d].", strings.TrimSuffix(path, "."), i)
			problems = append(problems, d.unknown(value, kind.Elem(), item)...)
		}
	}
	return problems
}

// fieldsOf gives the types of a struct's fields by the name they have in files.
func fieldsOf(kind reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range kind.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			maps.Copy(fields, fieldsOf(field.Type))
		case name != "" && name != "-":
			fields[name] = field.Type
		}
	}
	return fields
}

// fix says which field somebody may have meant.
func fix(wrong string, fields map[string]reflect.Type) string {
	names := slices.Sorted(maps.Keys(fields))
	for _, name := range names {
		if distance(wrong, name) <= 2 {
			return fmt.Sprintf("did you mean %s?", name)
		}
	}
	return "fields are " + strings.Join(names, ", ")
}

// distance is how many letters have to be put in, taken out or changed to make one word the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, changed)
		}
	}
	return row[len(b)]
}

// inner gives the node behind an anchor or a tag.
func inner(node ast.Node) ast.Node {
	for {
		switch outer := node.(type) {
		case *ast.AnchorNode:
			node = outer.Value
		case *ast.TagNode:
			node = outer.Value
		default:
			return node
		}
	}
}

func keyOf(pair *ast.MappingValueNode) string {
	if text, ok := inner(pair.Key).(*ast.StringNode); ok {
		return text.Value
	}
	return pair.Key.String()
}

func line(node ast.Node) int {
	if first, ok := inner(node).(*ast.MappingNode); ok && len(first.Values) > 0 && !first.IsFlowStyle {
		node = first.Values[0].Key
	}
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}

// describe puts an error of the YAML library into our form.
func describe(file string, err error) error {
	var positioned yaml.Error
	if !errors.As(err, &positioned) {
		return Problem{File: file, Text: err.Error()}
	}
	problem := Problem{File: file, Text: positioned.GetMessage()}
	if token := positioned.GetToken(); token != nil && token.Position != nil {
		problem.Line = token.Position.Line
	}
	var mismatch *yaml.TypeError
	var node *yaml.UnexpectedNodeTypeError
	want := ""
	switch {
	case errors.As(err, &mismatch):
		want = wanted(mismatch.DstType)
	case errors.As(err, &node) && node.Expected == ast.SequenceType:
		want = "a list"
	case errors.As(err, &node) && node.Expected == ast.MappingType:
		want = "fields with values"
	}
	if token := positioned.GetToken(); token != nil && want != "" {
		problem.Text = fmt.Sprintf("%q: want %s", token.Value, want)
	}
	return problem
}

// wanted names a type for people who do not know Go.
func wanted(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Pointer:
		return wanted(kind.Elem())
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "fields with values"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	default:
		return "a text"
	}
}

func recovered(file string, err *error) {
	if problem := recover(); problem != nil {
		*err = Problem{
			File: file, Text: fmt.Sprintf("cannot be read as YAML; if it has tags (!name), remove them (%v)", problem),
		}
	}
}
