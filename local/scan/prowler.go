package scan

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/local/scan/terraform"
)

//go:embed prowler_checks.py
var prowlerChecks []byte

// ProwlerServices are those whose checks run.
var ProwlerServices = []string{"athena", "dynamodb", "glue", "kms", "s3"}

// judgedByProwler are the types that the checks look at. Whatever of them is deployed has to turn up in the answer.
var judgedByProwler = []string{
	"aws:athena/workgroup:Workgroup", "aws:dynamodb/table:Table", "aws:glue/job:Job", "aws:kms/key:Key",
	"aws:s3/bucketV2:BucketV2",
}

// accountWide are settings of a whole account that Tarn makes, by the end of the ARN that prowler gives them.
var accountWide = []string{":data-catalog"}

// ProwlerOptions say what prowler looks at.
type ProwlerOptions struct {
	Python   string // the interpreter of its environment
	Region   string // the environment's own
	Deployed []terraform.Resource
	// OnlyDeployed leaves out what others have in the account.
	OnlyDeployed bool
}

// regions are those with something deployed in them: a replica is in another one.
func (o ProwlerOptions) regions() []string {
	regions := []string{o.Region}
	for _, resource := range o.Deployed {
		arn, _ := resource.Outputs["arn"].(string)
		bucket, _ := resource.Outputs["region"].(string) // a bucket's ARN does not say
		for _, region := range []string{regionOf(arn), bucket} {
			if region != "" && !slices.Contains(regions, region) {
				regions = append(regions, region)
			}
		}
	}
	return regions
}

// regionOf is empty for what is in no region, or does not say so.
func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[3]
}

// judges tells whether a result counts. In other regions than its own the environment has single resources only.
func (o ProwlerOptions) judges(arn string, deployed bool) bool {
	switch region := regionOf(arn); {
	case deployed:
		return true
	case region != "" && region != o.Region:
		return false
	case !o.OnlyDeployed:
		return true
	default:
		return slices.ContainsFunc(accountWide, func(end string) bool { return strings.HasSuffix(arn, end) })
	}
}

// RunProwler has prowler judge the account that the process's environment points at.
func RunProwler(ctx context.Context, o ProwlerOptions) (Judgement, error) {
	folder, err := os.MkdirTemp("", "tarn-scan-")
	if err != nil {
		return Judgement{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // in the system's own folder for temporary files
	script := filepath.Join(folder, "prowler_checks.py")
	if err := os.WriteFile(script, prowlerChecks, 0o600); err != nil {
		return Judgement{}, err
	}
	args := append([]string{o.Python, script, strings.Join(o.regions(), ",")}, ProwlerServices...)
	output, err := run(ctx, folder, nil, args...)
	if err != nil {
		return Judgement{}, fmt.Errorf("prowler: %w", err)
	}
	return parseProwler(output, o)
}

func parseProwler(output []byte, o ProwlerOptions) (Judgement, error) {
	var answer struct {
		Checks  []string `json:"checks"`
		Results []struct {
			ID       string `json:"id"`
			Status   string `json:"status"`
			Resource string `json:"resource"`
			Demand   string `json:"demand"`
		} `json:"results"`
		Errors []string `json:"errors"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return Judgement{}, fmt.Errorf("prowler's answer: %w", err)
	}
	if len(answer.Errors) > 0 {
		return Judgement{}, fmt.Errorf("prowler could not see everything:\n%s", strings.Join(answer.Errors, "\n"))
	}
	if len(answer.Checks) == 0 {
		return Judgement{}, errors.New("prowler ran no check")
	}
	judgement := Judgement{}
	deployed, seen := map[string]bool{}, map[string]bool{}
	for _, resource := range o.Deployed {
		if arn, ok := resource.Outputs["arn"].(string); ok {
			deployed[arn] = true
		}
	}
	for _, result := range answer.Results {
		if !o.judges(result.Resource, deployed[result.Resource]) {
			continue
		}
		seen[result.Resource] = true
		switch result.Status {
		case "PASS":
			judgement.Passed++
		case "FAIL", "MANUAL": // the latter for what prowler cannot tell, which is not good either
			judgement.Findings = append(judgement.Findings,
				Finding{Scanner: Prowler, ID: result.ID, Resource: result.Resource, Demand: result.Demand})
		default:
			return Judgement{}, fmt.Errorf("prowler says %q of %s, which is new", result.Status, result.Resource)
		}
	}
	judgement.Resources = len(seen)
	var missed []error
	for _, resource := range o.Deployed {
		arn, _ := resource.Outputs["arn"].(string)
		if slices.Contains(judgedByProwler, resource.Type) && !seen[arn] {
			missed = append(missed, fmt.Errorf("prowler has not seen %s (%s)", resource.URN, arn))
		}
	}
	return judgement, errors.Join(missed...)
}
