package dataset

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tarn-data/tarn/pkg/domain"
)

const project = "../../mpp"

// schemaOf gives the schema for the files of a folder, and what it is for.
var schemaOf = map[string]struct {
	file string
	kind reflect.Type
}{
	"datasets":  {"dataset", reflect.TypeFor[Dataset]()},
	"analytics": {"analytics", reflect.TypeFor[Table]()},
	"pipelines": {"pipeline", reflect.TypeFor[Pipeline]()},
	"templates": {"template", reflect.TypeFor[Template]()},
}

func schemaFile(folder string) string {
	return filepath.Join(project, "schemas", schemaOf[folder].file+".schema.json")
}

func compiled(t *testing.T, folder string) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	schema, err := compiler.Compile(schemaFile(folder))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON gives a YAML text as an editor's schema validation sees it.
func asJSON(text string) (any, error) {
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
}

func TestShippedFilesFollowTheirSchema(t *testing.T) {
	t.Parallel()
	for folder := range schemaOf {
		schema := compiled(t, folder)
		files, err := filepath.Glob(filepath.Join(project, folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, error %v", folder, len(files), err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(raw), "\n")
			if want := "# yaml-language-server: $schema=../schemas/" + schemaOf[folder].file + ".schema.json"; first != want {
				t.Errorf("%s begins with %q, want %q: editors complete by it", file, first, want)
			}
			document, err := asJSON(string(raw))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func TestGoodFilesFollowTheirSchema(t *testing.T) {
	t.Parallel()
	for file, text := range goodLake {
		folder := filepath.Dir(file)
		if filepath.Ext(file) != ".yaml" {
			continue
		}
		document, err := asJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled(t, folder).Validate(document); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// An editor shows what loading would refuse, as far as one file alone can tell.
func TestSchemasRefuseWhatLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range refused {
		if test.byLoadOnly {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := asJSON(strings.Replace(goodLake[test.file], test.old, test.replacement, 1))
			if err != nil {
				return // no YAML
			}
			if compiled(t, filepath.Dir(test.file)).Validate(document) == nil {
				t.Errorf("the schema takes %q, which Load refuses", test.replacement)
			}
		})
	}
}

// node is a schema as this test looks at it.
type node struct {
	Type                 string          `json:"type"`
	Description          string          `json:"description"`
	Properties           map[string]node `json:"properties"`
	AdditionalProperties any             `json:"additionalProperties"`
	Items                *node           `json:"items"`
	Default              any             `json:"default"`
	Enum                 []string        `json:"enum"`
}

func readSchema(t *testing.T, folder string) node {
	t.Helper()
	raw, err := os.ReadFile(schemaFile(folder))
	if err != nil {
		t.Fatal(err)
	}
	var schema node
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSchemasAndStructsHaveTheSameFields(t *testing.T) {
	t.Parallel()
	for folder, of := range schemaOf {
		compare(t, folder, of.kind, readSchema(t, folder))
	}
}

func compare(t *testing.T, at string, kind reflect.Type, schema node) {
	t.Helper()
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	wantType := map[reflect.Kind]string{
		reflect.String: "string", reflect.Int: "integer", reflect.Float64: "number", reflect.Bool: "boolean",
		reflect.Slice: "array", reflect.Struct: "object", reflect.Map: "object",
	}[kind.Kind()]
	if schema.Type != wantType {
		t.Errorf("%s: type %q, want %q", at, schema.Type, wantType)
	}
	switch kind.Kind() {
	case reflect.Slice:
		if schema.Items == nil {
			t.Fatalf("%s: no items", at)
		}
		compare(t, at+"[]", kind.Elem(), *schema.Items)
	case reflect.Struct:
		if schema.AdditionalProperties != false {
			t.Errorf("%s takes unknown fields, which strict decoding refuses", at)
		}
		var names []string
		for field := range kind.Fields() {
			name := field.Tag.Get("yaml")
			if name == "-" {
				continue
			}
			names = append(names, name)
			property, found := schema.Properties[name]
			if !found {
				t.Errorf("%s.%s is not in the schema", at, name)
				continue
			}
			if property.Description == "" {
				t.Errorf("%s.%s has no description", at, name)
			}
			compare(t, at+"."+name, field.Type, property)
		}
		for name := range schema.Properties {
			if !slices.Contains(names, name) {
				t.Errorf("%s.%s is in the schema, but no field", at, name)
			}
		}
	default: // a single value
	}
}

func TestSchemasSayTheDefaults(t *testing.T) {
	t.Parallel()
	d := Dataset{Name: "x"}
	p := Pipeline{Name: "x", Arrival: &Arrival{}, Datasets: []Dataset{d}}.withDefaults()
	for folder, value := range map[string]any{"pipelines": p, "datasets": p.Datasets[0]} {
		if seen := compareDefaults(t, folder, reflect.ValueOf(value), readSchema(t, folder)); seen < 3 {
			t.Errorf("%s: only %d defaults were compared", folder, seen)
		}
	}
}

// compareDefaults compares what withDefaults has filled in with what the schema promises.
func compareDefaults(t *testing.T, at string, value reflect.Value, schema node) int {
	t.Helper()
	seen := 0
	for field, v := range value.Fields() {
		name := field.Tag.Get("yaml")
		property, found := schema.Properties[name]
		if !found {
			continue
		}
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		switch {
		case v.Kind() == reflect.Struct:
			seen += compareDefaults(t, at+"."+name, v, property)
		case v.IsValid() && !v.IsZero() && name != "name" && name != "domain":
			seen++
			if fmt.Sprint(v.Interface()) != fmt.Sprint(property.Default) {
				t.Errorf("%s.%s: default %v, the schema says %v", at, name, v.Interface(), property.Default)
			}
		}
	}
	return seen
}

func TestSchemasAllowWhatTheCodeAllows(t *testing.T) {
	t.Parallel()
	data, pipeline, template := readSchema(t, "datasets"), readSchema(t, "pipelines"), readSchema(t, "templates")
	var classifications []string
	for _, c := range domain.Classifications {
		classifications = append(classifications, string(c))
	}
	for name, test := range map[string]struct{ got, want []string }{
		"format":          {data.Properties["source"].Properties["format"].Enum, formats},
		"read":            {data.Properties["source"].Properties["read"].Enum, []string{ReadAll, ReadNew}},
		"classification":  {data.Properties["classification"].Enum, classifications},
		"by":              {pipeline.Properties["maintenance"].Properties["by"].Enum, []string{ByJob, ByOptimizer, ByNobody}},
		"kind":            {pipeline.Properties["jobs"].Items.Properties["kind"].Enum, kinds},
		"glue_version":    {template.Properties["glue_version"].Enum, glueVersions},
		"worker_type":     {template.Properties["worker_type"].Enum, workerTypes},
		"execution_class": {template.Properties["execution_class"].Enum, executionClasses},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: the schema allows %v, the code %v", name, test.got, test.want)
		}
	}
	options := data.Properties["source"].Properties["options"]
	if len(options.Properties) != len(csvOptions) {
		t.Errorf("the schema has options %v, the code %v", options.Properties, csvOptions)
	}
	schema := compiled(t, "datasets")
	for _, kind := range append(slices.Clone(plainTypes), "decimal(38,38)", "decimal(1,0)") {
		document, err := asJSON(strings.Replace(goodLake["datasets/visits.yaml"], "type: string", `type: "`+kind+`"`, 1))
		if err != nil || schema.Validate(document) != nil {
			t.Errorf("the schema refuses the type %s, error %v", kind, err)
		}
	}
}
