// Package scan has published scanners judge what is deployed: checkov the resources in the state of the stacks, in
// Terraform's form, and prowler the answers of the API. What they find counts unless the waiver file says why not.
package scan

import (
	"cmp"
	"fmt"
	"slices"
)

// Scanner is one of the programs that judge.
type Scanner string

// The scanners.
const (
	Checkov Scanner = "checkov"
	Prowler Scanner = "prowler"
)

// Scanners are all of them, in the order they run in.
var Scanners = []Scanner{Checkov, Prowler}

// Finding is something a scanner demands and a resource does not have.
type Finding struct {
	Scanner Scanner `json:"scanner"`
	ID      string  `json:"id"`
	// Resource is project/type/name for checkov, with Terraform's type and Pulumi's name, and an ARN for prowler.
	Resource string `json:"resource"`
	Demand   string `json:"demand"`
}

// Judgement is what one scanner says of everything.
type Judgement struct {
	Resources int // seen
	Passed    int // checks
	Findings  []Finding
}

// Report is the result of a scan.
type Report struct {
	Scanners []Summary `json:"scanners"`
	Findings []Finding `json:"findings"` // that no waiver covers
	Waived   []Finding `json:"waived"`
	// Problems make the scan itself worthless: an expired waiver, a resource that no scanner has seen.
	Problems []string `json:"problems"`
}

// Summary counts what one scanner did.
type Summary struct {
	Scanner   Scanner `json:"scanner"`
	Resources int     `json:"resources"`
	Passed    int     `json:"passed"`
	Findings  int     `json:"findings"`
	Waived    int     `json:"waived"`
}

// Clean tells whether nothing is left to do.
func (r Report) Clean() bool { return len(r.Findings) == 0 && len(r.Problems) == 0 }

// NewReport takes from the judgements of an environment what is waived there. A waiver for another environment, or for
// a scanner that did not run, is neither used nor unused. With keepUnused, a waiver that covers nothing is no problem:
// there may be less in the environment than in others.
func NewReport(environment Environment, judgements map[Scanner]Judgement, waivers Waivers, keepUnused bool) Report {
	report := Report{Findings: []Finding{}, Waived: []Finding{}, Problems: []string{}}
	used := make([]bool, len(waivers))
	for _, scanner := range Scanners {
		judgement, ran := judgements[scanner]
		if !ran {
			continue
		}
		summary := Summary{
			Scanner: scanner, Resources: judgement.Resources, Passed: judgement.Passed, Findings: len(judgement.Findings),
		}
		findings := slices.Clone(judgement.Findings)
		slices.SortFunc(findings, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Resource, b.Resource))
		})
		for _, finding := range findings {
			if waivers.cover(finding, environment, used) {
				summary.Waived++
				report.Waived = append(report.Waived, finding)
			} else {
				report.Findings = append(report.Findings, finding)
			}
		}
		report.Scanners = append(report.Scanners, summary)
	}
	for i, waiver := range waivers {
		if _, ran := judgements[waiver.scanner()]; ran && waiver.in(environment) && !used[i] && !keepUnused {
			report.Problems = append(report.Problems, fmt.Sprintf(
				"waiver %s for %s covers no finding any more: remove it", waiver.ID, waiver.Resource))
		}
	}
	return report
}
