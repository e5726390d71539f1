package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tarn-data/tarn/local/scan/terraform"
)

// RunCheckov has checkov judge the resources of a plan. python is the interpreter of its environment.
func RunCheckov(ctx context.Context, python string, plan *terraform.Plan) (Judgement, error) {
	folder, err := os.MkdirTemp("", "tarn-scan-")
	if err != nil {
		return Judgement{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // in the system's own folder for temporary files
	raw, err := json.MarshalIndent(plan, "", " ")
	if err != nil {
		return Judgement{}, err
	}
	file := filepath.Join(folder, "plan.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return Judgement{}, err
	}
	output, err := run(ctx, folder, []string{"LOG_LEVEL=ERROR"}, python, "-m", "checkov.main", "--file", file,
		"--framework", "terraform_plan", "--check", "CKV_AWS_*,CKV2_AWS_*", "--output", "json", "--compact",
		"--skip-download", // of guidelines for a report that nobody asked for
		"--soft-fail")     // a finding is no failure of the program
	if err != nil {
		return Judgement{}, fmt.Errorf("checkov: %w", err)
	}
	return parseCheckov(output, plan)
}

func parseCheckov(output []byte, plan *terraform.Plan) (Judgement, error) {
	var answer struct {
		Results struct {
			Failed []struct {
				ID       string `json:"check_id"`
				Name     string `json:"check_name"`
				Resource string `json:"resource"`
			} `json:"failed_checks"`
			ParsingErrors []string `json:"parsing_errors"`
		} `json:"results"`
		Summary struct {
			Passed        int `json:"passed"`
			Failed        int `json:"failed"`
			ParsingErrors int `json:"parsing_errors"`
			Resources     int `json:"resource_count"`
		} `json:"summary"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return Judgement{}, fmt.Errorf("checkov's answer: %w", err)
	}
	if answer.Summary.ParsingErrors > 0 {
		return Judgement{}, fmt.Errorf("checkov could not read: %s", strings.Join(answer.Results.ParsingErrors, ", "))
	}
	if answer.Summary.Resources != plan.Resources() {
		return Judgement{}, fmt.Errorf("checkov saw %d of %d resources", answer.Summary.Resources, plan.Resources())
	}
	judgement := Judgement{Resources: answer.Summary.Resources, Passed: answer.Summary.Passed}
	for _, failed := range answer.Results.Failed {
		label, known := plan.Label(failed.Resource)
		if !known {
			return Judgement{}, fmt.Errorf("checkov names a resource that was not given to it: %s", failed.Resource)
		}
		judgement.Findings = append(judgement.Findings,
			Finding{Scanner: Checkov, ID: failed.ID, Resource: label, Demand: failed.Name})
	}
	if len(judgement.Findings) != answer.Summary.Failed {
		return Judgement{}, fmt.Errorf("checkov counts %d findings and lists %d", answer.Summary.Failed, len(judgement.Findings))
	}
	return judgement, nil
}
