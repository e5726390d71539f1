package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/network"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

var networkScope = naming.Scope{Organization: "tarn", Environment: "network"}

// TestNetwork takes a private network through its life, with the awsx plugin that this machine has, and then uses it
// as an existing VPC.
func TestNetwork(t *testing.T) {
	lake := newLake(t)
	lake.run(t, 0, "local", "up", "--record-calls", lake.calls())
	variables := lake.inlineVariables(t)
	own := network.Settings{Enabled: true, CIDR: "10.64.0.0/24", AvailabilityZones: []string{"us-east-1a", "us-east-1b"}}
	first := lake.networkStack(t, variables, "own", networkScope, own, 20)

	step(t, "preview", func(t *testing.T) {
		preview, err := first.Preview(t.Context(), optpreview.Diff())
		if err != nil {
			t.Fatal(err)
		}
		// At least the VPC's 10 parts, 7 endpoints, 3 groups and their 5 rules, 2 connections, flow logs.
		if created := preview.ChangeSummary[apitype.OpCreate]; created < 30 {
			t.Errorf("%d resources would be created: %v", created, preview.ChangeSummary)
		}
	})
	var outputs auto.OutputMap
	step(t, "up", func(t *testing.T) {
		result, err := first.Up(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		outputs = result.Outputs
	})
	step(t, "subnets are apart, without public addresses, each with a route table that S3's endpoint is in", func(t *testing.T) {
		checkDeployedNetwork(t, first)
	})
	step(t, "second up changes nothing", func(t *testing.T) {
		if _, err := first.Up(t.Context(), optup.ExpectNoChanges(), optup.Refresh()); err != nil {
			t.Error(err)
		}
	})

	existing := network.Settings{
		Enabled: true, VpcID: outputs["vpc"].Value.(string), SubnetIDs: texts(outputs["subnets"].Value),
		SecurityGroupID: outputs["group"].Value.(string),
	}
	other := naming.Scope{Organization: "tarn", Environment: "guest"}
	step(t, "jobs that do not fit into an existing VPC are refused", func(t *testing.T) {
		stack := lake.networkStack(t, variables, "full", other, existing, 124)
		_, err := stack.Preview(t.Context())
		const full = "is a /25 with 123 addresses for jobs, and the jobs that may run at once take up to 124"
		if err == nil || !strings.Contains(err.Error(), full) {
			t.Errorf("error: %v", err)
		}
	})
	step(t, "another environment uses the VPC", func(t *testing.T) {
		stack := lake.networkStack(t, variables, "guest", other, existing, 20)
		if _, err := stack.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := stack.Up(t.Context(), optup.ExpectNoChanges()); err != nil {
			t.Error(err)
		}
		if _, err := stack.Destroy(t.Context()); err != nil {
			t.Error(err)
		}
	})
	step(t, "destroy", func(t *testing.T) {
		if _, err := first.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	step(t, "whoever deploys pipelines may do it", func(t *testing.T) { lake.checkNetworkRights(t) })
}

// inlineVariables are those with which Pulumi works on the emulator.
func (l *lake) inlineVariables(t *testing.T) map[string]string {
	t.Helper()
	paths, err := toolchain.NewPaths(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	tools, err := toolchain.Find(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools.PulumiBin+string(os.PathListSeparator)+os.Getenv("PATH"))
	backend := filepath.Join(t.TempDir(), "backend")
	if err := os.Mkdir(backend, 0o700); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"AWS_ENDPOINT_URL": l.endpoint(t), "AWS_ACCESS_KEY_ID": "AKIATARNLOCALEXAMPLE", "AWS_SECRET_ACCESS_KEY": "local",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_REGION": "us-east-1",
		"PULUMI_HOME": tools.PulumiHome, "PULUMI_BACKEND_URL": "file://" + backend, "PULUMI_CONFIG_PASSPHRASE": "local",
		"PULUMI_SKIP_UPDATE_CHECK": "1", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
}

// networkStack is a stack with nothing but a network.
func (l *lake) networkStack(
	t *testing.T, variables map[string]string, name string, scope naming.Scope, settings network.Settings, workers int,
) auto.Stack {
	t.Helper()
	program := func(ctx *pulumi.Context) error {
		acct, err := account.Lookup(ctx)
		if err != nil {
			return err
		}
		made, err := network.New(ctx, "network", &network.Args{
			Scope: scope, Account: acct, Settings: settings, MaxWorkers: workers, LogRetentionDays: 1,
			Tags: tagging.New(scope, "mpp", "data", nil).Input(),
		})
		if err != nil {
			return err
		}
		ctx.Export("vpc", made.VpcID)
		ctx.Export("subnets", made.SubnetIDs)
		ctx.Export("group", made.SecurityGroupID)
		return nil
	}
	stack, err := auto.UpsertStackInlineSource(t.Context(), name, "mpp", program, auto.EnvVars(variables), auto.WorkDir(t.TempDir()),
		auto.Project(workspace.Project{Name: tokens.PackageName("mpp"), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.SetAllConfig(t.Context(), auto.ConfigMap{
		"aws:region": {Value: "us-east-1"}, "aws:maxRetries": {Value: "2"}, "aws:skipMetadataApiCheck": {Value: "true"},
	}); err != nil {
		t.Fatal(err)
	}
	return stack
}

// deployedResources gives the resources of a stack by type.
func deployedResources(t *testing.T, stack auto.Stack) map[string][]apitype.ResourceV3 {
	t.Helper()
	exported, err := stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var deployment apitype.DeploymentV3
	decode(t, string(exported.Deployment), &deployment)
	found := map[string][]apitype.ResourceV3{}
	for _, resource := range deployment.Resources {
		found[string(resource.Type)] = append(found[string(resource.Type)], resource)
	}
	return found
}

// checkDeployedNetwork looks at what the provider says is there.
func checkDeployedNetwork(t *testing.T, stack auto.Stack) {
	t.Helper()
	found := deployedResources(t, stack)
	var tables, blocks []string
	for _, table := range found["aws:ec2/routeTable:RouteTable"] {
		tables = append(tables, string(table.ID))
		if routes, _ := table.Outputs["routes"].([]any); len(routes) > 0 {
			t.Errorf("%s has routes: %v", table.URN, routes)
		}
	}
	for _, subnet := range found["aws:ec2/subnet:Subnet"] {
		blocks = append(blocks, subnet.Outputs["cidrBlock"].(string))
		tags, _ := subnet.Outputs["tags"].(map[string]any)
		if subnet.Outputs["mapPublicIpOnLaunch"] != false || tags[tagging.KeyEnvironment] != networkScope.Environment {
			t.Errorf("%s: %v", subnet.URN, subnet.Outputs)
		}
	}
	slices.Sort(blocks)
	if !slices.Equal(blocks, []string{"10.64.0.0/25", "10.64.0.128/25"}) || len(tables) != len(blocks) {
		t.Errorf("subnets %v with route tables %v", blocks, tables)
	}
	for _, endpoint := range found["aws:ec2/vpcEndpoint:VpcEndpoint"] {
		joined := texts(endpoint.Outputs["routeTableIds"])
		slices.Sort(joined)
		slices.Sort(tables)
		if endpoint.Outputs["vpcEndpointType"] == "Gateway" && !slices.Equal(joined, tables) {
			t.Errorf("the endpoint of S3 is in the route tables %v, want %v", joined, tables)
		}
	}
	if routes := found["aws:ec2/route:Route"]; len(routes) > 0 {
		t.Errorf("there are routes: %v", routes)
	}
}

// checkNetworkRights compares the calls that were made with the policies of whoever deploys the pipelines.
func (l *lake) checkNetworkRights(t *testing.T) {
	t.Helper()
	documents, err := deploypolicy.Deploy(&deploypolicy.Params{
		Scope: networkScope, Account: account.Account{ID: "123456789012", Region: "us-east-1"},
		KeyARN: "arn:aws:kms:us-east-1:123456789012:key/1", DataKeyARN: "arn:aws:kms:us-east-1:123456789012:key/2",
	}, deploypolicy.MPP)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, document := range documents {
		for _, statement := range document.Statements {
			for _, action := range statement.Actions {
				allowed[action] = allowed[action] || statement.Effect == policy.Allow
			}
		}
	}
	called := map[string]bool{}
	for _, call := range l.recorded(t) {
		if call.Action != "sts:GetCallerIdentity" { // nobody needs a right for it
			called[call.Action] = true
		}
	}
	t.Logf("calls: %v", slices.Sorted(maps.Keys(called)))
	for action := range called {
		if !allowed[action] {
			t.Errorf("%s is called and not allowed: add it to pkg/deploypolicy", action)
		}
	}
	for action := range allowed {
		if strings.HasPrefix(action, "ec2:") && !called[action] {
			t.Logf("%s is allowed and was not called", action)
		}
	}
}

// texts turns a list that came as JSON into texts.
func texts(list any) []string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, item.(string))
	}
	return all
}
