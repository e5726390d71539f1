package scan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tarn-data/tarn/local/scan/terraform"
	"github.com/tarn-data/tarn/pkg/state"
)

// ReadMapping asks an AWS plugin for what it calls Terraform's types and properties.
func ReadMapping(ctx context.Context, plugin string) (*terraform.Mapping, error) {
	folder, err := os.MkdirTemp("", "tarn-scan-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // in the system's own folder for temporary files
	file := filepath.Join(folder, "mapping.json")
	if _, err := run(ctx, folder, nil,
		"pulumi", "package", "get-mapping", "terraform", plugin, "aws", "--out", file); err != nil {
		return nil, fmt.Errorf("asking the AWS plugin for its mapping to Terraform: %w", err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return terraform.ParseMapping(content)
}

// ReadDeployed gives what the stacks of an environment have deployed. Every project must have a stack: what is not
// there cannot be called clean.
func ReadDeployed(ctx context.Context, store state.Store, projects []string, environment string) ([]terraform.Resource, error) {
	var deployed []terraform.Resource
	for _, project := range projects {
		checkpoint, err := state.ReadCheckpoint(ctx, store, project, environment)
		if errors.Is(err, state.ErrNotFound) {
			return nil, fmt.Errorf("%s is not deployed to %s: %w", project, environment, err)
		}
		if err != nil {
			return nil, err
		}
		for _, resource := range checkpoint.Deployed() {
			deployed = append(deployed, terraform.Resource{Project: project, Resource: resource})
		}
	}
	if len(deployed) == 0 {
		return nil, fmt.Errorf("nothing is deployed to %s", environment)
	}
	return deployed, nil
}
