package tokens

// The provider keeps the network in its EC2 package, and Pulumi divides that package over three modules.

var ec2 = Service{
	Package: "ec2",
	Module:  "ec2",
	Resources: []Entry{
		{Terraform: "aws_default_security_group", Pulumi: "DefaultSecurityGroup", Fields: securityGroupRules},
		{Terraform: "aws_flow_log", Pulumi: "FlowLog"},
		{Terraform: "aws_internet_gateway", Pulumi: "InternetGateway"}, // awsx gives every VPC one, also without a route
		{Terraform: "aws_route", Pulumi: "Route"},
		{Terraform: "aws_route_table", Pulumi: "RouteTable"},
		{Terraform: "aws_route_table_association", Pulumi: "RouteTableAssociation"},
		{
			Terraform: "aws_security_group",
			Pulumi:    "SecurityGroup",
			Fields: Fields{
				// AWS wants a description, and the Terraform provider's own default would name the wrong tool.
				"description": {Default: "Managed by Pulumi"},
				"egress":      {Name: "egress"},
				"ingress":     {Name: "ingress"},
			},
		},
		{Terraform: "aws_security_group_rule", Pulumi: "SecurityGroupRule"},
		{Terraform: "aws_subnet", Pulumi: "Subnet"},
		{Terraform: "aws_vpc", Pulumi: "Vpc"},
		{Terraform: "aws_vpc_endpoint", Pulumi: "VpcEndpoint"},
	},
	Functions: []Entry{
		{Terraform: "aws_route_table", Pulumi: "getRouteTable"},
		{Terraform: "aws_route_tables", Pulumi: "getRouteTables"},
		{Terraform: "aws_security_group", Pulumi: "getSecurityGroup"},
		{Terraform: "aws_subnet", Pulumi: "getSubnet"},
		{Terraform: "aws_subnets", Pulumi: "getSubnets"},
		{Terraform: "aws_vpc", Pulumi: "getVpc"},
	},
}

// securityGroupRules: the SDK has these lists in the singular.
var securityGroupRules = Fields{"egress": {Name: "egress"}, "ingress": {Name: "ingress"}}

var vpc = Service{
	Package: "ec2",
	Module:  "vpc",
	Resources: []Entry{
		{Terraform: "aws_vpc_security_group_egress_rule", Pulumi: "SecurityGroupEgressRule"},
		{Terraform: "aws_vpc_security_group_ingress_rule", Pulumi: "SecurityGroupIngressRule"},
	},
}

var zones = Service{
	Package: "ec2",
	Module:  "index",
	Functions: []Entry{
		{Terraform: "aws_availability_zones", Pulumi: "getAvailabilityZones"},
	},
}
