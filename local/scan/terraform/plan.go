package terraform

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tarn-data/tarn/pkg/state"
)

// Resource is a deployed resource and the project it belongs to.
type Resource struct {
	Project string
	state.Resource
}

// Plan is a Terraform plan in JSON, as far as scanners read it.
type Plan struct {
	FormatVersion    string        `json:"format_version"`
	TerraformVersion string        `json:"terraform_version"`
	PlannedValues    values        `json:"planned_values"`
	Configuration    configuration `json:"configuration"`

	labels map[string]string // by address
}

type values struct {
	RootModule struct {
		Resources []planned `json:"resources"`
	} `json:"root_module"`
}

type configuration struct {
	RootModule struct {
		Resources []configured `json:"resources"`
	} `json:"root_module"`
}

type planned struct {
	Address string         `json:"address"`
	Mode    string         `json:"mode"`
	Type    string         `json:"type"`
	Name    string         `json:"name"`
	Values  map[string]any `json:"values"`
}

type configured struct {
	Address     string                `json:"address"`
	Mode        string                `json:"mode"`
	Type        string                `json:"type"`
	Name        string                `json:"name"`
	Expressions map[string]expression `json:"expressions"`
}

type expression struct {
	References []string `json:"references"`
}

// Resources tells how many resources the plan has.
func (p *Plan) Resources() int { return len(p.PlannedValues.RootModule.Resources) }

// Label gives the resource behind an address as project/type/name, with Terraform's type and Pulumi's name.
func (p *Plan) Label(address string) (string, bool) {
	label, ok := p.labels[address]
	return label, ok
}

// node is a resource on its way into the plan.
type node struct {
	Resource
	kind    resourceType
	address string
	name    string
}

// Convert makes a plan of resources. It fails rather than leave one out: what is not scanned would look clean.
func Convert(mapping *Mapping, resources []Resource) (*Plan, error) {
	plan := &Plan{FormatVersion: "1.2", TerraformVersion: "1.5.7", labels: map[string]string{}}
	nodes, err := plan.nodes(mapping, resources)
	if err != nil {
		return nil, err
	}
	references := newReferences(nodes)
	var problems []error
	for _, n := range nodes {
		converted, err := n.kind.fields.convert(n.Inputs)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", n.URN, err))
			continue
		}
		expressions := references.take(n, converted)
		plan.PlannedValues.RootModule.Resources = append(plan.PlannedValues.RootModule.Resources,
			planned{Address: n.address, Mode: "managed", Type: n.kind.name, Name: n.name, Values: converted})
		plan.Configuration.RootModule.Resources = append(plan.Configuration.RootModule.Resources,
			configured{Address: n.address, Mode: "managed", Type: n.kind.name, Name: n.name, Expressions: expressions})
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if plan.Resources() != len(resources) {
		return nil, fmt.Errorf("%d resources became %d in Terraform's form", len(resources), plan.Resources())
	}
	return plan, nil
}

// nodes gives each resource its type and address. Names of two projects may be the same, those of one type never are.
func (p *Plan) nodes(mapping *Mapping, resources []Resource) ([]*node, error) {
	var nodes []*node
	var problems []error
	for _, resource := range resources {
		kind, ok := mapping.byToken[resource.Type]
		if !ok {
			problems = append(problems, fmt.Errorf("%s: no scanner knows the type %s", resource.URN, resource.Type))
			continue
		}
		logical := resource.URN[strings.LastIndex(resource.URN, "::")+2:]
		base := identifier(resource.Project + "_" + logical)
		n := &node{Resource: resource, kind: kind, name: base, address: kind.name + "." + base}
		for number := 2; p.labels[n.address] != ""; number++ {
			n.name = fmt.Sprintf("%s_%d", base, number)
			n.address = kind.name + "." + n.name
		}
		p.labels[n.address] = resource.Project + "/" + kind.name + "/" + logical
		nodes = append(nodes, n)
	}
	return nodes, errors.Join(problems...)
}

// identifier makes a name that cannot be taken for an expression.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

const (
	// signature is the property by which Pulumi marks a value that is not what it looks like.
	signature   = "4dabf18193072939515e22adb298388d"
	assetMark   = "c44067f5952c0a294b673a41bacd8c17"
	archiveMark = "0def7320c3a5731c473e5ecbe6d01bc7"
)

// convert gives a block Terraform's names and shapes.
func (b block) convert(inputs map[string]any) (map[string]any, error) {
	converted := map[string]any{}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		if strings.HasPrefix(name, "__") { // Pulumi's own notes, as which values are defaults
			continue
		}
		found, ok := b[name]
		if !ok {
			problems = append(problems, fmt.Errorf("property %s is not in the provider's mapping to Terraform", name))
			continue
		}
		value, err := found.convert(inputs[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("property %s: %w", name, err))
			continue
		}
		converted[found.name] = value
	}
	return converted, errors.Join(problems...)
}

func (f field) convert(value any) (any, error) {
	if value == nil {
		return nil, nil //nolint:nilnil // Terraform writes null for what is unset
	}
	if marked, ok := value.(map[string]any); ok && marked[signature] != nil {
		if marked[signature] != assetMark && marked[signature] != archiveMark {
			return nil, errors.New("a secret cannot be judged")
		}
		// A file that was uploaded. Where it came from is nothing to judge, and a text has no path.
		value, _ = marked["path"].(string)
	}
	switch f.kind {
	case list, set:
		items, many := value.([]any)
		if !many {
			items = []any{value}
		}
		converted := make([]any, 0, len(items))
		for _, item := range items {
			element, err := f.item(item)
			if err != nil {
				return nil, err
			}
			converted = append(converted, element)
		}
		return converted, nil
	case object:
		return f.object(value)
	default:
		return f.plain(value)
	}
}

func (f field) item(value any) (any, error) {
	if f.element != nil {
		return f.element.convert(value)
	}
	inner, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is not a block", value)
	}
	return f.block.convert(inner)
}

func (f field) object(value any) (any, error) {
	entries, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is not a map", value)
	}
	if f.block != nil {
		return f.block.convert(entries)
	}
	converted := map[string]any{}
	for key, entry := range entries {
		if key == "__defaults" {
			continue
		}
		if f.element == nil {
			converted[key] = entry
			continue
		}
		var err error
		if converted[key], err = f.element.convert(entry); err != nil {
			return nil, err
		}
	}
	return converted, nil
}

// plain gives a single value the type Terraform has for it: Pulumi has numbers where Terraform has digits, and a state
// file has words where a program had truth values.
func (f field) plain(value any) (any, error) {
	switch v := value.(type) {
	case string:
		switch f.kind {
		case boolean:
			return strconv.ParseBool(v)
		case integer, float:
			return strconv.ParseFloat(v, 64)
		default:
			return v, nil
		}
	case bool:
		if f.kind == text {
			return strconv.FormatBool(v), nil
		}
		return v, nil
	case float64:
		if f.kind == text {
			return strconv.FormatFloat(v, 'f', -1, 64), nil
		}
		return v, nil
	default:
		return nil, fmt.Errorf("%v is not a single value", value)
	}
}
