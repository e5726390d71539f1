package contract

import (
	"encoding/json"
	"errors"
	"fmt"
)

// DeployedBootstrap is the outputs of a bootstrap stack as plain values. It crosses to the driver, not
// to another stack. What the stack was told not to make is empty.
type DeployedBootstrap struct {
	StateBucket        string            `json:"stateBucket"`
	StateReplicaBucket string            `json:"stateReplicaBucket"`
	LockTable          string            `json:"lockTable"`
	KeyARN             string            `json:"keyArn"`
	KeyAlias           string            `json:"keyAlias"`
	SecretsProvider    string            `json:"secretsProvider"`
	BoundaryARN        string            `json:"boundaryArn"`
	CIUser             string            `json:"ciUser"`
	AccessKeySecret    string            `json:"accessKeySecret"`
	DeployRoleARN      string            `json:"deployRoleArn"`
	PlanRoleARN        string            `json:"planRoleArn"`
	LayerRoleARNs      map[string]string `json:"layerRoleArns"`
}

// BootstrapOf reads the outputs of a bootstrap stack, as the Automation API gives them. It fails when
// one that every stack has is missing: the stack was never deployed, or by an older program.
func BootstrapOf(outputs map[string]any) (DeployedBootstrap, error) {
	raw, err := json.Marshal(outputs)
	if err != nil {
		return DeployedBootstrap{}, fmt.Errorf("reading the outputs of the bootstrap stack: %w", err)
	}
	var deployed DeployedBootstrap
	if err := json.Unmarshal(raw, &deployed); err != nil {
		return DeployedBootstrap{}, fmt.Errorf("reading the outputs of the bootstrap stack: %w", err)
	}
	var problems []error
	for _, required := range []struct{ output, value string }{
		{outStateBucket, deployed.StateBucket}, {outLockTable, deployed.LockTable}, {outKeyARN, deployed.KeyARN},
		{outSecretsProvider, deployed.SecretsProvider}, {outBoundaryARN, deployed.BoundaryARN},
	} {
		if required.value == "" {
			problems = append(problems, fmt.Errorf("the bootstrap stack has no output %q: deploy the project again", required.output))
		}
	}
	return deployed, errors.Join(problems...)
}
