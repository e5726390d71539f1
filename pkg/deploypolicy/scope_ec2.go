package deploypolicy

import (
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// EC2 gives what it makes an id that nobody knows before, so that tags say what is the environment's: whoever makes
// something has to tag it, and only what is tagged can be put in, changed or deleted. Nobody can tag a thing that is
// there already as the environment's, but for security groups that no environment has: AWS makes each VPC's default
// group itself, without tags, and it has to be emptied.

// networkParts are the kinds of things that a network is made of (Service Authorization Reference, "Amazon EC2").
var networkParts = []string{
	"internet-gateway", "route-table", "security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint", "vpc-flow-log",
}

// makeNetwork are the calls that make the parts.
var makeNetwork = []string{
	"AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateFlowLogs", "CreateInternetGateway", "CreateRouteTable",
	"CreateSecurityGroup", "CreateSubnet", "CreateVpc", "CreateVpcEndpoint",
}

var ec2Rules = []rule{
	{
		actions: []string{"Describe*", "GetSecurityGroupsForVpc"},
		scope: scope{
			sid: "LookAtNetwork", resources: anything, conditions: (*Params).inRegion,
			everywhere: "EC2 knows no resources for what only describes (Service Authorization Reference, \"Amazon EC2\")",
		},
	},
	{
		actions: []string{"CreateTags"},
		layers:  []Layer{MPP},
		scope:   scope{sid: "TagNewNetwork", resources: parts, conditions: whileMaking},
		also: []scope{
			{sid: "ChangeNetwork", resources: parts, conditions: ownTags},
			{sid: "TakeDefaultGroup", resources: fixed(func(p *Params) []string {
				return []string{p.Account.ARN("ec2", "security-group/*")}
			}), conditions: func(p *Params) policy.Conditions {
				conditions := requestedTags(p)
				conditions["Null"] = map[string][]string{"aws:ResourceTag/" + tagging.KeyEnvironment: {"true"}}
				return conditions
			}},
		},
	},
	{
		actions: makeNetwork,
		layers:  []Layer{MPP},
		scope:   scope{sid: "MakeNetwork", resources: parts, conditions: requestedTags},
		also:    []scope{{sid: "ChangeNetwork", resources: parts, conditions: ownTags}}, // what the new thing is put in
	},
	{
		actions: []string{
			"*InternetGateway", "*RouteTable", "Delete*", "Modify*", "RevokeSecurityGroup*", "UpdateSecurityGroupRule*",
		},
		layers: []Layer{MPP},
		scope:  scope{sid: "ChangeNetwork", resources: parts, conditions: ownTags},
	},
}

func parts(p *Params, _ Layer) []string {
	var arns []string
	for _, kind := range networkParts {
		arns = append(arns, p.Account.ARN("ec2", kind+"/*"))
	}
	return arns
}

// requestedTags wants that a call gives the environment's tags.
func requestedTags(p *Params) policy.Conditions { return environmentTags(p, "aws:RequestTag/") }

// whileMaking wants that tags are given with a call that makes something, which has to give the environment's.
func whileMaking(*Params) policy.Conditions {
	return policy.Conditions{"StringEquals": {"ec2:CreateAction": makeNetwork}}
}

// ownTags wants that a thing has the environment's tags.
func ownTags(p *Params) policy.Conditions { return environmentTags(p, "aws:ResourceTag/") }

func environmentTags(p *Params, key string) policy.Conditions {
	return policy.Conditions{"StringEquals": {
		key + tagging.KeyOrganization: {p.Scope.Organization}, key + tagging.KeyEnvironment: {p.Scope.Environment},
	}}
}
