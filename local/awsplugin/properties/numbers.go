package properties

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// WithoutEmpty drops the named properties, at any depth, from a resource's outputs when they are empty texts. They are
// numbers in the SDK, which fails to read an empty text as one; Terraform uses it to say "unset".
func WithoutEmpty(names map[resource.PropertyKey]bool) func(
	context.Context, resource.PropertyMap,
) (resource.PropertyMap, error) {
	return func(_ context.Context, outputs resource.PropertyMap) (resource.PropertyMap, error) {
		return dropEmpty(resource.NewObjectProperty(outputs), names).ObjectValue(), nil
	}
}

func dropEmpty(value resource.PropertyValue, names map[resource.PropertyKey]bool) resource.PropertyValue {
	switch {
	case value.IsObject():
		kept := resource.PropertyMap{}
		for key, member := range value.ObjectValue() {
			if names[key] && member.IsString() && member.StringValue() == "" {
				continue
			}
			kept[key] = dropEmpty(member, names)
		}
		return resource.NewObjectProperty(kept)
	case value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = dropEmpty(element, names)
		}
		return resource.NewArrayProperty(elements)
	default:
		return value
	}
}
