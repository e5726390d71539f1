package network

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
)

// What AWS takes and keeps (Amazon VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks").
const (
	largestVPC     = 16
	smallestSubnet = 28
	// reserved addresses of every subnet are AWS's own: the first four and the last.
	reserved = 5
	minZones = 2
)

var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

func private(prefix netip.Prefix) bool {
	for _, wide := range privateRanges {
		if wide.Contains(prefix.Addr()) && prefix.Bits() >= wide.Bits() {
			return true
		}
	}
	return false
}

// splitBits is how much longer the prefix of a subnet is when a range is divided evenly over a number of subnets.
func splitBits(subnets int) int { return bits.Len(uint(subnets - 1)) }

func (s *Settings) subnetBits() int {
	prefix, _ := s.prefix()
	return prefix.Bits() + splitBits(len(s.AvailabilityZones))
}

// subnets divides a range evenly; what is left over when their number is no power of two stays free.
func subnets(prefix netip.Prefix, number int) []netip.Prefix {
	length := prefix.Bits() + splitBits(number)
	first := prefix.Addr().As4()
	base := binary.BigEndian.Uint32(first[:])
	var all []netip.Prefix
	for i := range number {
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], base+uint32(i)<<(32-length))
		all = append(all, netip.PrefixFrom(netip.AddrFrom4(address), length))
	}
	return all
}

// free is how many addresses a subnet has for jobs: each interface endpoint takes one in every subnet.
func free(prefixBits, endpoints int) int {
	return 1<<(32-prefixBits) - reserved - endpoints
}

// checkFree refuses a range whose subnets have fewer addresses than the jobs take. Glue gives each worker, the
// driver's too, an address of its own, and puts all workers of a job into the subnet of one connection (AWS re:Post,
// "AWS Glue job networking: managing multiple connections"); at worst all jobs are in the same.
func (s *Settings) checkFree(endpoints, workers int) error {
	zones := len(s.AvailabilityZones)
	length := s.subnetBits()
	if free(length, endpoints) >= workers {
		return nil
	}
	problem := fmt.Sprintf("mpp:settings.network.cidr %s: each of its %d subnets is a /%d with %d addresses for jobs (AWS keeps %d, "+
		"%d endpoints take one each), and the jobs that may run at once take up to %d, one for each worker",
		s.cidr(), zones, length, max(free(length, endpoints), 0), reserved, endpoints, workers)
	for vpc := length - splitBits(zones) - 1; vpc >= largestVPC; vpc-- {
		if free(vpc+splitBits(zones), endpoints) >= workers {
			return fmt.Errorf("%s: choose a /%d or larger, or lower capacity.maxWorkers", problem, vpc)
		}
	}
	return fmt.Errorf("%s: no VPC is large enough, lower capacity.maxWorkers", problem)
}
