package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/network"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/pulumitest"
	"github.com/tarn-data/tarn/pkg/tagging"
)

var (
	scope = naming.Scope{Organization: "tarn", Environment: "test"}
	here  = account.Account{ID: pulumitest.AccountID, Region: pulumitest.Region}
)

const (
	egressRule  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	ingressRule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	endpoint    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	connection  = "aws:glue/connection:Connection"
)

func args(settings network.Settings) *network.Args {
	settings.Enabled = true
	return &network.Args{
		Scope: scope, Account: here, Settings: settings, MaxWorkers: 20, LogRetentionDays: 365,
		KeyARN:      pulumi.String("arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"),
		BoundaryARN: pulumi.String("arn:aws:iam::123456789012:policy/tarn/test.deploy/boundary"),
		Tags:        tagging.New(scope, "mpp", "data", nil).Input(),
	}
}

// deploy registers a network. The route tables that awsx would make are made first, so that the endpoint finds them.
func deploy(t *testing.T, recorder *pulumitest.Recorder, args *network.Args) error {
	t.Helper()
	return recorder.Run(t, func(ctx *pulumi.Context) error {
		var tables []pulumi.Resource
		for i := range args.Settings.AvailabilityZones {
			name := fmt.Sprintf("table-%d", i+1)
			table, err := ec2.NewRouteTable(ctx, name, &ec2.RouteTableArgs{VpcId: pulumi.String("vpc"), Tags: args.Tags})
			if err != nil {
				return err
			}
			tables = append(tables, table)
			recorder.RouteTables = append(recorder.RouteTables, "urn:pulumi:test::mpp::aws:ec2/routeTable:RouteTable::"+name)
		}
		_, err := network.New(ctx, "network", args, pulumi.DependsOn(tables))
		return err
	}, "mpp", "test", nil)
}

func ownVPC() network.Settings {
	return network.Settings{CIDR: "10.64.0.0/22", AvailabilityZones: []string{"us-east-1a", "us-east-1b", "us-east-1c"}}
}

func deployed(t *testing.T, args *network.Args) *pulumitest.Recorder {
	t.Helper()
	recorder := &pulumitest.Recorder{}
	if err := deploy(t, recorder, args); err != nil {
		t.Fatal(err)
	}
	return recorder
}

