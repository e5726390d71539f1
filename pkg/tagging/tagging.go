// Package tagging gives the tags that every taggable resource carries.
package tagging

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/naming"
)

// Tag keys. The prefix keeps them apart from an organization's own keys.
const (
	KeyOrganization = "tarn:organization"
	KeyEnvironment  = "tarn:environment"
	KeyProject      = "tarn:project"
	KeyManagedBy    = "tarn:managed-by"
)

// Tags is a set of AWS resource tags.
type Tags map[string]string

// New gives the tags of one project of one environment; extra is added and wins over them,
// so that an organization can keep its own values.
func New(scope naming.Scope, project string, extra map[string]string) Tags {
	tags := Tags{
		KeyOrganization: scope.Organization,
		KeyEnvironment:  scope.Environment,
		KeyProject:      project,
		KeyManagedBy:    "pulumi",
	}
	maps.Copy(tags, extra)
	return tags
}

// Input gives the tags as a resource argument.
func (t Tags) Input() pulumi.StringMap {
	return pulumi.ToStringMap(t)
}
