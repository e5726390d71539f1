package identity

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// gitHubIssuer is who signs the tokens of GitHub Actions, and the first part of the condition keys.
const gitHubIssuer = "token.actions.githubusercontent.com"

// audience is whom the tokens are for (GitHub Docs, "Configuring OpenID Connect in Amazon Web Services").
const audience = "sts.amazonaws.com"

// What GitHub allows, less what means something in an IAM condition or in the token's subject, where
// the parts are separated by colons.
var (
	repositoryForm   = regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*/[A-Za-z0-9._-]+$`)
	repositoryIDForm = regexp.MustCompile(`^[1-9][0-9]*$`)
	environmentForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	branchForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*$`)
)

// Repository says which workflows of which GitHub repository are meant.
type Repository struct {
	// Required: "owner/name", as GitHub spells it: the comparison knows upper and lower case.
	Repository string `json:"repository"`
	// Optional: the repository's number; who takes over a name that was given up has another number.
	RepositoryID string `json:"repositoryId"`
	// Optional: GitHub environment whose jobs may log in; defaults to the stack's name.
	Environment string `json:"environment"`
	// Optional: branch whose jobs may log in, instead of an environment; defaults to none.
	Branch string `json:"branch"`
}

// Validate refuses whatever would trust more than one repository's workflows, naming fields below the
// configuration key.
func (r Repository) Validate(key string) error {
	var problems []error
	refuse := func(field, value, want string) {
		problems = append(problems, fmt.Errorf("%s.%s %q: %s", key, field, value, want))
	}
	name := r.Repository[strings.LastIndex(r.Repository, "/")+1:]
	if !repositoryForm.MatchString(r.Repository) || name == "." || name == ".." {
		refuse("repository", r.Repository,
			`want exactly one repository as "owner/name", without wildcards, spaces, "repo:" or further slashes`)
	}
	if r.RepositoryID != "" && !repositoryIDForm.MatchString(r.RepositoryID) {
		refuse("repositoryId", r.RepositoryID, "want the repository's number in quotes (`gh api repos/OWNER/NAME --jq .id`)")
	}
	if r.Environment != "" && !environmentForm.MatchString(r.Environment) {
		refuse("environment", r.Environment, "want letters, digits, dots, hyphens and underscores: no wildcard, colon, slash or space")
	}
	if r.Branch != "" && (!branchForm.MatchString(r.Branch) || strings.Contains(r.Branch, "..") || strings.HasPrefix(r.Branch, "refs/")) {
		refuse("branch", r.Branch, `want the name of one branch, without wildcards, colons, spaces or "refs/heads/"`)
	}
	if r.Environment != "" && r.Branch != "" {
		problems = append(problems, fmt.Errorf(
			"%s has both environment and branch: a token has one of them in its subject, choose one", key))
	}
	return errors.Join(problems...)
}

// DeploySubject is the subject of the tokens that may deploy (GitHub Docs, "OpenID Connect reference").
func (r Repository) DeploySubject() string {
	if r.Branch != "" {
		return "repo:" + r.Repository + ":ref:refs/heads/" + r.Branch
	}
	return "repo:" + r.Repository + ":environment:" + r.Environment
}

// PullRequestSubject is the subject of the tokens of pull requests, which may only preview. GitHub
// gives pull requests from forks no token at all.
func (r Repository) PullRequestSubject() string {
	return "repo:" + r.Repository + ":pull_request"
}

// GitHubTrust lets workflows of one repository assume a role. IAM itself refuses a trust in GitHub that
// does not look at the subject (IAM User Guide, "Identity-provider controls for shared OIDC providers").
func GitHubTrust(sid, providerARN, subject, repositoryID string) policy.Statement {
	equals := map[string][]string{
		gitHubIssuer + ":aud": {audience},
		gitHubIssuer + ":sub": {subject},
	}
	if repositoryID != "" {
		equals[gitHubIssuer+":repository_id"] = []string{repositoryID}
	}
	return policy.Statement{
		Sid: sid, Effect: policy.Allow,
		Principal:  &policy.Principal{Federated: []string{providerARN}},
		Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: policy.Conditions{"StringEquals": equals},
	}
}

// GitHubProviderARN is the ARN of GitHub's identity provider, of which an account can have one.
func GitHubProviderARN(acct account.Account) string {
	return acct.GlobalARN("iam", "oidc-provider/"+gitHubIssuer)
}

// NewGitHubProvider makes GitHub known to the account. AWS checks GitHub's certificate against its own
// list of authorities, so no thumbprint is needed (IAM User Guide, "Obtain the thumbprint").
func NewGitHubProvider(
	ctx *pulumi.Context, name string, tags tagging.Tags, opts ...pulumi.ResourceOption,
) (*iam.OpenIdConnectProvider, error) {
	return iam.NewOpenIdConnectProvider(ctx, name, &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String("https://" + gitHubIssuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(audience)},
		Tags:          tags.Input(),
	}, opts...)
}
