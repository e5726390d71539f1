package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsx "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// vpc makes a VPC with an isolated subnet in each zone: its route table has no way out. awsx gives every VPC an
// internet gateway; without a route to it, and without public addresses, nothing passes through.
func (n *Network) vpc(ctx *pulumi.Context, name string) (place, error) {
	settings := n.args.Settings
	prefix, err := settings.prefix()
	if err != nil {
		return place{}, err
	}
	var blocks []string
	for _, block := range subnets(prefix, len(settings.AvailabilityZones)) {
		blocks = append(blocks, block.String())
	}
	strategy := awsx.SubnetAllocationStrategyAuto
	made, err := awsx.NewVpc(ctx, n.args.Scope.Name(name), &awsx.VpcArgs{
		CidrBlock:             pulumi.StringRef(prefix.String()),
		AvailabilityZoneNames: settings.AvailabilityZones,
		// Endpoints answer under the services' own names only with both (AWS PrivateLink Guide, "Private DNS names").
		EnableDnsHostnames: pulumi.Bool(true),
		EnableDnsSupport:   pulumi.Bool(true),
		NatGateways:        &awsx.NatGatewayConfigurationArgs{Strategy: awsx.NatGatewayStrategyNone},
		SubnetStrategy:     &strategy,
		SubnetSpecs: []awsx.SubnetSpecArgs{{
			Type: awsx.SubnetTypeIsolated, CidrBlocks: blocks, Tags: n.args.Tags,
		}},
		Tags: n.args.Tags,
	}, pulumi.Parent(n))
	if err != nil {
		return place{}, err
	}
	where := place{vpc: made.VpcId, ready: []pulumi.Resource{made}}
	for i, zone := range settings.AvailabilityZones {
		where.zones = append(where.zones, pulumi.String(zone).ToStringOutput())
		where.subnets = append(where.subnets, made.IsolatedSubnetIds.ApplyT(func(all []string) (string, error) {
			if i >= len(all) {
				return "", fmt.Errorf("awsx made %d subnets for %d zones", len(all), len(settings.AvailabilityZones))
			}
			return all[i], nil
		}).(pulumi.StringOutput))
	}
	where.routeTables = made.RouteTables.ApplyT(func(tables []*ec2.RouteTable) pulumi.StringArrayOutput {
		var all pulumi.StringArray
		for _, table := range tables {
			all = append(all, table.ID().ToStringOutput())
		}
		return all.ToStringArrayOutput()
	}).(pulumi.StringArrayOutput)
	return where, nil
}
