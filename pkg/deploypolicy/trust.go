package deploypolicy

import (
	"github.com/tarn-data/tarn/pkg/policy"
)

// AssumeDeployRole is the one thing the service user may do: become a deploy role.
func AssumeDeployRole(roleARN string) policy.Document {
	return policy.Document{Statements: []policy.Statement{{
		Sid: "BecomeDeployRole", Effect: policy.Allow,
		Actions: []string{"sts:AssumeRole"}, Resources: []string{roleARN},
	}}}
}
