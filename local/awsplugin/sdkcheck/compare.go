package sdkcheck

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one point where the plugin and the SDK disagree.
type Difference struct {
	Token string
	Path  string // e.g. "inputs.rules.filter"
	Found string
}

// Where names the place of the difference, as the list of accepted differences does.
func (d Difference) Where() string {
	if d.Path == "" {
		return d.Token
	}
	return d.Token + " " + d.Path
}

func (d Difference) String() string {
	return d.Where() + ": " + d.Found
}

// Compare returns every difference between the schema and the SDK, in a fixed order. Only what the plugin has is
// looked at: the SDK knows more services, and properties of newer versions of the Terraform provider.
func Compare(schema Schema, sdk *SDK) ([]Difference, error) {
	c := &comparison{schema: schema, sdk: sdk}
	if err := c.provider(); err != nil {
		return nil, err
	}
	for pulumiToken, resource := range schema.Resources {
		if err := c.resource(pulumiToken, resource); err != nil {
			return nil, fmt.Errorf("%s: %w", pulumiToken, err)
		}
	}
	for pulumiToken, function := range schema.Functions {
		if strings.HasPrefix(pulumiToken, "pulumi:") {
			continue // the bridge's own, a method of the provider
		}
		if err := c.function(pulumiToken, function); err != nil {
			return nil, fmt.Errorf("%s: %w", pulumiToken, err)
		}
	}
	slices.SortFunc(c.found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Token, b.Token), cmp.Compare(a.Path, b.Path))
	})
	return c.found, nil
}

type comparison struct {
	schema Schema
	sdk    *SDK
	found  []Difference
	token  string
	// seen holds the pairs of object types met under the current token, which may contain themselves.
	seen map[[2]string]bool
}

func (c *comparison) start(pulumiToken string) {
	c.token = pulumiToken
	c.seen = map[[2]string]bool{}
}

func (c *comparison) report(path, format string, arguments ...any) {
	c.found = append(c.found, Difference{Token: c.token, Path: path, Found: fmt.Sprintf(format, arguments...)})
}

func (c *comparison) provider() error {
	c.start("provider")
	plugin, err := shapes(c.schema.Provider.Inputs, c.schema.Provider.RequiredInputs)
	if err != nil {
		return err
	}
	sdk, err := c.sdk.provider()
	if err != nil {
		return err
	}
	return c.properties("inputs", plugin, sdk, true)
}

func (c *comparison) resource(pulumiToken string, resource resourceSchema) error {
	c.start(pulumiToken)
	sdk, ok, err := c.sdk.resource(pulumiToken)
	if err != nil {
		return err
	}
	if !ok {
		c.report("", "the SDK has no such resource")
		return nil
	}
	inputs, err := shapes(resource.Inputs, resource.RequiredInputs)
	if err != nil {
		return err
	}
	outputs, err := shapes(resource.Outputs, nil)
	if err != nil {
		return err
	}
	return c.both(inputs, outputs, sdk)
}

func (c *comparison) function(pulumiToken string, function functionSchema) error {
	c.start(pulumiToken)
	sdk, ok, err := c.sdk.function(pulumiToken)
	if err != nil {
		return err
	}
	if !ok {
		c.report("", "the SDK has no such function")
		return nil
	}
	inputs, err := function.Inputs.shapes()
	if err != nil {
		return err
	}
	outputs, err := function.Outputs.shapes()
	if err != nil {
		return err
	}
	return c.both(inputs, outputs, sdk)
}

func (c *comparison) both(inputs, outputs Properties, sdk members) error {
	if err := c.properties("inputs", inputs, sdk.inputs, true); err != nil {
		return err
	}
	return c.properties("outputs", outputs, sdk.outputs, false)
}

// properties compares the fields of two objects. A program may leave out what the SDK lets it leave out, so that for
// inputs a property the plugin requires must be required by the SDK too.
func (c *comparison) properties(path string, plugin, sdk Properties, input bool) error {
	for _, name := range slices.Sorted(maps.Keys(plugin)) {
		here := path + "." + name
		known, ok := sdk[name]
		if !ok {
			c.report(here, "the SDK has no such property; the plugin has a %s", plugin[name].Shape)
			continue
		}
		if input && plugin[name].Required && !known.Required && scalar(known.Shape) {
			c.report(here, "required by the plugin, optional in the SDK")
		}
		if err := c.shapes(here, plugin[name].Shape, known.Shape, input); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) shapes(path string, plugin, sdk Shape, input bool) error {
	switch {
	case sdk.Kind == Any && scalar(plugin):
		return nil // the SDK takes a union there, and the plugin's type is one part of it
	case plugin.Kind != sdk.Kind:
		c.report(path, "%s in the plugin, %s in the SDK", plugin, sdk)
		return nil
	case plugin.Elem != nil && sdk.Elem != nil:
		return c.shapes(path, *plugin.Elem, *sdk.Elem, input)
	case plugin.Kind != Object:
		return nil
	}
	pair := [2]string{plugin.Type, sdk.Type}
	if c.seen[pair] {
		return nil
	}
	c.seen[pair] = true
	pluginProperties, err := c.schema.object(plugin.Type)
	if err != nil {
		return err
	}
	sdkProperties, err := c.sdk.object(sdk.Type)
	if err != nil {
		return err
	}
	return c.properties(path, pluginProperties, sdkProperties, input)
}

// scalar says whether Go's type of the property shows if it is required: lists and maps can be nil either way.
func scalar(s Shape) bool {
	switch s.Kind {
	case String, Boolean, Integer, Number:
		return true
	default:
		return false
	}
}
