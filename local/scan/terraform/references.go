package terraform

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// references finds the resource that a value is taken from. Scanners join resources, as a bucket and its versioning,
// by the references of a program, and a state file has only their values.
type references struct {
	byURN map[string]*node
	byARN map[string]*node // also what another project has made
	byID  map[string]*node // those that EC2 makes: of what a component of another language gives, only that is known
}

// madeByEC2 are IDs that no two resources share, such as vpc-0123456789abcdef0.
var madeByEC2 = regexp.MustCompile(`^[a-z]+-[0-9a-f]{8,17}$`)

func newReferences(nodes []*node) references {
	r := references{byURN: map[string]*node{}, byARN: map[string]*node{}, byID: map[string]*node{}}
	for _, n := range nodes {
		r.byURN[n.URN] = n
		if arn, ok := n.Outputs["arn"].(string); ok && strings.HasPrefix(arn, "arn:") {
			r.byARN[arn] = n
		}
		if madeByEC2.MatchString(n.ID) {
			r.byID[n.ID] = n
		}
	}
	return r
}

// take removes the values that come from another resource and gives the expressions they come from, which is how a
// plan has what will be known only after the deployment. A value in which another resource's name only occurs, as in a
// policy, stays.
func (r references) take(n *node, converted map[string]any) map[string]expression {
	expressions := map[string]expression{}
	for property := range n.Inputs {
		known, ok := n.kind.fields[property]
		if !ok {
			continue
		}
		switch value := converted[known.name].(type) {
		case string:
			if found := r.find(n, property, value); len(found) > 0 {
				delete(converted, known.name)
				expressions[known.name] = expression{References: found}
			}
		case []any:
			var all []string
			for i, item := range value {
				single, ok := item.(string)
				if !ok {
					continue
				}
				if found := r.find(n, property, single); len(found) > 0 {
					value[i] = nil
					all = append(all, found...)
				}
			}
			if len(all) > 0 {
				expressions[known.name] = expression{References: all}
			}
		}
	}
	return expressions
}

// find gives the attribute and the resource, as Terraform lists both.
func (r references) find(n *node, property, value string) []string {
	if value == "" {
		return nil
	}
	var sources []*node
	for _, urn := range n.PropertyDependencies[property] {
		if source := r.byURN[urn]; source != nil && source != n {
			sources = append(sources, source)
		}
	}
	// A bucket's name is also the ID of its versioning and the like: what has an ARN is the bucket itself.
	slices.SortStableFunc(sources, func(a, b *node) int { return rank(a) - rank(b) })
	for _, source := range sources {
		if attribute := source.attribute(value); attribute != "" {
			return []string{source.address + "." + attribute, source.address}
		}
	}
	if source := r.byARN[value]; source != nil && source != n {
		return []string{source.address + ".arn", source.address}
	}
	if source := r.byID[value]; source != nil && source != n {
		return []string{source.address + ".id", source.address}
	}
	return nil
}

func rank(n *node) int {
	if n.Outputs["arn"] != nil {
		return 0
	}
	return 1
}

// attribute names what of a resource has the value.
func (n *node) attribute(value string) string {
	if n.ID == value {
		return "id"
	}
	for _, name := range slices.Sorted(maps.Keys(n.Outputs)) {
		if output, ok := n.Outputs[name].(string); ok && output == value {
			if known, ok := n.kind.fields[name]; ok {
				return known.name
			}
		}
	}
	return ""
}
