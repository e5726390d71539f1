package awsxplugin

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func isolatedVPC() *vpcArgs {
	return &vpcArgs{
		AvailabilityZoneNames: []string{"us-east-1a", "us-east-1b"}, CidrBlock: "10.0.0.0/24",
		NatGateways: &natGateways{Strategy: "None"}, SubnetStrategy: "Auto",
		SubnetSpecs: []subnetSpec{{
			Type: isolated, CidrBlocks: []string{"10.0.0.0/25", "10.0.0.128/25"}, Tags: pulumi.StringMap{"part": pulumi.String("subnet")},
		}},
		Tags: pulumi.StringMap{"team": pulumi.String("data")},
	}
}

// Leaving an input out would make something else than the vendor's plugin makes.
func TestWhatIsNotMadeIsRefused(t *testing.T) {
	t.Parallel()
	if err := isolatedVPC().validate(); err != nil {
		t.Errorf("what Tarn asks for: %v", err)
	}
	for name, test := range map[string]struct {
		change func(*vpcArgs)
		want   string
	}{
		"NAT by default":   {func(a *vpcArgs) { a.NatGateways = nil }, "natGateways.strategy must be None"},
		"NAT":              {func(a *vpcArgs) { a.NatGateways.Strategy = "Single" }, "natGateways.strategy must be None"},
		"public subnets":   {func(a *vpcArgs) { a.SubnetSpecs[0].Type = "Public" }, `subnetSpecs[0].type is "Public"`},
		"ranges to divide": {func(a *vpcArgs) { a.SubnetSpecs[0].CidrBlocks = nil }, "subnetSpecs[0].cidrBlocks has 0 blocks for 2 zones"},
		"a size":           {func(a *vpcArgs) { a.SubnetSpecs[0].Size = new(int) }, "it divides no ranges itself"},
		"addresses":        {func(a *vpcArgs) { a.NatGateways.ElasticIPAllocationIDs = []string{"eipalloc-1"} }, "without elasticIpAllocationIds"},
		"default zones":    {func(a *vpcArgs) { a.AvailabilityZoneNames = nil }, "are required"},
		"default range":    {func(a *vpcArgs) { a.CidrBlock = "" }, "are required"},
		"default subnets":  {func(a *vpcArgs) { a.SubnetSpecs = nil }, "are required"},
	} {
		args := isolatedVPC()
		test.change(args)
		if err := args.validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if err := refuse("", []string{"cidrBlock", "ipv4IpamPoolId"}, vpcInputs); err == nil || !strings.Contains(err.Error(), "ipv4IpamPoolId") {
		t.Errorf("an unknown input: %v", err)
	}
}

// made records what is registered: names are part of the state, and another plugin's would replace everything.
type made struct {
	mu        sync.Mutex
	resources map[string]pulumi.MockResourceArgs
}

func (m *made) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resources[args.TypeToken+" "+args.Name] = args
	return args.Name + "-id", args.Inputs, nil
}

func (m *made) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func TestPartsHaveTheNamesOfAwsx(t *testing.T) {
	t.Parallel()
	recorded := &made{resources: map[string]pulumi.MockResourceArgs{}}
	var isolatedIDs []string
	if err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		vpc, err := newVpc(ctx, "lake", isolatedVPC(), pulumi.Protect(false))
		if err != nil {
			return err
		}
		var wait sync.WaitGroup
		wait.Add(1)
		vpc.IsolatedSubnetIDs.ToStringArrayOutput().ApplyT(func(ids []string) int {
			defer wait.Done()
			isolatedIDs = ids
			return 0
		})
		wait.Wait()
		return nil
	}, pulumi.WithMocks("project", "stack", recorded)); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range recorded.resources {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{
		"aws:ec2/internetGateway:InternetGateway lake",
		"aws:ec2/routeTable:RouteTable lake-isolated-1", "aws:ec2/routeTable:RouteTable lake-isolated-2",
		"aws:ec2/routeTableAssociation:RouteTableAssociation lake-isolated-1",
		"aws:ec2/routeTableAssociation:RouteTableAssociation lake-isolated-2",
		"aws:ec2/subnet:Subnet lake-isolated-1", "aws:ec2/subnet:Subnet lake-isolated-2", "aws:ec2/vpc:Vpc lake", "awsx:ec2:Vpc lake",
	}
	if !slices.Equal(names, want) {
		t.Errorf("made %v, want %v", names, want)
	}
	if !slices.Equal(isolatedIDs, []string{"lake-isolated-1-id", "lake-isolated-2-id"}) {
		t.Errorf("isolated subnets: %v", isolatedIDs)
	}
	subnet := recorded.resources["aws:ec2/subnet:Subnet lake-isolated-2"].Inputs.Mappable()
	if subnet["cidrBlock"] != "10.0.0.128/25" || subnet["availabilityZone"] != "us-east-1b" || subnet["mapPublicIpOnLaunch"] != false {
		t.Errorf("subnet: %v", subnet)
	}
	for name, tags := range map[string]map[string]any{
		"aws:ec2/vpc:Vpc lake":                          {"Name": "lake", "team": "data"},
		"aws:ec2/subnet:Subnet lake-isolated-2":         {"Name": "lake-isolated-2", "SubnetType": "Isolated", "part": "subnet", "team": "data"},
		"aws:ec2/routeTable:RouteTable lake-isolated-2": {"Name": "lake-isolated-2", "SubnetType": "Isolated", "team": "data"},
	} {
		given := recorded.resources[name].Inputs.Mappable()["tags"].(map[string]any)
		if len(given) != len(tags) {
			t.Errorf("%s: tags %v, want %v", name, given, tags)
		}
		for key, value := range tags {
			if given[key] != value {
				t.Errorf("%s: tags %v, want %v", name, given, tags)
			}
		}
	}
}
