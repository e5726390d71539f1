package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// endpoints makes the gateway endpoint of S3, which it gives, and the interface endpoints.
func (n *Network) endpoints(ctx *pulumi.Context, name string, where place, g groups) (*ec2.VpcEndpoint, error) {
	gateway, err := n.endpoint(ctx, name, "s3", s3, ec2.VpcEndpointArgs{
		VpcId: where.vpc, VpcEndpointType: pulumi.String("Gateway"), RouteTableIds: where.routeTables,
	})
	if err != nil {
		return nil, err
	}
	for _, called := range n.args.interfaceServices() {
		if _, err := n.endpoint(ctx, name, called, services[called], ec2.VpcEndpointArgs{
			VpcId: where.vpc, VpcEndpointType: pulumi.String("Interface"), SubnetIds: stringArray(where.subnets),
			SecurityGroupIds: pulumi.StringArray{g.endpoints.ID()}, PrivateDnsEnabled: pulumi.Bool(true),
		}); err != nil {
			return nil, err
		}
	}
	return gateway, nil
}

func (n *Network) endpoint(
	ctx *pulumi.Context, name, called string, s service, args ec2.VpcEndpointArgs,
) (*ec2.VpcEndpoint, error) {
	document, err := endpointPolicy(n.args.Account, s).JSON()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", called, err)
	}
	args.ServiceName = pulumi.String(serviceName(n.args.Account.Region, called))
	args.Policy = pulumi.String(document)
	args.Tags = n.tags(called)
	made, err := ec2.NewVpcEndpoint(ctx, name+"-endpoint-"+called, &args, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", called, err)
	}
	n.Ready = append(n.Ready, made)
	return made, nil
}
