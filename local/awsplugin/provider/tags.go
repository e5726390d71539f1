//go:build awsplugin

package provider

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"

	"github.com/tarn-data/tarn/local/awsplugin/properties"
)

// computeAllTags makes "tagsAll" of a resource what it is with the official plugin: no input, but the resource's tags
// joined with the provider's default tags, known before the resource is touched. Most Terraform resources list it as
// an input all the same, and join the tags only in their plan; a preview after a refresh would then show all tags as
// being removed.
func computeAllTags(info *tfbridge.ResourceInfo, definition shim.Resource) {
	const allTags = "tags_all"
	property, ok := definition.Schema().GetOk(allTags)
	if !ok || !property.Optional() {
		return // no tags, or of the newer kind, where nobody may set the joined ones
	}
	if info.Fields == nil {
		info.Fields = map[string]*tfbridge.SchemaInfo{}
	}
	info.Fields[allTags] = &tfbridge.SchemaInfo{MarkAsComputedOnly: tfbridge.True()}
	info.PreCheckCallback = properties.JoinTags
}
