package network

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Check refuses, before there is any resource, what AWS would refuse only when the network is made or a job starts.
// For an existing VPC it asks AWS.
func (a *Args) Check(ctx *pulumi.Context) error {
	if !a.Settings.Enabled {
		return errors.New("the network is not enabled: set mpp:settings.network.enabled")
	}
	if err := a.Settings.Validate(); err != nil {
		return fmt.Errorf("mpp:settings.%w", err)
	}
	for _, service := range a.Services {
		if _, known := services[service]; !known {
			return fmt.Errorf("there is no endpoint for %q", service)
		}
	}
	if a.Settings.VpcID != "" {
		return a.checkExisting(ctx)
	}
	return errors.Join(a.checkZones(), a.Settings.checkFree(len(a.interfaceServices()), a.MaxWorkers))
}

// checkZones refuses zones of another region, and local zones, which Glue has no jobs in.
func (a *Args) checkZones() error {
	form := regexp.MustCompile(`^` + regexp.QuoteMeta(a.Account.Region) + `[a-z]$`)
	var problems []error
	for _, zone := range a.Settings.AvailabilityZones {
		if !form.MatchString(zone) {
			problems = append(problems, fmt.Errorf("mpp:settings.network.availabilityZones has %q: want zones of the region, such as %sa",
				zone, a.Account.Region))
		}
	}
	return errors.Join(problems...)
}

// interfaceServices are the services that get an interface endpoint, sorted.
func (a *Args) interfaceServices() []string {
	if a.Settings.SecurityGroupID != "" {
		return nil
	}
	chosen := a.Settings.Endpoints
	if chosen == nil {
		chosen = defaultServices
	}
	all := append(slices.Clone(chosen), a.Services...)
	slices.Sort(all)
	return slices.Compact(all)
}
