package network

import (
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/account"
)

func made(cidr string, zones ...string) Settings {
	return Settings{Enabled: true, CIDR: cidr, AvailabilityZones: zones}
}

func existingVPC() Settings {
	return Settings{
		Enabled: true, VpcID: "vpc-0123456789abcdef0", RouteTableIDs: []string{"rtb-0123456789abcdef0"},
		SubnetIDs: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
	}
}

func with(s Settings, change func(*Settings)) Settings {
	change(&s)
	return s
}

func TestSettings(t *testing.T) {
	t.Parallel()
	yes := true
	two := []string{"us-east-1a", "us-east-1b"}
	for name, test := range map[string]struct {
		settings Settings
		want     string // part of the error; empty: none
	}{
		"off":                   {Settings{CIDR: "nonsense"}, ""},
		"a VPC":                 {made("", two...), ""},
		"largest":               {made("10.0.0.0/16", two...), ""},
		"smallest":              {made("172.31.255.224/27", two...), ""},
		"six zones":             {made("192.168.0.0/24", "a", "b", "c", "d", "e", "f"), ""},
		"no range":              {made("10.0.0.0", two...), `network.cidr "10.0.0.0": want a range`},
		"too large":             {made("10.0.0.0/15", two...), "EC2 makes VPCs from /16 to /28"},
		"too small":             {made("10.0.0.0/29", two...), "EC2 makes VPCs from /16 to /28"},
		"no room for subnets":   {made("10.0.0.0/28", two...), "a subnet in each of 2 zones would be a /29"},
		"three zones need four": {made("10.0.0.0/27", "a", "b", "c"), "would be a /29"},
		"public":                {made("11.0.0.0/16", two...), "RFC 1918"},
		"just outside":          {made("172.32.0.0/16", two...), "RFC 1918"},
		"beyond its range":      {made("172.16.0.0/8", two...), "RFC 1918"},
		"IPv6":                  {made("fd00::/20", two...), "RFC 1918"},
		"host bits":             {made("10.64.1.0/20", two...), "did you mean 10.64.0.0/20?"},
		"no zones":              {made(""), "network.availabilityZones has 0 zones: name at least 2"},
		"one zone":              {made("", "us-east-1a"), "name at least 2"},
		"a zone twice":          {made("", "us-east-1a", "us-east-1a"), "us-east-1a twice"},
		"unknown endpoint":      {with(made("", two...), func(s *Settings) { s.Endpoints = []string{"s3"} }), `network.endpoints has "s3"`},
		"endpoint twice":        {with(made("", two...), func(s *Settings) { s.Endpoints = []string{"glue", "glue"} }), "glue twice"},
		"no endpoints":          {with(made("", two...), func(s *Settings) { s.Endpoints = []string{} }), ""},
		"a group without a VPC": {with(made("", two...), func(s *Settings) { s.SecurityGroupID = "sg-01234567" }),
			"network.securityGroupId belongs to an existing VPC"},
		"subnets without a VPC": {with(made("", two...), func(s *Settings) { s.SubnetIDs = []string{"subnet-01234567"} }),
			"network.subnetIds belongs to an existing VPC"},

		"existing":                 {existingVPC(), ""},
		"existing, with a range":   {with(existingVPC(), func(s *Settings) { s.CIDR = DefaultCIDR }), "network.cidr is for a VPC that is made here"},
		"existing, with zones":     {with(existingVPC(), func(s *Settings) { s.AvailabilityZones = two }), "network.availabilityZones is for"},
		"existing, with flow logs": {with(existingVPC(), func(s *Settings) { s.FlowLogs = &yes }), "network.flowLogs is for"},
		"existing, one subnet": {with(existingVPC(), func(s *Settings) { s.SubnetIDs = s.SubnetIDs[:1] }),
			"network.subnetIds has 1 subnets: name at least 2"},
		"existing, no tables": {with(existingVPC(), func(s *Settings) { s.RouteTableIDs = nil }), "network.routeTableIds is required"},
		"existing, wrong ids": {with(existingVPC(), func(s *Settings) { s.VpcID = "subnet-01234567" }), "network.vpcId"},
		"existing, complete": {with(existingVPC(), func(s *Settings) {
			s.RouteTableIDs, s.SecurityGroupID = nil, "sg-0123456789abcdef0"
		}), ""},
		"existing, complete, with tables": {with(existingVPC(), func(s *Settings) { s.SecurityGroupID = "sg-01234567" }),
			"network.routeTableIds and network.endpoints are for endpoints made here"},
		"existing, no group": {with(existingVPC(), func(s *Settings) { s.SecurityGroupID = "default" }), `network.securityGroupId "default"`},
	} {
		err := test.settings.Validate()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// All problems are said at once.
func TestSettingsSayEveryProblem(t *testing.T) {
	t.Parallel()
	settings := made("11.0.0.0/8", "us-east-1a")
	settings.Endpoints = []string{"gopher"}
	err := settings.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"network.cidr", "network.availabilityZones", "network.endpoints"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not in: %v", part, err)
		}
	}
}

func TestZonesAreOfTheRegion(t *testing.T) {
	t.Parallel()
	for zone, good := range map[string]bool{
		"eu-west-1a": true, "eu-west-1f": true, "us-east-1a": false, "eu-west-1": false, "eu-west-1-lon-1a": false, "euw1-az1": false,
	} {
		args := &Args{Settings: made("", "eu-west-1b", zone), Account: account.Account{ID: "123456789012", Region: "eu-west-1"}}
		if err := args.Check(nil); (err == nil) != good {
			t.Errorf("%s: %v", zone, err)
		}
	}
}
