package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/network"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

const (
	vpcID    = "vpc-0123456789abcdef0"
	subnet1  = "subnet-0123456789abcdef1"
	subnet2  = "subnet-0123456789abcdef2"
	tableID  = "rtb-0123456789abcdef0"
	groupID  = "sg-0123456789abcdef0"
	tooSmall = "is a /27 with 21 addresses for jobs"
)

func existing() network.Settings {
	return network.Settings{VpcID: vpcID, SubnetIDs: []string{subnet1, subnet2}, RouteTableIDs: []string{tableID}}
}

// asked answers what the network asks AWS about an existing VPC. The changes are to the second subnet, or to the VPC.
func asked(subnet, vpc map[string]any) map[string]func(map[string]any) (map[string]any, error) {
	return map[string]func(map[string]any) (map[string]any, error){
		"aws:ec2/getVpc:getVpc": func(inputs map[string]any) (map[string]any, error) {
			if inputs["id"] != vpcID {
				return nil, fmt.Errorf("no VPC %v", inputs["id"])
			}
			return merged(map[string]any{"id": vpcID, "enableDnsSupport": true, "enableDnsHostnames": true}, vpc), nil
		},
		"aws:ec2/getSubnet:getSubnet": func(inputs map[string]any) (map[string]any, error) {
			answer := map[string]any{
				"id": inputs["id"], "vpcId": vpcID, "cidrBlock": "10.1.0.0/24", "availabilityZone": "us-east-1a",
				"availableIpAddressCount": 200, "mapPublicIpOnLaunch": false,
			}
			if inputs["id"] == subnet2 {
				answer["availabilityZone"] = "us-east-1c"
				return merged(answer, subnet), nil
			}
			return answer, nil
		},
	}
}

func merged(one, other map[string]any) map[string]any {
	for key, value := range other {
		one[key] = value
	}
	return one
}

func TestExistingVPC(t *testing.T) {
	t.Parallel()
	recorder := &pulumitest.Recorder{Functions: asked(nil, nil)}
	if err := deploy(t, recorder, args(existing())); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{
		"awsx:ec2:Vpc", "aws:ec2/flowLog:FlowLog", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:iam/role:Role",
	} {
		if found := recorder.OfType(token); len(found) > 0 {
			t.Errorf("an existing VPC got a %s", token)
		}
	}
	if gateway := recorder.Named(endpoint, "network-endpoint-s3"); fmt.Sprint(gateway.Inputs["routeTableIds"]) != "["+tableID+"]" ||
		gateway.Inputs["vpcId"] != vpcID {
		t.Errorf("S3: %v", gateway.Inputs)
	}
	for i, want := range [][2]string{{subnet1, "us-east-1a"}, {subnet2, "us-east-1c"}} {
		where := recorder.Named(connection, fmt.Sprintf("network-%d", i+1)).Inputs["physicalConnectionRequirements"].(map[string]any)
		if where["subnetId"] != want[0] || where["availabilityZone"] != want[1] {
			t.Errorf("connection %d: %v, want %v", i+1, where, want)
		}
	}
	pulumitest.CheckInvariants(t, recorder)
}

func TestExistingVPCWithItsOwnGroup(t *testing.T) {
	t.Parallel()
	settings := existing()
	settings.RouteTableIDs, settings.SecurityGroupID = nil, groupID
	recorder := &pulumitest.Recorder{Functions: asked(nil, map[string]any{"enableDnsHostnames": false})}
	if err := deploy(t, recorder, args(settings)); err != nil {
		t.Fatal(err)
	}
	for _, resource := range recorder.Resources() {
		if resource.Custom && resource.Type != connection {
			t.Errorf("there is a %s %s beside the connections", resource.Type, resource.Name)
		}
	}
	where := recorder.Named(connection, "network-1").Inputs["physicalConnectionRequirements"].(map[string]any)
	if fmt.Sprint(where["securityGroupIdLists"]) != "["+groupID+"]" {
		t.Errorf("connection: %v", where)
	}
}

func TestExistingVPCsThatJobsCannotRunIn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		subnet, vpc map[string]any
		want        string
	}{
		"another VPC's subnet": {map[string]any{"vpcId": "vpc-99999999"}, nil, subnet2 + " is a subnet of vpc-99999999, not of " + vpcID},
		"public":               {map[string]any{"mapPublicIpOnLaunch": true}, nil, subnet2 + " gives public addresses"},
		"small":                {map[string]any{"cidrBlock": "10.1.1.0/27"}, nil, tooSmall},
		"full":                 {map[string]any{"availableIpAddressCount": 29}, nil, subnet2 + " has 29 free addresses, and the jobs that may run at once take up to 30"},
		"one zone":             {map[string]any{"availabilityZone": "us-east-1a"}, nil, "name subnets in at least 2 zones"},
		"no names":             {nil, map[string]any{"enableDnsHostnames": false}, "switch both on"},
		"no resolver":          {nil, map[string]any{"enableDnsSupport": false}, "switch both on"},
	} {
		arguments := args(existing())
		arguments.MaxWorkers = 30
		recorder := &pulumitest.Recorder{Functions: asked(test.subnet, test.vpc)}
		err := deploy(t, recorder, arguments)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "mpp:settings.network.") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if made := recorder.Resources(); len(made) > 0 {
			t.Errorf("%s: there are resources: %v", name, made)
		}
	}
}
