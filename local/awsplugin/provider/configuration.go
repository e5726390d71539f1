//go:build awsplugin

package provider

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// configuration lists where the provider's own configuration differs from the Terraform provider's, so that a stack's
// `aws:` settings mean the same with this plugin as with the official one.
func configuration() map[string]*tfbridge.SchemaInfo {
	return map[string]*tfbridge.SchemaInfo{
		"region": {
			Default: &tfbridge.DefaultInfo{EnvVars: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}},
			// The same names in another region are other resources.
			ForcesProviderReplace: tfbridge.True(),
		},
		// Terraform can chain several roles, the SDK takes one.
		"assume_role": {MaxItemsOne: tfbridge.True()},
		// The list of regions compiled into an old provider must not forbid a new region.
		"skip_region_validation":      {Default: &tfbridge.DefaultInfo{Value: true}},
		"skip_credentials_validation": {Default: &tfbridge.DefaultInfo{Value: false}},
		// Terraform has this as text, to tell "unset" from "false".
		"skip_metadata_api_check": {Type: "boolean"},

		"access_key": {Secret: tfbridge.True()},
		"secret_key": {Secret: tfbridge.True()},
		"token":      {Secret: tfbridge.True()},
	}
}
