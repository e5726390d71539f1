//go:build awsplugin

package provider

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/tarn-data/tarn/local/awsplugin/tokens"
)

// textNumbers gives the Pulumi names of the properties, at any depth, that Terraform keeps as text and the SDK as a
// whole number.
func textNumbers(differences tokens.Fields) map[resource.PropertyKey]bool {
	names := map[resource.PropertyKey]bool{}
	for name, difference := range differences {
		if difference.Type == tokens.Integer {
			names[resource.PropertyKey(camelCase(name))] = true
		}
		for nested := range textNumbers(difference.Fields) {
			names[nested] = true
		}
	}
	return names
}

// camelCase turns a Terraform name into Pulumi's: "object_size_less_than" into "objectSizeLessThan".
func camelCase(name string) string {
	first, rest, _ := strings.Cut(name, "_")
	for word := range strings.SplitSeq(rest, "_") {
		if word != "" {
			first += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return first
}
