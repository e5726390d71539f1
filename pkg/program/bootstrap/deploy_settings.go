package bootstrap

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/identity"
	"github.com/tarn-data/tarn/pkg/policy"
)

// DeploySettings says who may deploy: the object `bootstrap:settings.deploy` of a stack file.
type DeploySettings struct {
	// Optional: make a service user for a CI system that cannot log in with OIDC; defaults to true.
	User bool `json:"user"`
	// Optional: ARN of a role that deploys the whole chain, instead of making one.
	RoleARN string `json:"roleArn"`
	// Optional: ARN of a role that previews and can change nothing, instead of making one.
	PlanRoleARN string `json:"planRoleArn"`
	// Optional: ARNs of roles that somebody else has made for jobs and crawlers, and that whoever deploys
	// may give to Glue (`mpp:settings.roles`); defaults to none.
	PassRoleARNs []string `json:"passRoleArns"`
	// Optional: longest session of a deploy role in minutes, 60 to 720; defaults to 60.
	MaxSessionMinutes int `json:"maxSessionMinutes"`
	// Optional: GitHub repositories whose workflows may log in without a key; defaults to none.
	GitHub GitHubSettings `json:"github"`
}

// GitHubSettings says which workflows may deploy: the object `bootstrap:settings.deploy.github`.
type GitHubSettings struct {
	// Optional: "owner/name" of the repository that deploys the whole chain; defaults to none.
	Repository string `json:"repository"`
	// Optional: the repository's number, in quotes; defaults to trusting the name alone.
	RepositoryID string `json:"repositoryId"`
	// Optional: GitHub environment whose jobs may deploy; defaults to the stack's name.
	Environment string `json:"environment"`
	// Optional: branch whose jobs may deploy, instead of an environment.
	Branch string `json:"branch"`
	// Optional: ARN of GitHub's identity provider; defaults to making it. An account can have only one.
	ProviderARN string `json:"providerArn"`
	// Optional: repositories that deploy one layer, by its name (datalake or mpp).
	Layers map[string]identity.Repository `json:"layers"`
}

var (
	providerForm = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\.actions\.githubusercontent\.com$`)
)

func defaultDeploy() DeploySettings {
	return DeploySettings{User: true, MaxSessionMinutes: identity.MinSessionMinutes}
}

func (d *DeploySettings) validate() error {
	var problems []error
	for _, role := range []struct{ field, arn string }{{"roleArn", d.RoleARN}, {"planRoleArn", d.PlanRoleARN}} {
		if role.arn != "" && !policy.IsRoleARN(role.arn) {
			problems = append(problems, fmt.Errorf("deploy.%s %q: want the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)", role.field, role.arn))
		}
	}
	for i, arn := range d.PassRoleARNs {
		if !policy.IsRoleARN(arn) {
			problems = append(problems, fmt.Errorf("deploy.passRoleArns[%d] %q: want the ARN of one role", i, arn))
		}
	}
	if m := d.MaxSessionMinutes; m < identity.MinSessionMinutes || m > identity.MaxSessionMinutes {
		problems = append(problems, fmt.Errorf("deploy.maxSessionMinutes is %d, IAM allows %d to %d",
			m, identity.MinSessionMinutes, identity.MaxSessionMinutes))
	}
	if d.RoleARN != "" && d.PlanRoleARN != "" && d.GitHub.Repository != "" {
		problems = append(problems, errors.New(
			"deploy.github.repository has no effect when roleArn and planRoleArn are given: whoever made these roles decides who may assume them"))
	}
	return errors.Join(append(problems, d.GitHub.validate())...)
}

func (g *GitHubSettings) validate() error {
	const key = "deploy.github"
	var problems []error
	main := g.main()
	switch {
	case g.Repository != "":
		problems = append(problems, main.Validate(key))
	case main != identity.Repository{}:
		problems = append(problems, errors.New(
			key+".repository is required with repositoryId, environment or branch: without it they say nothing"))
	case g.ProviderARN != "" && len(g.Layers) == 0:
		problems = append(problems, errors.New(key+".providerArn has no effect without a repository"))
	}
	if g.ProviderARN != "" && !providerForm.MatchString(g.ProviderARN) {
		problems = append(problems, fmt.Errorf(
			"%s.providerArn %q: want arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com", key, g.ProviderARN))
	}
	for _, name := range slices.Sorted(maps.Keys(g.Layers)) {
		if _, err := deploypolicy.ParseLayer(name); err != nil {
			problems = append(problems, fmt.Errorf("%s.layers.%s: %w", key, name, err))
			continue
		}
		problems = append(problems, g.Layers[name].Validate(key+".layers."+name))
	}
	return errors.Join(problems...)
}

// main is the repository that deploys the whole chain.
func (g *GitHubSettings) main() identity.Repository {
	return identity.Repository{
		Repository: g.Repository, RepositoryID: g.RepositoryID, Environment: g.Environment, Branch: g.Branch,
	}
}

// trusted gives the repositories with their defaults filled in: the whole chain's under "", the
// others under their layer.
func (g *GitHubSettings) trusted(environment string) map[string]identity.Repository {
	all := maps.Clone(g.Layers)
	if all == nil {
		all = map[string]identity.Repository{}
	}
	if g.Repository != "" {
		all[""] = g.main()
	}
	for name, repository := range all {
		if repository.Environment == "" && repository.Branch == "" {
			repository.Environment = environment
			all[name] = repository
		}
	}
	return all
}
