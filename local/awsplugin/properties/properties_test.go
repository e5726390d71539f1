package properties

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestJoinTags(t *testing.T) {
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	tests := []struct {
		name          string
		tags          any
		configuration map[string]any
		want          any // nil for not known yet
	}{
		{name: "nothing", want: map[string]any{}},
		{name: "own tags", tags: map[string]any{"a": "1"}, want: map[string]any{"a": "1"}},
		{
			name:          "own tags win over default tags",
			tags:          map[string]any{"a": "own"},
			configuration: map[string]any{"defaultTags": map[string]any{"tags": map[string]any{"a": "default", "b": "2"}}},
			want:          map[string]any{"a": "own", "b": "2"},
		},
		{
			name: "ignored tags",
			tags: map[string]any{"a": "1", "b": "2", "aws:x": "3"},
			configuration: map[string]any{"ignoreTags": map[string]any{
				"keys": []any{"b"}, "keyPrefixes": []any{"aws:"},
			}},
			want: map[string]any{"a": "1"},
		},
		{name: "a tag that is not known yet", tags: map[string]any{"a": unknown}},
		{
			name:          "default tags that are not known yet",
			configuration: map[string]any{"defaultTags": map[string]any{"tags": map[string]any{"a": unknown}}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inputs := resource.NewPropertyMapFromMap(map[string]any{"name": "n"})
			if test.tags != nil {
				inputs["tags"] = resource.NewPropertyValue(test.tags)
			}
			configuration := resource.NewPropertyMapFromMap(test.configuration)
			joined, err := JoinTags(t.Context(), inputs, configuration)
			if err != nil {
				t.Fatal(err)
			}
			all := joined["tagsAll"]
			if test.want == nil {
				if !all.IsComputed() {
					t.Errorf("tagsAll is %v, want it not to be known", all)
				}
				return
			}
			if got := all.Mappable(); !reflect.DeepEqual(got, test.want) {
				t.Errorf("tagsAll is %v, want %v", got, test.want)
			}
			if _, changed := inputs["tagsAll"]; changed {
				t.Error("the given inputs were changed")
			}
		})
	}
}

func TestWithoutEmpty(t *testing.T) {
	outputs := map[string]any{
		"count": "",
		"name":  "",
		"rules": []any{
			map[string]any{"count": "", "days": 3.0},
			map[string]any{"count": 2.0},
			map[string]any{"filter": map[string]any{"count": "", "prefix": ""}},
		},
		"none": []any{},
	}
	want := map[string]any{
		"name": "",
		"rules": []any{
			map[string]any{"days": 3.0},
			map[string]any{"count": 2.0},
			map[string]any{"filter": map[string]any{"prefix": ""}},
		},
		"none": []any{},
	}
	transform := WithoutEmpty(map[resource.PropertyKey]bool{"count": true})
	got, err := transform(t.Context(), resource.NewPropertyMapFromMap(outputs))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Mappable(), want) {
		t.Errorf("got %v, want %v", got.Mappable(), want)
	}
}
