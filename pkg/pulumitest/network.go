package pulumitest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/policy"
)

const (
	vpcType      = "awsx:ec2:Vpc"
	endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

// vpcOutputs are those of awsx's VPC: an isolated subnet in each zone.
func (r *Recorder) vpcOutputs(args pulumi.MockResourceArgs, outputs resource.PropertyMap) {
	var subnets, tables []resource.PropertyValue
	for i := range args.Inputs["availabilityZoneNames"].ArrayValue() {
		subnets = append(subnets, resource.NewStringProperty(fmt.Sprintf("subnet-%017d", i)))
	}
	for _, table := range r.RouteTables {
		tables = append(tables, resource.MakeCustomResourceReference(urn.URN(table), "", ""))
	}
	outputs["vpcId"] = resource.NewStringProperty("vpc-00000000000000000")
	outputs["isolatedSubnetIds"] = resource.NewArrayProperty(subnets)
	outputs["routeTables"] = resource.NewArrayProperty(tables)
}

// checkEndpointAllow holds for the policy of a VPC endpoint. It grants nothing and says what may pass at most, so that
// a verb may stand for its actions and the resources need no names; but only the account's own principals pass.
func checkEndpointAllow(t *testing.T, where string, s policy.Statement) {
	t.Helper()
	if !slices.Equal(s.Conditions["StringEquals"]["aws:PrincipalAccount"], []string{AccountID}) {
		t.Errorf("%s lets principals of other accounts pass", where)
	}
	for _, action := range s.Actions {
		if service, name, _ := strings.Cut(action, ":"); strings.Contains(service, "*") || name == "" || strings.HasPrefix(name, "*") {
			t.Errorf("%s allows %s", where, action)
		}
	}
}
