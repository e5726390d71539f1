package bootstrap

import (
	"strings"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/identity"
	"github.com/tarn-data/tarn/pkg/policy"
)

// trusts says who may become which role.
type trusts struct {
	settings *DeploySettings
	trusted  map[string]identity.Repository // by layer; the whole chain's under ""
	provider string                         // ARN of GitHub's identity provider
}

func (s *DeploySettings) trusts(environment string, acct account.Account) trusts {
	provider := s.GitHub.ProviderARN
	if provider == "" {
		provider = identity.GitHubProviderARN(acct)
	}
	return trusts{settings: s, trusted: s.GitHub.trusted(environment), provider: provider}
}

// nobody reports whether nobody could become any role.
func (t trusts) nobody() bool { return !t.settings.User && len(t.trusted) == 0 }

// chain is who may become the role of the whole chain. Nobody may when there is no statement.
func (t trusts) chain(userARN string) []policy.Statement {
	var statements []policy.Statement
	if t.settings.User {
		statements = append(statements, policy.AssumedBy("ServiceUser", userARN))
	}
	if repository, found := t.trusted[""]; found {
		statements = append(statements, t.deploy(repository))
	}
	return statements
}

// layer is who may become the role of one layer.
func (t trusts) layer(layer deploypolicy.Layer) []policy.Statement {
	if repository, found := t.trusted[string(layer)]; found {
		return []policy.Statement{t.deploy(repository)}
	}
	return nil
}

// plan is who may become the plan role: pull requests of every repository that deploys something. Each
// has a statement of its own, so that a number never goes with another repository's name.
func (t trusts) plan() []policy.Statement {
	var statements []policy.Statement
	for _, layer := range append([]deploypolicy.Layer{""}, deploypolicy.Deployed()...) {
		if r, found := t.trusted[string(layer)]; found {
			sid := "PullRequests" + strings.ToUpper(string(layer))
			statements = append(statements, identity.GitHubTrust(sid, t.provider, r.PullRequestSubject(), r.RepositoryID))
		}
	}
	return statements
}

func (t trusts) deploy(r identity.Repository) policy.Statement {
	return identity.GitHubTrust("GitHub", t.provider, r.DeploySubject(), r.RepositoryID)
}
