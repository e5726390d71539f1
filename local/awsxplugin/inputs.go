package awsxplugin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// isolated is the only type of subnets that this plugin makes.
const isolated = "Isolated"

// vpcArgs are the inputs of awsx:ec2:Vpc that this plugin knows.
type vpcArgs struct {
	AvailabilityZoneNames []string              `pulumi:"availabilityZoneNames"`
	CidrBlock             string                `pulumi:"cidrBlock"`
	EnableDNSHostnames    pulumi.BoolPtrInput   `pulumi:"enableDnsHostnames"`
	EnableDNSSupport      pulumi.BoolPtrInput   `pulumi:"enableDnsSupport"`
	NatGateways           *natGateways          `pulumi:"natGateways"`
	SubnetSpecs           []subnetSpec          `pulumi:"subnetSpecs"`
	SubnetStrategy        string                `pulumi:"subnetStrategy"`
	Tags                  pulumi.StringMapInput `pulumi:"tags"`
}

type natGateways struct {
	ElasticIPAllocationIDs []string `pulumi:"elasticIpAllocationIds"`
	Strategy               string   `pulumi:"strategy"`
}

type subnetSpec struct {
	CidrBlocks []string              `pulumi:"cidrBlocks"`
	CidrMask   *int                  `pulumi:"cidrMask"`
	Name       string                `pulumi:"name"`
	Size       *int                  `pulumi:"size"`
	Tags       pulumi.StringMapInput `pulumi:"tags"`
	Type       string                `pulumi:"type"`
}

func (s subnetSpec) name() string {
	if s.Name != "" {
		return s.Name
	}
	return strings.ToLower(s.Type)
}

// vpcInputs are the names of the inputs that this plugin knows.
var vpcInputs = []string{
	"availabilityZoneNames", "cidrBlock", "enableDnsHostnames", "enableDnsSupport", "natGateways", "subnetSpecs",
	"subnetStrategy", "tags",
}

// refuse names the inputs that this plugin does not know: leaving one out would make something else than the vendor's.
func refuse(where string, given, known []string) error {
	slices.Sort(given)
	var problems []error
	for _, name := range given {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("this stand-in for the awsx plugin does not know the input %s%s of %s: it knows %v",
				where, name, vpcToken, known))
		}
	}
	return errors.Join(problems...)
}

// validate refuses values for which the vendor's plugin makes something that this one does not.
func (a *vpcArgs) validate() error {
	var problems []error
	problem := func(format string, values ...any) {
		problems = append(problems, fmt.Errorf("this stand-in for the awsx plugin: "+format, values...))
	}
	if len(a.AvailabilityZoneNames) == 0 || a.CidrBlock == "" || len(a.SubnetSpecs) == 0 {
		problem("availabilityZoneNames, cidrBlock and subnetSpecs are required")
	}
	if a.NatGateways == nil || a.NatGateways.Strategy != "None" || len(a.NatGateways.ElasticIPAllocationIDs) > 0 {
		problem("natGateways.strategy must be None, without elasticIpAllocationIds: it makes no NAT gateway")
	}
	for i, spec := range a.SubnetSpecs {
		if spec.Type != isolated {
			problem("subnetSpecs[%d].type is %q: it makes only subnets of type %s", i, spec.Type, isolated)
		}
		if spec.CidrMask != nil || spec.Size != nil || len(spec.CidrBlocks) != len(a.AvailabilityZoneNames) {
			problem("subnetSpecs[%d].cidrBlocks has %d blocks for %d zones: it divides no ranges itself, by cidrMask or size",
				i, len(spec.CidrBlocks), len(a.AvailabilityZoneNames))
		}
	}
	return errors.Join(problems...)
}

// tags are those that awsx gives each part: the VPC's own, a name, and the type of the subnet it belongs to.
func (a *vpcArgs) tags(more pulumi.StringMapInput, name, subnetType string) pulumi.StringMapOutput {
	shared, special := pulumi.StringMap{}.ToStringMapOutput(), pulumi.StringMap{}.ToStringMapOutput()
	if a.Tags != nil {
		shared = a.Tags.ToStringMapOutput()
	}
	if more != nil {
		special = more.ToStringMapOutput()
	}
	return pulumi.All(shared, special).ApplyT(func(both []any) map[string]string {
		all := map[string]string{"Name": name}
		for _, tags := range both {
			for key, value := range tags.(map[string]string) { //nolint:forcetypeassert // both are maps of text
				all[key] = value
			}
		}
		if subnetType != "" {
			all["Name"], all["SubnetType"] = name, subnetType
		}
		return all
	}).(pulumi.StringMapOutput)
}
