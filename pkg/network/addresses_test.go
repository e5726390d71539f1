package network

import (
	"net/netip"
	"strings"
	"testing"
)

func TestSubnetsDivideTheRange(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		vpc    string
		number int
		want   string
	}{
		{"10.64.0.0/20", 2, "10.64.0.0/21 10.64.8.0/21"},
		{"10.64.0.0/20", 3, "10.64.0.0/22 10.64.4.0/22 10.64.8.0/22"},
		{"10.64.0.0/20", 4, "10.64.0.0/22 10.64.4.0/22 10.64.8.0/22 10.64.12.0/22"},
		{"192.168.255.192/26", 3, "192.168.255.192/28 192.168.255.208/28 192.168.255.224/28"},
		{"10.0.0.0/16", 5, "10.0.0.0/19 10.0.32.0/19 10.0.64.0/19 10.0.96.0/19 10.0.128.0/19"},
	} {
		var got []string
		for _, subnet := range subnets(netip.MustParsePrefix(test.vpc), test.number) {
			got = append(got, subnet.String())
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s over %d: %v, want %s", test.vpc, test.number, got, test.want)
		}
	}
}

// Subnets lie within their VPC and apart from each other, whatever the VPC.
func FuzzSubnets(f *testing.F) {
	f.Add(uint32(0x0a400000), uint8(20), uint8(3))
	f.Add(uint32(0xc0a8ffff), uint8(16), uint8(6))
	f.Fuzz(func(t *testing.T, base uint32, length, number uint8) {
		vpc := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(base >> 24), byte(base >> 16), byte(base >> 8), byte(base)}),
			largestVPC+int(length)%(smallestSubnet-largestVPC)).Masked()
		count := minZones + int(number)%5
		if vpc.Bits()+splitBits(count) > smallestSubnet {
			return
		}
		all := subnets(vpc, count)
		if len(all) != count {
			t.Fatalf("%d subnets, want %d", len(all), count)
		}
		for i, subnet := range all {
			if subnet.Masked() != subnet || !vpc.Contains(subnet.Addr()) || subnet.Bits() < vpc.Bits() {
				t.Errorf("%s is not a subnet of %s", subnet, vpc)
			}
			for _, other := range all[:i] {
				if subnet.Overlaps(other) {
					t.Errorf("%s and %s overlap", subnet, other)
				}
			}
		}
	})
}

func TestFreeAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		vpc                       string
		zones, endpoints, workers int
		want                      string // parts of the error; empty: none
	}{
		{"10.64.0.0/20", 2, 6, 2037, ""}, // 2048 in a /21, less 5 and 6
		{"10.64.0.0/20", 2, 6, 2038, "choose a /19 or larger"},
		{"10.64.0.0/24", 2, 6, 117, ""},
		{"10.64.0.0/24", 2, 6, 118, "each of its 2 subnets is a /25 with 117 addresses for jobs"},
		{"10.64.0.0/24", 2, 6, 150, "choose a /23 or larger"},
		{"10.64.0.0/24", 3, 6, 150, "choose a /22 or larger"},
		{"10.64.0.0/27", 2, 6, 5, ""},
		{"10.64.0.0/27", 2, 12, 1, "with 0 addresses for jobs"},
		{"10.64.0.0/16", 2, 6, 40000, "no VPC is large enough, lower capacity.maxWorkers"},
	} {
		settings := made(test.vpc, "a", "b", "c")
		settings.AvailabilityZones = settings.AvailabilityZones[:test.zones]
		err := settings.checkFree(test.endpoints, test.workers)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s, %d zones, %d workers: %v, want %q", test.vpc, test.zones, test.workers, err, test.want)
		}
		if err != nil && !strings.Contains(err.Error(), "mpp:settings.network.cidr "+test.vpc) {
			t.Errorf("the error names no setting: %v", err)
		}
	}
}

// The prefix that the error names is enough, and the next smaller one is not.
func TestTheSuggestedRangeFits(t *testing.T) {
	t.Parallel()
	for workers := 100; workers < 30000; workers = workers*7/6 + 1 {
		settings := made("10.0.0.0/28", "a", "b", "c")
		settings.CIDR = "10.0.0.0/26"
		err := settings.checkFree(7, workers)
		if err == nil {
			t.Fatalf("%d workers fit a /28", workers)
		}
		_, suggested, found := strings.Cut(err.Error(), "choose a /")
		if !found {
			if free(largestVPC+splitBits(3), 7) >= workers {
				t.Errorf("%d workers would fit: %v", workers, err)
			}
			continue
		}
		length := int(suggested[0]-'0')*10 + int(suggested[1]-'0')
		if free(length+splitBits(3), 7) < workers || free(length+splitBits(3)+1, 7) >= workers {
			t.Errorf("%d workers: /%d is not the smallest range that fits", workers, length)
		}
	}
}
