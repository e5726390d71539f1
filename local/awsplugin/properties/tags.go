// Package properties corrects property values where the Terraform provider and the Pulumi SDK see them differently.
package properties

import (
	"context"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// JoinTags sets "tagsAll" to a resource's own tags over the default tags of the provider's configuration, without
// those that the configuration says to leave alone. While a part is not known yet, neither is the result.
func JoinTags(_ context.Context, inputs, configuration resource.PropertyMap) (resource.PropertyMap, error) {
	own, defaults, ignored := inputs["tags"], configuration["defaultTags"], configuration["ignoreTags"]
	joined := inputs.Copy()
	if own.ContainsUnknowns() || defaults.ContainsUnknowns() || ignored.ContainsUnknowns() {
		joined["tagsAll"] = resource.MakeComputed(resource.NewObjectProperty(resource.PropertyMap{}))
		return joined, nil
	}
	all := resource.PropertyMap{}
	maps.Copy(all, object(member(defaults, "tags")))
	maps.Copy(all, object(own))
	maps.DeleteFunc(all, func(key resource.PropertyKey, _ resource.PropertyValue) bool {
		return isIgnored(string(key), ignored)
	})
	joined["tagsAll"] = resource.NewObjectProperty(all)
	return joined, nil
}

// isIgnored says whether the configuration tells the provider to leave tags of this name alone.
func isIgnored(tag string, ignored resource.PropertyValue) bool {
	for _, key := range texts(member(ignored, "keys")) {
		if tag == key {
			return true
		}
	}
	for _, prefix := range texts(member(ignored, "keyPrefixes")) {
		if strings.HasPrefix(tag, prefix) {
			return true
		}
	}
	return false
}

func object(value resource.PropertyValue) resource.PropertyMap {
	if !value.IsObject() {
		return nil
	}
	return value.ObjectValue()
}

func member(value resource.PropertyValue, key resource.PropertyKey) resource.PropertyValue {
	return object(value)[key]
}

func texts(value resource.PropertyValue) []string {
	if !value.IsArray() {
		return nil
	}
	var found []string
	for _, element := range value.ArrayValue() {
		if element.IsString() {
			found = append(found, element.StringValue())
		}
	}
	return found
}
