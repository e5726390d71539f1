package bootstrap

import (
	"fmt"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/encryption"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/settings"
)

// Kinds are the kinds of documents that Documents gives.
var Kinds = []string{"bootstrap", "deploy", "plan", "state", "boundary", "deploy-boundary", "user", "trust", "key", "data-key"}

// NamedDocument is a policy and the name that the program gives it.
type NamedDocument struct {
	Name     string
	Document policy.Document
}

// ParseSettings reads the object `bootstrap:settings` of a stack file, given as JSON.
func ParseSettings(raw []byte) (*Settings, error) {
	config := defaults()
	if err := settings.Decode(raw, &config); err != nil {
		return nil, err
	}
	return &config, nil
}

// Documents gives the policies of a kind as the program would make them, for somebody who makes the
// roles elsewhere. It calls nobody: a key that the settings do not name is a stand-in. A layer limits
// the kinds deploy, state and trust to that layer's role; empty means the whole chain.
func Documents(
	config *Settings, environment string, acct account.Account, kind string, layer deploypolicy.Layer,
) ([]NamedDocument, error) {
	scope := config.scope(environment)
	p := config.params(scope, acct)
	if err := p.Validate(); err != nil {
		return nil, err
	}
	layers, role := deploypolicy.Chain(), deploypolicy.DeployRoleName(scope)
	if layer != "" {
		layers, role = []deploypolicy.Layer{layer}, deploypolicy.LayerRoleName(scope, layer)
	}
	one := func(name string, document policy.Document, err error) ([]NamedDocument, error) {
		return []NamedDocument{{name, document}}, err
	}
	switch kind {
	case "bootstrap":
		documents, err := deploypolicy.Administer(p)
		return numbered(scope.Name("bootstrap"), documents, err)
	case "deploy":
		documents, err := deploypolicy.Deploy(p, layers...)
		return numbered(role, documents, err)
	case "plan":
		documents, err := deploypolicy.Plan(p)
		return numbered(deploypolicy.PlanRoleName(scope), documents, err)
	case "state":
		return one(scope.Name("state-access"), deploypolicy.State(p, layers...), nil)
	case "boundary":
		return one(deploypolicy.WorkloadBoundaryName(scope), deploypolicy.WorkloadBoundary(p), nil)
	case "deploy-boundary":
		document, err := deploypolicy.DeployBoundary(p)
		return one(deploypolicy.DeployBoundaryName(scope), document, err)
	case "user":
		return one(deploypolicy.UserName(scope), deploypolicy.AssumeDeployRole(config.Deploy.assumedRole(p)), nil)
	case "trust":
		return config.trustDocuments(p, environment, layer), nil
	case "key":
		return one("key", encryption.Policy(acct, false), nil)
	case "data-key":
		return one("data-key", encryption.Policy(acct, true), nil)
	default:
		return nil, fmt.Errorf("there is no document %q: want one of %v", kind, Kinds)
	}
}

// trustDocuments gives the trust of every role that somebody may become.
func (s *Settings) trustDocuments(p *deploypolicy.Params, environment string, only deploypolicy.Layer) []NamedDocument {
	trust := s.Deploy.trusts(environment, p.Account)
	var out []NamedDocument
	add := func(name string, statements []policy.Statement) {
		if len(statements) > 0 {
			out = append(out, NamedDocument{name + "-trust", policy.Document{Statements: statements}})
		}
	}
	if only == "" {
		add(deploypolicy.DeployRoleName(p.Scope), trust.chain(p.UserARN()))
		add(deploypolicy.PlanRoleName(p.Scope), trust.plan())
	}
	for _, layer := range deploypolicy.Deployed() {
		if only == "" || only == layer {
			add(deploypolicy.LayerRoleName(p.Scope, layer), trust.layer(layer))
		}
	}
	return out
}

// numbered names a role's policies as identity.NewDeployRole does.
func numbered(role string, documents []policy.Document, err error) ([]NamedDocument, error) {
	var out []NamedDocument
	for i, document := range documents {
		out = append(out, NamedDocument{fmt.Sprintf("%s-access-%d", role, i+1), document})
	}
	return out, err
}
