package sdkcheck

import (
	"maps"
	"slices"
)

// accepted lists the places where the plugin may differ from the SDK, and why that does no harm. The SDK belongs to a
// somewhat newer version of the Terraform provider than the plugin is built from.
var accepted = map[string]string{
	"aws:ec2/vpcEndpoint:VpcEndpoint inputs.serviceName": "newer versions also make endpoints for VPC Lattice " +
		"resources, which have no service name; those are not deployed here, and the plugin says what is missing",
}

// Unaccepted leaves out the differences that are known to do no harm. It also returns the accepted places that are no
// difference any more, so that the list does not outlive its reasons.
func Unaccepted(found []Difference) (unaccepted []Difference, outdated []string) {
	remaining := maps.Clone(accepted)
	for _, difference := range found {
		if _, ok := accepted[difference.Where()]; ok {
			delete(remaining, difference.Where())
			continue
		}
		unaccepted = append(unaccepted, difference)
	}
	return unaccepted, slices.Sorted(maps.Keys(remaining))
}
