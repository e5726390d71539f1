package bootstrap

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/identity"
	"github.com/tarn-data/tarn/pkg/policy"
)

// secretRecoveryDays is how long a deleted access key secret can be had back where things are
// protected; the longest that Secrets Manager allows.
const secretRecoveryDays = 30

// deployers are the identities that deploy; what was not made is an empty string.
type deployers struct {
	user, secret, deployRole, planRole pulumi.StringInput
	layerRoles                         pulumi.StringMap
}

// deployers makes whoever the settings say. A role that nobody could become is not made.
func (f *foundation) deployers(ctx *pulumi.Context) (*deployers, error) {
	settings := f.config.Deploy
	made := &deployers{
		user: pulumi.String(""), secret: pulumi.String(""),
		deployRole: pulumi.String(settings.RoleARN), planRole: pulumi.String(settings.PlanRoleARN),
		layerRoles: pulumi.StringMap{},
	}
	trusted := settings.GitHub.trusted(ctx.Stack())
	if !settings.User && len(trusted) == 0 {
		return made, nil
	}
	boundary, err := f.deployBoundary(ctx)
	if err != nil {
		return nil, err
	}
	github, err := f.gitHub(ctx, trusted)
	if err != nil {
		return nil, err
	}
	var trust []policy.Statement
	var userARN pulumi.StringOutput
	if settings.User {
		user, err := f.serviceUser(ctx, made, boundary)
		if err != nil {
			return nil, err
		}
		userARN = user.ARN
	}
	main, byGitHub := trusted[""]
	if byGitHub {
		trust = append(trust, github.deploy("GitHub", main))
	}
	if settings.RoleARN == "" && (settings.User || byGitHub) {
		role, err := f.role(ctx, roleArgs{
			name: "deploy", physical: deploypolicy.DeployRoleName(f.scope), purpose: "Deploys the whole chain",
			trust: trust, user: userARN, byUser: settings.User, boundary: boundary,
			access: func(p *deploypolicy.Params) ([]policy.Document, error) {
				return deploypolicy.Deploy(p, deploypolicy.Chain()...)
			},
		})
		if err != nil {
			return nil, err
		}
		made.deployRole = role.ARN
	}
	for _, layer := range deploypolicy.Deployed() {
		repository, found := trusted[string(layer)]
		if !found {
			continue
		}
		role, err := f.role(ctx, roleArgs{
			name: "deploy-" + string(layer), physical: deploypolicy.LayerRoleName(f.scope, layer),
			purpose: "Deploys " + string(layer), trust: []policy.Statement{github.deploy("GitHub", repository)}, boundary: boundary,
			access: func(p *deploypolicy.Params) ([]policy.Document, error) { return deploypolicy.Deploy(p, layer) },
		})
		if err != nil {
			return nil, err
		}
		made.layerRoles[string(layer)] = role.ARN
	}
	if settings.PlanRoleARN == "" && len(trusted) > 0 {
		role, err := f.role(ctx, roleArgs{
			name: "plan", physical: deploypolicy.PlanRoleName(f.scope), purpose: "Previews, and can change nothing",
			trust: github.pullRequests(trusted), boundary: boundary, access: deploypolicy.Plan,
		})
		if err != nil {
			return nil, err
		}
		made.planRole = role.ARN
	}
	return made, nil
}

// serviceUser makes the user and the empty secret for its access key.
func (f *foundation) serviceUser(
	ctx *pulumi.Context, made *deployers, boundary pulumi.StringOutput,
) (*identity.ServiceUser, error) {
	role := f.config.Deploy.RoleARN
	if role == "" {
		role = f.params.RoleARN(deploypolicy.DeployRoleName(f.scope))
	}
	user, err := identity.NewServiceUser(ctx, "ci", &identity.ServiceUserArgs{
		Name:          deploypolicy.UserName(f.scope),
		Path:          f.scope.DeployPath(),
		DeployRoleARN: role,
		BoundaryARN:   boundary,
		Tags:          f.tags,
	})
	if err != nil {
		return nil, err
	}
	recovery := 0
	if f.config.Protect {
		recovery = secretRecoveryDays
	}
	secret, err := identity.NewAccessKeySecret(ctx, "ci-access-key", &identity.AccessKeySecretArgs{
		Name:         deploypolicy.SecretName(f.scope),
		UserName:     deploypolicy.UserName(f.scope),
		KeyARN:       f.keyARN,
		RecoveryDays: recovery,
		Tags:         f.tags,
	})
	if err != nil {
		return nil, err
	}
	made.user, made.secret = user.Name, secret.ARN
	return user, nil
}

// gitHub is the identity provider that the trusts name.
type gitHub struct{ providerARN string }

func (f *foundation) gitHub(ctx *pulumi.Context, trusted map[string]identity.Repository) (gitHub, error) {
	given := f.config.Deploy.GitHub.ProviderARN
	if given != "" || len(trusted) == 0 {
		return gitHub{given}, nil
	}
	// The account's other environments may use it, so it stays when a protected stack goes.
	_, err := identity.NewGitHubProvider(ctx, "github", f.tags, f.keep()...)
	return gitHub{identity.GitHubProviderARN(f.account)}, err
}

func (g gitHub) deploy(sid string, r identity.Repository) policy.Statement {
	return identity.GitHubTrust(sid, g.providerARN, r.DeploySubject(), r.RepositoryID)
}

// pullRequests trusts the pull requests of every repository that deploys something. Each has a
// statement of its own, so that a number never goes with another repository's name.
func (g gitHub) pullRequests(trusted map[string]identity.Repository) []policy.Statement {
	var statements []policy.Statement
	for _, layer := range append([]deploypolicy.Layer{""}, deploypolicy.Deployed()...) {
		if r, found := trusted[string(layer)]; found {
			sid := "PullRequests" + strings.ToUpper(string(layer))
			statements = append(statements, identity.GitHubTrust(sid, g.providerARN, r.PullRequestSubject(), r.RepositoryID))
		}
	}
	return statements
}

// roleArgs is what differs between the deploy roles.
type roleArgs struct {
	name, physical, purpose string
	trust                   []policy.Statement
	user                    pulumi.StringOutput
	byUser                  bool
	boundary                pulumi.StringOutput
	access                  func(p *deploypolicy.Params) ([]policy.Document, error)
}

func (f *foundation) role(ctx *pulumi.Context, args roleArgs) (*identity.DeployRole, error) {
	access, err := f.documents(args.access)
	if err != nil {
		return nil, fmt.Errorf("role %s: %w", args.physical, err)
	}
	trust := identity.Document{
		Values: pulumi.StringMap{},
		Build: func(map[string]string) (policy.Document, error) {
			return policy.Document{Statements: args.trust}, nil
		},
	}
	if args.byUser {
		trust.Values["user"] = args.user
		trust.Build = func(v map[string]string) (policy.Document, error) {
			return policy.Document{Statements: append([]policy.Statement{policy.AssumedBy("ServiceUser", v["user"])}, args.trust...)}, nil
		}
	}
	return identity.NewDeployRole(ctx, args.name, &identity.DeployRoleArgs{
		Name:              args.physical,
		Path:              f.scope.DeployPath(),
		Purpose:           args.purpose,
		Trust:             trust,
		Access:            access,
		BoundaryARN:       args.boundary,
		MaxSessionMinutes: f.config.Deploy.MaxSessionMinutes,
		Tags:              f.tags,
	})
}
