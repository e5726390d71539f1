package network

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
)

// Settings is how the network is made: a VPC of its own, or an existing one.
type Settings struct {
	// Optional: whether jobs run in a private network; defaults to false.
	Enabled bool `json:"enabled"`
	// Optional: private addresses of the VPC to make, /16 to /28; defaults to "10.64.0.0/20".
	CIDR string `json:"cidr"`
	// Required for a VPC to make: names of two or more availability zones of the region, each with a subnet.
	AvailabilityZones []string `json:"availabilityZones"`
	// Optional: id of an existing VPC to use instead of making one.
	VpcID string `json:"vpcId"`
	// Required with vpcId: ids of its subnets for jobs, in two or more zones.
	SubnetIDs []string `json:"subnetIds"`
	// Required with vpcId unless securityGroupId is given: ids of the subnets' route tables, for the S3 endpoint. EC2
	// takes one such endpoint in a route table, so they must have none yet.
	RouteTableIDs []string `json:"routeTableIds"`
	// Optional, with vpcId: id of an existing security group of the jobs. Its VPC then has all endpoints, and only
	// connections are made.
	SecurityGroupID string `json:"securityGroupId"`
	// Optional: services with an interface endpoint; defaults to what jobs use: glue, kms, logs, monitoring,
	// secretsmanager and sts.
	Endpoints []string `json:"endpoints"`
	// Optional: whether the traffic of the VPC is recorded; defaults to true. Not for an existing VPC.
	FlowLogs *bool `json:"flowLogs"`
}

// DefaultCIDR is the range of a VPC for which nothing is configured.
const DefaultCIDR = "10.64.0.0/20"

// ids are the forms of EC2's ids (EC2 API Reference, "Resource IDs").
var ids = map[string]*regexp.Regexp{}

func init() {
	for _, kind := range []string{"rtb", "sg", "subnet", "vpc"} {
		ids[kind] = regexp.MustCompile(`^` + kind + `-([0-9a-f]{8}|[0-9a-f]{17})$`)
	}
}

// Validate refuses settings that cannot be, wherever they are deployed.
func (s *Settings) Validate() error {
	if !s.Enabled {
		return nil // the rest is kept for when it is switched on
	}
	problems := []error{s.checkServices()}
	if s.VpcID != "" {
		problems = append(problems, s.checkExisting())
	} else {
		problems = append(problems, s.checkNew())
	}
	return errors.Join(problems...)
}

func (s *Settings) checkNew() error {
	_, err := s.prefix()
	problems := []error{err}
	if len(s.AvailabilityZones) < minZones {
		problems = append(problems, fmt.Errorf(
			"network.availabilityZones has %d zones: name at least %d, so that jobs run when one of them fails",
			len(s.AvailabilityZones), minZones))
	}
	problems = append(problems, unique("availabilityZones", s.AvailabilityZones))
	if err == nil && len(s.AvailabilityZones) >= minZones {
		if bits := s.subnetBits(); bits > smallestSubnet {
			problems = append(problems, fmt.Errorf("network.cidr %s: a subnet in each of %d zones would be a /%d, EC2 makes none "+
				"smaller than /%d (Amazon VPC User Guide, \"Subnet CIDR blocks\"): choose a larger range",
				s.cidr(), len(s.AvailabilityZones), bits, smallestSubnet))
		}
	}
	for _, other := range []struct {
		field string
		set   bool
	}{
		{"subnetIds", len(s.SubnetIDs) > 0}, {"routeTableIds", len(s.RouteTableIDs) > 0},
		{"securityGroupId", s.SecurityGroupID != ""},
	} {
		if other.set {
			problems = append(problems, fmt.Errorf("network.%s belongs to an existing VPC: set network.vpcId, too, or leave it out",
				other.field))
		}
	}
	return errors.Join(problems...)
}

func (s *Settings) checkExisting() error {
	problems := []error{
		form("vpcId", "vpc", s.VpcID), form("subnetIds", "subnet", s.SubnetIDs...), unique("subnetIds", s.SubnetIDs),
		form("routeTableIds", "rtb", s.RouteTableIDs...), unique("routeTableIds", s.RouteTableIDs),
	}
	if len(s.SubnetIDs) < minZones {
		problems = append(problems, fmt.Errorf("network.subnetIds has %d subnets: name at least %d of network.vpcId, in different zones",
			len(s.SubnetIDs), minZones))
	}
	for _, other := range []struct {
		field string
		set   bool
	}{{"cidr", s.CIDR != ""}, {"availabilityZones", len(s.AvailabilityZones) > 0}, {"flowLogs", s.FlowLogs != nil}} {
		if other.set {
			problems = append(problems, fmt.Errorf("network.%s is for a VPC that is made here: leave it out, or network.vpcId", other.field))
		}
	}
	if s.SecurityGroupID == "" {
		if len(s.RouteTableIDs) == 0 {
			problems = append(problems, errors.New("network.routeTableIds is required with network.vpcId: the S3 endpoint is added "+
				"to these route tables. Where the VPC has all endpoints, name the jobs' group in network.securityGroupId instead"))
		}
		return errors.Join(problems...)
	}
	problems = append(problems, form("securityGroupId", "sg", s.SecurityGroupID))
	if len(s.RouteTableIDs)+len(s.Endpoints) > 0 {
		problems = append(problems, errors.New("network.routeTableIds and network.endpoints are for endpoints made here: leave them "+
			"out, or network.securityGroupId"))
	}
	return errors.Join(problems...)
}

func (s *Settings) checkServices() error {
	problems := []error{unique("endpoints", s.Endpoints)}
	for _, service := range s.Endpoints {
		if _, known := services[service]; !known {
			problems = append(problems, fmt.Errorf("network.endpoints has %q: want some of %v", service, knownServices()))
		}
	}
	return errors.Join(problems...)
}

// prefix is the range of the VPC to make.
func (s *Settings) prefix() (netip.Prefix, error) {
	text := s.cidr()
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return prefix, fmt.Errorf("network.cidr %q: want a range of IPv4 addresses such as %s", text, DefaultCIDR)
	case !prefix.Addr().Is4() || !private(prefix):
		return prefix, fmt.Errorf("network.cidr %s: want private addresses, within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)",
			text)
	case prefix.Bits() < largestVPC || prefix.Bits() > smallestSubnet:
		return prefix, fmt.Errorf("network.cidr %s: EC2 makes VPCs from /%d to /%d (Amazon VPC User Guide, \"VPC CIDR blocks\")",
			text, largestVPC, smallestSubnet)
	case prefix.Masked() != prefix:
		return prefix, fmt.Errorf("network.cidr %s is not the beginning of a range: did you mean %s?", text, prefix.Masked())
	}
	return prefix, nil
}

func (s *Settings) cidr() string {
	if s.CIDR == "" {
		return DefaultCIDR
	}
	return s.CIDR
}

// flowLogs tells whether traffic is recorded. An existing VPC's traffic is its owner's.
func (s *Settings) flowLogs() bool {
	return s.VpcID == "" && (s.FlowLogs == nil || *s.FlowLogs)
}

func form(field, kind string, values ...string) error {
	var problems []error
	for _, value := range values {
		if !ids[kind].MatchString(value) {
			problems = append(problems, fmt.Errorf("network.%s %q: want an id such as %s-0123456789abcdef0", field, value, kind))
		}
	}
	return errors.Join(problems...)
}

func unique(field string, values []string) error {
	for i, value := range values {
		if slices.Contains(values[:i], value) {
			return fmt.Errorf("network.%s has %s twice", field, value)
		}
	}
	return nil
}
