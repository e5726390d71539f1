// Package network gives Glue jobs a private network: no way to the internet, endpoints for the services they use.
package network

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
)

// ComponentType is the type token of Network.
const ComponentType = "tarn:network:Network"

// Args configures a Network.
type Args struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: how the network is made; it must be enabled.
	Settings Settings
	// Optional: services that jobs need besides those of the settings, for example "sqs".
	Services []string
	// Required: ARN of the key that encrypts the flow logs.
	KeyARN pulumi.StringInput
	// Optional: ARN of the permission boundary of the role that writes the flow logs; defaults to none.
	BoundaryARN pulumi.StringInput
	// Required: how long flow logs are kept, in days.
	LogRetentionDays int
	// Required: most workers of all jobs that may run at once, for the check of free addresses.
	MaxWorkers int
	// Required: tags of every resource.
	Tags pulumi.StringMap
}

// Network is the private network of an environment's jobs.
type Network struct {
	pulumi.ResourceState

	VpcID           pulumi.StringOutput      `pulumi:"vpcId"`
	SubnetIDs       pulumi.StringArrayOutput `pulumi:"subnetIds"`
	SecurityGroupID pulumi.StringOutput      `pulumi:"securityGroupId"`
	// Names of the Glue connections, one for each subnet. A job that names all of them is put into the first zone
	// that is healthy and has addresses left.
	Connections pulumi.StringArray
	// Ready is everything that must be there before a job can run in the network.
	Ready []pulumi.Resource

	args *Args
}

// place is where the jobs' subnets are: in a VPC made here, or in an existing one.
type place struct {
	vpc         pulumi.StringOutput
	subnets     []pulumi.StringOutput
	zones       []pulumi.StringOutput // of the subnets
	routeTables pulumi.StringArrayInput
	ready       []pulumi.Resource
}

// New makes the network. Call Args.Check before the first resource of the program: it gives every problem that can be
// known then.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Network, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", ComponentType, name)
	}
	if err := args.Check(ctx); err != nil {
		return nil, err
	}
	n := &Network{args: args}
	if err := ctx.RegisterComponentResource(ComponentType, name, n, opts...); err != nil {
		return nil, err
	}
	if err := n.provision(ctx, name); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{
		"vpcId": n.VpcID, "subnetIds": n.SubnetIDs, "securityGroupId": n.SecurityGroupID, "connections": n.Connections,
	})
}

func (n *Network) provision(ctx *pulumi.Context, name string) error {
	where, err := n.place(ctx, name)
	if err != nil {
		return fmt.Errorf("vpc: %w", err)
	}
	n.VpcID = where.vpc
	n.SubnetIDs = stringArray(where.subnets).ToStringArrayOutput()
	n.Ready = where.ready
	if given := n.args.Settings.SecurityGroupID; given != "" {
		n.SecurityGroupID = pulumi.String(given).ToStringOutput()
	} else if err := n.closed(ctx, name, where); err != nil {
		return err
	}
	if err := n.connections(ctx, name, where); err != nil {
		return fmt.Errorf("connections: %w", err)
	}
	return nil
}

// closed makes what keeps the jobs in the network and lets them reach their services: endpoints and security groups.
func (n *Network) closed(ctx *pulumi.Context, name string, where place) error {
	groups, err := n.securityGroups(ctx, name, where)
	if err != nil {
		return fmt.Errorf("security groups: %w", err)
	}
	n.SecurityGroupID = groups.jobs.ID().ToStringOutput()
	s3, err := n.endpoints(ctx, name, where, groups)
	if err != nil {
		return fmt.Errorf("endpoints: %w", err)
	}
	if err := n.rules(ctx, name, groups, s3); err != nil {
		return fmt.Errorf("security group rules: %w", err)
	}
	return nil
}

// place makes the VPC, or describes the given one.
func (n *Network) place(ctx *pulumi.Context, name string) (place, error) {
	if n.args.Settings.VpcID != "" {
		return n.existing(ctx)
	}
	where, err := n.vpc(ctx, name)
	if err != nil {
		return place{}, err
	}
	if err := n.emptyDefaultGroup(ctx, name, where); err != nil {
		return place{}, fmt.Errorf("default security group: %w", err)
	}
	if n.args.Settings.flowLogs() {
		if err := n.flowLogs(ctx, name, where); err != nil {
			return place{}, fmt.Errorf("flow logs: %w", err)
		}
	}
	return where, nil
}

// tags are those of a part of the network, with the name that the console shows.
func (n *Network) tags(part string) pulumi.StringMap {
	tags := pulumi.StringMap{"Name": pulumi.String(n.args.Scope.Name(part))}
	for key, value := range n.args.Tags {
		tags[key] = value
	}
	return tags
}

func stringArray(outputs []pulumi.StringOutput) pulumi.StringArray {
	var all pulumi.StringArray
	for _, output := range outputs {
		all = append(all, output)
	}
	return all
}