func TestVPCHasNoWayOut(t *testing.T) {
	t.Parallel()
	recorder := deployed(t, args(ownVPC()))
	vpc := recorder.Named("awsx:ec2:Vpc", "tarn-test-network")
	if vpc.Inputs["cidrBlock"] != "10.64.0.0/22" || vpc.Inputs["enableDnsHostnames"] != true || vpc.Inputs["enableDnsSupport"] != true {
		t.Errorf("VPC: %v", vpc.Inputs)
	}
	if nat := fmt.Sprint(vpc.Inputs["natGateways"]); nat != "map[strategy:None]" {
		t.Errorf("NAT gateways: %s", nat)
	}
	specs := vpc.Inputs["subnetSpecs"].([]any)
	spec := specs[0].(map[string]any)
	if len(specs) != 1 || spec["type"] != "Isolated" || fmt.Sprint(spec["cidrBlocks"]) != "[10.64.0.0/24 10.64.1.0/24 10.64.2.0/24]" {
		t.Errorf("subnets: %v", specs)
	}
	for _, tags := range []any{vpc.Inputs["tags"], spec["tags"]} {
		if tags.(map[string]any)[tagging.KeyOwner] != "data" {
			t.Errorf("tags: %v", tags)
		}
	}
	group := recorder.OfType("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
	if len(group) != 1 || group[0].Inputs["ingress"] != nil || group[0].Inputs["egress"] != nil {
		t.Errorf("the default group has rules: %v", group)
	}
	for _, token := range []string{"aws:ec2/route:Route", "aws:ec2/natGateway:NatGateway", "aws:ec2/internetGateway:InternetGateway"} {
		if found := recorder.OfType(token); len(found) > 0 {
			t.Errorf("there is a way out: %v", found)
		}
	}
}

// Whoever is in a group of the network is reached by jobs only, and reaches jobs, endpoints and S3 only.
func TestSecurityGroupsAreClosed(t *testing.T) {
	t.Parallel()
	recorder := deployed(t, args(ownVPC()))
	const jobs, endpoints = "tarn-test-jobs", "tarn-test-endpoints" // the pretended provider gives names as ids
	if list := recorder.Named(egressRule, "network-jobs-to-s3").Inputs["prefixListId"]; list != "pl-of-network-endpoint-s3" {
		t.Errorf("S3 is reached at %v, want the addresses of its endpoint", list)
	}
	type rule struct {
		token, group, peer string
		from, to           float64
	}
	want := map[string]rule{
		"network-jobs-from-jobs":      {ingressRule, jobs, jobs, 0, 65535},
		"network-jobs-to-jobs":        {egressRule, jobs, jobs, 0, 65535},
		"network-jobs-to-endpoints":   {egressRule, jobs, endpoints, 443, 443},
		"network-jobs-to-s3":          {egressRule, jobs, "", 443, 443},
		"network-endpoints-from-jobs": {ingressRule, endpoints, jobs, 443, 443},
	}
	found := append(recorder.OfType(egressRule), recorder.OfType(ingressRule)...)
	if len(found) != len(want) {
		t.Errorf("%d rules, want %d", len(found), len(want))
	}
	for _, resource := range found {
		expected := want[resource.Name]
		peer, _ := resource.Inputs["referencedSecurityGroupId"].(string)
		if resource.Type != expected.token || resource.Inputs["securityGroupId"] != expected.group || peer != expected.peer ||
			resource.Inputs["fromPort"] != expected.from || resource.Inputs["toPort"] != expected.to || resource.Inputs["ipProtocol"] != "tcp" {
			t.Errorf("%s %s: %v, want %+v", resource.Type, resource.Name, resource.Inputs, expected)
		}
		if resource.Inputs["cidrIpv4"] != nil || resource.Inputs["cidrIpv6"] != nil || resource.Inputs["description"] == nil {
			t.Errorf("%s: %v", resource.Name, resource.Inputs)
		}
	}
	for _, group := range recorder.OfType("aws:ec2/securityGroup:SecurityGroup") {
		if group.Inputs["ingress"] != nil || group.Inputs["egress"] != nil || group.Inputs["description"] == nil {
			t.Errorf("%s: %v", group.Name, group.Inputs)
		}
	}
}

func TestConnectionsAreInTheZoneOfTheirSubnet(t *testing.T) {
	t.Parallel()
	recorder := deployed(t, args(ownVPC()))
	found := recorder.OfType(connection)
	if len(found) != 3 {
		t.Fatalf("%d connections, want one for each of 3 zones", len(found))
	}
	for i, zone := range ownVPC().AvailabilityZones {
		resource := recorder.Named(connection, fmt.Sprintf("network-%d", i+1))
		where := resource.Inputs["physicalConnectionRequirements"].(map[string]any)
		if where["availabilityZone"] != zone || where["subnetId"] != fmt.Sprintf("subnet-%017d", i) ||
			fmt.Sprint(where["securityGroupIdLists"]) != "[tarn-test-jobs]" || resource.Inputs["connectionType"] != "NETWORK" {
			t.Errorf("%s: %v", resource.Name, resource.Inputs)
		}
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	arguments := args(ownVPC())
	arguments.Services = []string{"sqs"}
	recorder := deployed(t, arguments)
	var services []string
	for _, resource := range recorder.OfType(endpoint) {
		name := resource.Inputs["serviceName"].(string)
		services = append(services, strings.TrimPrefix(name, "com.amazonaws.us-east-1."))
		if strings.HasSuffix(name, ".s3") {
			if resource.Inputs["vpcEndpointType"] != "Gateway" || fmt.Sprint(resource.Inputs["routeTableIds"]) != "[table-1-id table-2-id table-3-id]" {
				t.Errorf("S3: %v", resource.Inputs)
			}
			continue
		}
		if resource.Inputs["vpcEndpointType"] != "Interface" || resource.Inputs["privateDnsEnabled"] != true ||
			len(resource.Inputs["subnetIds"].([]any)) != 3 || fmt.Sprint(resource.Inputs["securityGroupIds"]) != "[tarn-test-endpoints]" {
			t.Errorf("%s: %v", name, resource.Inputs)
		}
	}
	slices.Sort(services)
	if want := "glue kms logs monitoring s3 secretsmanager sqs sts"; strings.Join(services, " ") != want {
		t.Errorf("endpoints of %v, want %s", services, want)
	}
}

// calls are one for each service that jobs really make, with a resource of it.
var calls = map[string][2]string{
	"glue":           {"glue:GetTable", "arn:aws:glue:us-east-1:%s:table/tarn_test_raw/flights"},
	"kms":            {"kms:Decrypt", "arn:aws:kms:us-east-1:%s:key/12345678-1234-1234-1234-123456789012"},
	"logs":           {"logs:PutLogEvents", "arn:aws:logs:us-east-1:%s:log-group:/tarn/test/flights/output:log-stream:x"},
	"monitoring":     {"cloudwatch:PutMetricData", "*"},
	"s3":             {"s3:PutObject", "arn:aws:s3:::bucket-of-%s/key"},
	"secretsmanager": {"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:%s:secret:tarn/test/x"},
	"sqs":            {"sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:%s:tarn-test-arrivals"},
	"sts":            {"sts:AssumeRole", "arn:aws:iam::%s:role/tarn/test/x"},
}

// Through an endpoint go the account's own principals to the account's own resources: nobody takes data out with the
// credentials of another account, or into another account's bucket.
func TestEndpointsAreForThisAccountOnly(t *testing.T) {
	t.Parallel()
	arguments := args(ownVPC())
	arguments.Services = []string{"sqs"}
	const other = "210987654321"
	for _, resource := range deployed(t, arguments).OfType(endpoint) {
		service := resource.Inputs["serviceName"].(string)
		service = service[strings.LastIndex(service, ".")+1:]
		document := pulumitest.Document(t, resource, "policy")
		call := calls[service]
		for name, test := range map[string]struct {
			principal, owner string
			allowed          bool
		}{
			"own":                        {here.ID, here.ID, true},
			"somebody else's credential": {other, here.ID, false},
			"somebody else's resource":   {here.ID, other, service == "monitoring"}, // metrics belong to whoever writes them
			"nothing of ours":            {other, other, false},
		} {
			request := policy.Request{
				Principal: "arn:aws:iam::" + test.principal + ":role/tarn/test/job", Account: test.owner,
				Action: call[0], Resource: call[1], Context: policy.Context{"aws:ResourceAccount": {test.owner}},
			}
			if service == "monitoring" {
				request.Context = nil
			} else {
				request.Resource = fmt.Sprintf(call[1], test.owner)
			}
			decision, err := policy.Decide(request, policy.Policies{Resource: []policy.Document{document}})
			if err != nil || decision.Allowed != test.allowed {
				t.Errorf("%s, %s: %+v, %v", service, name, decision, err)
			}
		}
		unheard := policy.Request{
			Principal: "arn:aws:iam::" + here.ID + ":role/tarn/test/job", Action: strings.SplitN(call[0], ":", 2)[0] + ":Unheard",
			Resource: "*", Context: policy.Context{"aws:ResourceAccount": {here.ID}},
		}
		if decision, err := policy.Decide(unheard, policy.Policies{Resource: []policy.Document{document}}); err != nil || decision.Allowed {
			t.Errorf("%s lets everything pass: %+v, %v", service, decision, err)
		}
	}
}

func TestFlowLogs(t *testing.T) {
	t.Parallel()
	recorder := deployed(t, args(ownVPC()))
	group := recorder.OfType("aws:cloudwatch/logGroup:LogGroup")[0]
	if group.Inputs["name"] != "/tarn/test/flow-logs" || group.Inputs["kmsKeyId"] == nil || group.Inputs["retentionInDays"] != float64(365) {
		t.Errorf("log group: %v", group.Inputs)
	}
	flow := recorder.OfType("aws:ec2/flowLog:FlowLog")[0]
	if flow.Inputs["trafficType"] != "ALL" || flow.Inputs["vpcId"] != "vpc-00000000000000000" {
		t.Errorf("flow log: %v", flow.Inputs)
	}
	role := recorder.OfType("aws:iam/role:Role")[0]
	if role.Inputs["permissionsBoundary"] == nil || role.Inputs["path"] != "/tarn/test/" {
		t.Errorf("role: %v", role.Inputs)
	}
	trust := pulumitest.Document(t, role, "assumeRolePolicy")
	for name, test := range map[string]struct {
		service, account, source string
		allowed                  bool
	}{
		"flow logs of the account":        {"vpc-flow-logs.amazonaws.com", here.ID, "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/fl-1", true},
		"flow logs of another account":    {"vpc-flow-logs.amazonaws.com", "210987654321", "arn:aws:ec2:us-east-1:210987654321:vpc-flow-log/fl-1", false},
		"another account's source":        {"vpc-flow-logs.amazonaws.com", here.ID, "arn:aws:ec2:us-east-1:210987654321:vpc-flow-log/fl-1", false},
		"something else of the account":   {"vpc-flow-logs.amazonaws.com", here.ID, "arn:aws:ec2:us-east-1:123456789012:instance/i-1", false},
		"another service for the account": {"ec2.amazonaws.com", here.ID, "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/fl-1", false},
	} {
		decision, err := policy.Decide(policy.Request{
			Principal: test.service, Action: "sts:AssumeRole", Resource: "*",
			Context: policy.Context{"aws:SourceAccount": {test.account}, "aws:SourceArn": {test.source}},
		}, policy.Policies{Resource: []policy.Document{trust}})
		if err != nil || decision.Allowed != test.allowed {
			t.Errorf("%s: %+v, %v", name, decision, err)
		}
	}
	off := ownVPC()
	no := false
	off.FlowLogs = &no
	if made := deployed(t, args(off)); len(made.OfType("aws:ec2/flowLog:FlowLog"))+len(made.OfType("aws:iam/role:Role")) > 0 {
		t.Error("flow logs although they are off")
	}
}

func TestInvariants(t *testing.T) {
	t.Parallel()
	recorder := &pulumitest.Recorder{}
	if err := recorder.Run(t, func(ctx *pulumi.Context) error {
		_, err := network.New(ctx, "network", args(ownVPC()))
		return err
	}, "mpp", "test", nil); err != nil {
		t.Fatal(err)
	}
	pulumitest.CheckInvariants(t, recorder)
}

func TestTooManyWorkersAreRefusedBeforeTheFirstResource(t *testing.T) {
	t.Parallel()
	arguments := args(ownVPC())
	arguments.MaxWorkers = 246 // 256 in a /24, less 5 and 6, is 245
	recorder := &pulumitest.Recorder{}
	err := recorder.Run(t, func(ctx *pulumi.Context) error {
		_, err := network.New(ctx, "network", arguments)
		return err
	}, "mpp", "test", nil)
	if err == nil || !strings.Contains(err.Error(), "mpp:settings.network.cidr 10.64.0.0/22") || !strings.Contains(err.Error(), "choose a /21 or larger") {
		t.Errorf("error: %v", err)
	}
	if made := recorder.Resources(); len(made) > 0 {
		t.Errorf("there are resources: %v", made)
	}
}
