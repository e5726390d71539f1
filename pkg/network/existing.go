package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// existing describes the given VPC.
func (n *Network) existing(ctx *pulumi.Context) (place, error) {
	settings := n.args.Settings
	where := place{
		vpc: pulumi.String(settings.VpcID).ToStringOutput(), routeTables: pulumi.ToStringArray(settings.RouteTableIDs),
	}
	for _, id := range settings.SubnetIDs {
		subnet, err := lookupSubnet(ctx, id)
		if err != nil {
			return place{}, err
		}
		where.subnets = append(where.subnets, pulumi.String(id).ToStringOutput())
		where.zones = append(where.zones, pulumi.String(subnet.AvailabilityZone).ToStringOutput())
	}
	return where, nil
}

func lookupSubnet(ctx *pulumi.Context, id string) (*ec2.LookupSubnetResult, error) {
	subnet, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id})
	if err != nil {
		return nil, fmt.Errorf("mpp:settings.network.subnetIds: asking AWS for %s: %w", id, err)
	}
	return subnet, nil
}

// checkExisting asks AWS whether jobs can run in the given VPC.
func (a *Args) checkExisting(ctx *pulumi.Context) error {
	vpc, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Id: &a.Settings.VpcID})
	if err != nil {
		return fmt.Errorf("mpp:settings.network.vpcId: asking AWS for %s: %w", a.Settings.VpcID, err)
	}
	var found []*ec2.LookupSubnetResult
	for _, id := range a.Settings.SubnetIDs {
		subnet, err := lookupSubnet(ctx, id)
		if err != nil {
			return err
		}
		found = append(found, subnet)
	}
	return a.judge(vpc, found)
}

// judge gives every reason why jobs could not run in an existing VPC.
func (a *Args) judge(vpc *ec2.LookupVpcResult, found []*ec2.LookupSubnetResult) error {
	var problems []error
	endpoints := len(a.interfaceServices())
	if endpoints > 0 && (!vpc.EnableDnsSupport || !vpc.EnableDnsHostnames) {
		problems = append(problems, fmt.Errorf("mpp:settings.network.vpcId %s: endpoints need its DNS support and its DNS hostnames, "+
			"switch both on (AWS PrivateLink Guide, \"Private DNS names\")", vpc.Id))
	}
	var zones []string
	for _, subnet := range found {
		if !slices.Contains(zones, subnet.AvailabilityZone) {
			zones = append(zones, subnet.AvailabilityZone)
		}
		of := "mpp:settings.network.subnetIds " + subnet.Id
		if subnet.VpcId != vpc.Id {
			problems = append(problems, fmt.Errorf("%s is a subnet of %s, not of %s", of, subnet.VpcId, vpc.Id))
		}
		if subnet.MapPublicIpOnLaunch {
			problems = append(problems, fmt.Errorf("%s gives public addresses: name private subnets", of))
		}
		problems = append(problems, a.checkRoom(of, subnet, endpoints))
	}
	if len(zones) < minZones {
		problems = append(problems, fmt.Errorf("mpp:settings.network.subnetIds are all in %v: name subnets in at least %d zones, "+
			"so that jobs run when one of them fails", zones, minZones))
	}
	// Of a zone, an endpoint takes one subnet (AWS PrivateLink Guide, "Subnets and Availability Zones").
	if endpoints > 0 && len(zones) < len(found) {
		problems = append(problems, errors.New("mpp:settings.network.subnetIds has several subnets of one zone: "+
			"an endpoint takes one, name one for each zone"))
	}
	return errors.Join(problems...)
}

// checkRoom refuses a subnet that is too small for the jobs, or that others have filled. The endpoints are not taken
// off what is free now: after the first deployment they have their addresses already.
func (a *Args) checkRoom(of string, subnet *ec2.LookupSubnetResult, endpoints int) error {
	block, err := netip.ParsePrefix(subnet.CidrBlock)
	if err != nil {
		return fmt.Errorf("%s: %w", of, err)
	}
	takes := fmt.Sprintf("the jobs that may run at once take up to %d, one for each worker", a.MaxWorkers)
	if room := free(block.Bits(), endpoints); room < a.MaxWorkers {
		return fmt.Errorf("%s is a /%d with %d addresses for jobs, and %s: name a larger subnet, or lower capacity.maxWorkers",
			of, block.Bits(), max(room, 0), takes)
	}
	if subnet.AvailableIpAddressCount < a.MaxWorkers {
		return fmt.Errorf("%s has %d free addresses, and %s: name a larger subnet, lower capacity.maxWorkers, or try again when no "+
			"job is running (Glue gives addresses back some time after a job has ended)", of, subnet.AvailableIpAddressCount, takes)
	}
	return nil
}
