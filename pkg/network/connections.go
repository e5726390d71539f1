package network

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// connections makes a Glue connection for each subnet, which has the zone of its subnet: Glue starts no job where the
// two differ.
func (n *Network) connections(ctx *pulumi.Context, name string, where place) error {
	for i, subnet := range where.subnets {
		part := fmt.Sprintf("network-%d", i+1)
		made, err := glue.NewConnection(ctx, fmt.Sprintf("%s-%d", name, i+1), &glue.ConnectionArgs{
			Name:           pulumi.String(n.args.Scope.Name(part)),
			Description:    pulumi.String("The private network of jobs, in one availability zone"),
			ConnectionType: pulumi.String("NETWORK"),
			PhysicalConnectionRequirements: &glue.ConnectionPhysicalConnectionRequirementsArgs{
				AvailabilityZone: where.zones[i], SubnetId: subnet, SecurityGroupIdLists: pulumi.StringArray{n.SecurityGroupID},
			},
			Tags: n.args.Tags,
		}, pulumi.Parent(n))
		if err != nil {
			return err
		}
		n.Connections = append(n.Connections, made.Name)
		n.Ready = append(n.Ready, made)
	}
	return nil
}

// serviceName is what AWS calls the endpoint of a service.
func serviceName(region, called string) string {
	prefix := "com.amazonaws."
	// In China all but a few names begin with cn (Amazon VPC documentation of the China regions).
	if strings.HasPrefix(region, "cn-") && called != "s3" && called != "monitoring" && called != "logs" {
		prefix = "cn.com.amazonaws."
	}
	return prefix + region + "." + called
}
