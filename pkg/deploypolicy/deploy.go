package deploypolicy

import "github.com/tarn-data/tarn/pkg/policy"

// Deploy gives the policies of a role that deploys the layers.
func Deploy(p *Params, layers ...Layer) ([]policy.Document, error) {
	return []policy.Document{{Statements: append(guard(p), writeState(p, layers)...)}}, nil
}

// Plan gives the policies of the role that previews every layer and can change nothing.
func Plan(p *Params) ([]policy.Document, error) {
	return []policy.Document{{Statements: readState(p)}}, nil
}

// DeployBoundary is the most that an identity which deploys can ever do.
func DeployBoundary(p *Params) (policy.Document, error) {
	return policy.Document{Statements: append(guard(p), writeState(p, Deployed())...)}, nil
}
