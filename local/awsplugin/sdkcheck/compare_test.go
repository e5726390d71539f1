package sdkcheck

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// agreeing is a schema that fits the SDK in testdata.
const agreeing = `{
  "provider": {"inputProperties": {"region": {"type": "string"}}},
  "resources": {"aws:box/crate:Crate": {
    "inputProperties": {
      "name":   {"type": "string"},
      "size":   {"type": "integer"},
      "side":   {"$ref": "#/types/aws:box/Side:Side"},
      "sides":  {"type": "array", "items": {"$ref": "#/types/aws:box/Side:Side"}},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}},
      "lid":    {"$ref": "#/types/aws:box/Lid:Lid"},
      "source": {"$ref": "pulumi.json#/Asset"},
      "owner":  {"type": "string"}
    },
    "requiredInputs": ["size"],
    "properties": {"arn": {"type": "string"}}
  }},
  "functions": {
    "pulumi:providers:aws/terraformConfig": {},
    "aws:box/getCrate:getCrate": {
      "inputs":  {"properties": {"name": {"type": "string"}}, "required": ["name"]},
      "outputs": {"properties": {"arn": {"type": "string"}}}
    }
  },
  "types": {
    "aws:box/Side:Side": {"properties": {
      "width": {"type": "number"},
      "back":  {"$ref": "#/types/aws:box/Side:Side"},
      "holes": {"type": "array", "items": {"$ref": "#/types/aws:box/Side:Side"}}
    }},
    "aws:box/Lid:Lid": {"properties": {"open": {"type": "boolean"}}}
  }
}`

func TestCompare(t *testing.T) {
	const crate = "aws:box/crate:Crate "
	tests := []struct {
		name     string
		old, new string // what is changed in the agreeing schema
		want     []string
	}{
		{name: "agreement"},
		{
			name: "resource the SDK has not",
			old:  `"aws:box/crate:Crate"`, new: `"aws:box/barrel:Barrel"`,
			want: []string{"aws:box/barrel:Barrel: the SDK has no such resource"},
		},
		{
			name: "function the SDK has not",
			old:  `getCrate:getCrate`, new: `getBarrel:getBarrel`,
			want: []string{"aws:box/getBarrel:getBarrel: the SDK has no such function"},
		},
		{
			name: "another name",
			old:  `"labels":`, new: `"label":`,
			want: []string{crate + "inputs.label: the SDK has no such property; the plugin has a map of string"},
		},
		{
			name: "list instead of object",
			old:  `"lid":    {"$ref": "#/types/aws:box/Lid:Lid"}`,
			new:  `"lid":    {"type": "array", "items": {"$ref": "#/types/aws:box/Lid:Lid"}}`,
			want: []string{crate + "inputs.lid: list of object in the plugin, object in the SDK"},
		},
		{
			name: "another primitive",
			old:  `"size":   {"type": "integer"}`, new: `"size":   {"type": "string"}`,
			want: []string{crate + "inputs.size: string in the plugin, integer in the SDK"},
		},
		{
			name: "a nested difference is reported once",
			old:  `"width": {"type": "number"}`, new: `"width": {"type": "integer"}`,
			want: []string{crate + "inputs.side.width: integer in the plugin, number in the SDK"},
		},
		{
			name: "type of another package",
			old:  `"open": {"type": "boolean"}`, new: `"open": {"type": "string"}`,
			want: []string{crate + "inputs.lid.open: string in the plugin, boolean in the SDK"},
		},
		{
			name: "required by the plugin only",
			old:  `"requiredInputs": ["size"]`, new: `"requiredInputs": ["size", "name"]`,
			want: []string{crate + "inputs.name: required by the plugin, optional in the SDK"},
		},
		{
			name: "output of a function",
			old:  `"outputs": {"properties": {"arn"`, new: `"outputs": {"properties": {"urn"`,
			want: []string{"aws:box/getCrate:getCrate outputs.urn: the SDK has no such property; the plugin has a string"},
		},
		{
			name: "provider configuration",
			old:  `"region"`, new: `"place"`,
			want: []string{"provider inputs.place: the SDK has no such property; the plugin has a string"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.old != "" && strings.Count(agreeing, test.old) != 1 {
				t.Fatalf("%q is not there exactly once", test.old)
			}
			var schema Schema
			if err := json.Unmarshal([]byte(strings.Replace(agreeing, test.old, test.new, 1)), &schema); err != nil {
				t.Fatal(err)
			}
			sdk, err := OpenSDK("testdata/sdk")
			if err != nil {
				t.Fatal(err)
			}
			found, err := Compare(schema, sdk)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, difference := range found {
				got = append(got, difference.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestUnaccepted(t *testing.T) {
	for where, reason := range accepted {
		if reason == "" {
			t.Errorf("%s is accepted for no reason", where)
		}
	}
	surprise := Difference{Token: "aws:box/crate:Crate", Path: "inputs.lid", Found: "gone"}
	unaccepted, outdated := Unaccepted([]Difference{surprise})
	if !slices.Equal(unaccepted, []Difference{surprise}) {
		t.Errorf("unaccepted: %v", unaccepted)
	}
	if len(outdated) != len(accepted) {
		t.Errorf("outdated: %v, want all %d accepted ones", outdated, len(accepted))
	}
}
