package alerting

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
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
	names := pulumi.StringArray{}
	for i, page := range pages(args.Account, args.Watches) {
		text, err := page.JSON()
		if err != nil {
			return nil, err
		}
		suffix := "pipelines"
		if i > 0 {
			suffix += "-" + strconv.Itoa(i+1)
		}
		made, err := cloudwatch.NewDashboard(ctx, name+"-"+suffix, &cloudwatch.DashboardArgs{
			DashboardName: pulumi.String(args.Scope.Name(suffix)), DashboardBody: pulumi.String(text),
		}, pulumi.Parent(d))
		if err != nil {
			return nil, err
		}
		names = append(names, made.DashboardName)
	}
	d.Names = names.ToStringArrayOutput()
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{"names": d.Names})
}

// pages lays the pipelines out by name, each in a row, on as few dashboards as CloudWatch lets them have.
func pages(acct account.Account, watches []*Watch) []dashboard {
	sorted := slices.SortedFunc(slices.Values(watches), func(a, b *Watch) int { return strings.Compare(a.pipeline, b.pipeline) })
	var all []dashboard
	for _, w := range sorted {
		row := w.row(acct)
		if len(all) == 0 || !all[len(all)-1].fits(row) {
			all = append(all, newDashboard())
		}
		all[len(all)-1].add(row)
	}
	return all
}

// row is what a dashboard shows of a pipeline.
func (w *Watch) row(acct account.Account) []widget {
	var arns []string
	for _, name := range w.alarms {
		arns = append(arns, acct.ARN("cloudwatch", "alarm:"+name))
	}
	runs := []metric{w.metric(MetricSucceeded, "succeeded")}
	var durations []metric
	for _, job := range w.jobs {
		durations = append(durations, w.metric(MetricDuration, job, "Job", job))
		runs = append(runs, w.metric(MetricFailed, "failed in "+job, "Job", job))
	}
	return []widget{
		alarmWidget(w.pipeline+": alarms", arns),
		graph(acct.Region, w.pipeline+": seconds", "Maximum", durations),
		graph(acct.Region, w.pipeline+": runs that succeeded, tables that failed", "Sum", runs),
		graph(acct.Region, w.pipeline+": rejected part of the records", "Maximum", []metric{w.metric(MetricQuarantineRatio, "ratio")}),
	}
}

func (w *Watch) metric(name, label string, dimensions ...string) metric {
	return metric{Namespace, name, append([]string{"Pipeline", w.workflow}, dimensions...), label}
}
