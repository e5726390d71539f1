// Package awsxplugin stands in for the vendor's awsx plugin where that cannot be downloaded: it makes the one component
// that Tarn uses, awsx:ec2:Vpc with isolated subnets, out of the same AWS resources with the same names.
package awsxplugin

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// Version is that of the SDK in go.mod. The engine takes no plugin of another one.
const Version = "2.22.0"

// vpcToken is the only component that this plugin has.
const vpcToken = "awsx:ec2:Vpc"

// Schema says as much as the engine asks for.
const Schema = `{"name":"awsx","version":"` + Version + `","resources":{"` + vpcToken + `":{"isComponent":true}}}`

// Construct makes a component.
func Construct(
	ctx *pulumi.Context, token, name string, inputs provider.ConstructInputs, options pulumi.ResourceOption,
) (*provider.ConstructResult, error) {
	if token != vpcToken {
		return nil, fmt.Errorf("this stand-in for the awsx plugin has no %s, only %s", token, vpcToken)
	}
	given, err := inputs.Map()
	if err != nil {
		return nil, err
	}
	if err := refuse("", slices.Collect(maps.Keys(given)), vpcInputs); err != nil {
		return nil, err
	}
	args := &vpcArgs{}
	if err := inputs.CopyTo(args); err != nil {
		return nil, err
	}
	if err := args.validate(); err != nil {
		return nil, err
	}
	made, err := newVpc(ctx, name, args, options)
	if err != nil {
		return nil, err
	}
	return provider.NewConstructResult(made)
}

// Vpc has the outputs of awsx:ec2:Vpc.
type Vpc struct {
	pulumi.ResourceState

	Eips                   pulumi.Array         `pulumi:"eips"`
	InternetGateway        *ec2.InternetGateway `pulumi:"internetGateway"`
	IsolatedSubnetIDs      pulumi.StringArray   `pulumi:"isolatedSubnetIds"`
	NatGateways            pulumi.Array         `pulumi:"natGateways"`
	PrivateSubnetIDs       pulumi.StringArray   `pulumi:"privateSubnetIds"`
	PublicSubnetIDs        pulumi.StringArray   `pulumi:"publicSubnetIds"`
	RouteTableAssociations pulumi.Array         `pulumi:"routeTableAssociations"`
	RouteTables            pulumi.Array         `pulumi:"routeTables"`
	Routes                 pulumi.Array         `pulumi:"routes"`
	SubnetLayout           pulumi.Array         `pulumi:"subnetLayout"`
	Subnets                pulumi.Array         `pulumi:"subnets"`
	Vpc                    *ec2.Vpc             `pulumi:"vpc"`
	VpcEndpoints           pulumi.Array         `pulumi:"vpcEndpoints"`
	VpcID                  pulumi.StringOutput  `pulumi:"vpcId"`
}

func newVpc(ctx *pulumi.Context, name string, args *vpcArgs, options pulumi.ResourceOption) (*Vpc, error) {
	made := &Vpc{
		Eips: pulumi.Array{}, NatGateways: pulumi.Array{}, PrivateSubnetIDs: pulumi.StringArray{},
		PublicSubnetIDs: pulumi.StringArray{}, Routes: pulumi.Array{}, VpcEndpoints: pulumi.Array{},
	}
	if err := ctx.RegisterComponentResource(vpcToken, name, made, options); err != nil {
		return nil, err
	}
	vpc, err := ec2.NewVpc(ctx, name, &ec2.VpcArgs{
		CidrBlock:          pulumi.String(args.CidrBlock),
		EnableDnsHostnames: args.EnableDNSHostnames,
		EnableDnsSupport:   args.EnableDNSSupport,
		Tags:               args.tags(pulumi.StringMap{}, name, ""),
	}, pulumi.Parent(made))
	if err != nil {
		return nil, err
	}
	// awsx makes it always, also when there is no route to it.
	gateway, err := ec2.NewInternetGateway(ctx, name, &ec2.InternetGatewayArgs{
		VpcId: vpc.ID(), Tags: args.tags(pulumi.StringMap{}, name, ""),
	}, pulumi.Parent(vpc), pulumi.DependsOn([]pulumi.Resource{vpc}))
	if err != nil {
		return nil, err
	}
	made.Vpc, made.VpcID, made.InternetGateway = vpc, vpc.ID().ToStringOutput(), gateway
	for i, zone := range args.AvailabilityZoneNames {
		for _, spec := range args.SubnetSpecs {
			if err := made.subnet(ctx, fmt.Sprintf("%s-%s-%d", name, spec.name(), i+1), zone, spec.CidrBlocks[i], args, spec); err != nil {
				return nil, err
			}
		}
	}
	for _, spec := range args.SubnetSpecs {
		made.SubnetLayout = append(made.SubnetLayout, pulumi.Map{
			"type": pulumi.String(spec.Type), "cidrBlocks": pulumi.ToStringArray(spec.CidrBlocks),
		})
	}
	return made, ctx.RegisterResourceOutputs(made, pulumi.Map{})
}

// subnet makes an isolated subnet and its route table, which has no route but the one within the VPC.
func (v *Vpc) subnet(ctx *pulumi.Context, name, zone, block string, args *vpcArgs, spec subnetSpec) error {
	subnet, err := ec2.NewSubnet(ctx, name, &ec2.SubnetArgs{
		VpcId: v.VpcID, AvailabilityZone: pulumi.String(zone), CidrBlock: pulumi.String(block),
		MapPublicIpOnLaunch: pulumi.Bool(false), Tags: args.tags(spec.Tags, name, spec.Type),
	}, pulumi.Parent(v.Vpc), pulumi.DependsOn([]pulumi.Resource{v.Vpc}))
	if err != nil {
		return err
	}
	table, err := ec2.NewRouteTable(ctx, name, &ec2.RouteTableArgs{
		VpcId: v.VpcID, Tags: args.tags(pulumi.StringMap{}, name, spec.Type),
	}, pulumi.Parent(subnet), pulumi.DependsOn([]pulumi.Resource{subnet}))
	if err != nil {
		return err
	}
	association, err := ec2.NewRouteTableAssociation(ctx, name, &ec2.RouteTableAssociationArgs{
		RouteTableId: table.ID(), SubnetId: subnet.ID(),
	}, pulumi.Parent(table), pulumi.DependsOn([]pulumi.Resource{table}))
	if err != nil {
		return err
	}
	v.IsolatedSubnetIDs = append(v.IsolatedSubnetIDs, subnet.ID().ToStringOutput())
	v.Subnets = append(v.Subnets, subnet)
	v.RouteTables = append(v.RouteTables, table)
	v.RouteTableAssociations = append(v.RouteTableAssociations, association)
	return nil
}
