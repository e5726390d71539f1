package bootstrap

import (
	"fmt"

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
	settings, trust := &f.config.Deploy, f.config.Deploy.trusts(f.scope.Environment, f.account)
	made := &deployers{
		user: pulumi.String(""), secret: pulumi.String(""),
		deployRole: pulumi.String(settings.RoleARN), planRole: pulumi.String(settings.PlanRoleARN),
		layerRoles: pulumi.StringMap{},
	}
	if trust.nobody() {
		return made, nil
	}
	boundary, err := f.deployBoundary(ctx)
	if err != nil {
		return nil, err
	}
	if len(trust.trusted) > 0 && settings.GitHub.ProviderARN == "" {
		// The account's other environments may use it, so it stays when a protected stack goes.
		if _, err := identity.NewGitHubProvider(ctx, "github", f.tags, f.keep()...); err != nil {
			return nil, err
		}
	}
	userARN := pulumi.String("").ToStringOutput()
	if settings.User {
		user, err := f.serviceUser(ctx, made, boundary)
		if err != nil {
			return nil, err
		}
		userARN = user.ARN
	}
	if settings.RoleARN == "" && len(trust.chain("")) > 0 {
		role, err := f.role(ctx, roleArgs{
			name: "deploy", physical: deploypolicy.DeployRoleName(f.scope), purpose: "Deploys the whole chain", boundary: boundary,
			user: userARN, trust: trust.chain,
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
		statements := trust.layer(layer)
		if len(statements) == 0 {
			continue
		}
		role, err := f.role(ctx, roleArgs{
			name: "deploy-" + string(layer), physical: deploypolicy.LayerRoleName(f.scope, layer),
			purpose: "Deploys " + string(layer), boundary: boundary, user: userARN,
			trust:  func(string) []policy.Statement { return statements },
			access: func(p *deploypolicy.Params) ([]policy.Document, error) { return deploypolicy.Deploy(p, layer) },
		})
		if err != nil {
			return nil, err
		}
		made.layerRoles[string(layer)] = role.ARN
	}
	if statements := trust.plan(); settings.PlanRoleARN == "" && len(statements) > 0 {
		role, err := f.role(ctx, roleArgs{
			name: "plan", physical: deploypolicy.PlanRoleName(f.scope), purpose: "Previews, and can change nothing",
			boundary: boundary, user: userARN,
			trust:  func(string) []policy.Statement { return statements },
			access: deploypolicy.Plan,
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
	user, err := identity.NewServiceUser(ctx, "ci", &identity.ServiceUserArgs{
		Name:          deploypolicy.UserName(f.scope),
		Path:          f.scope.DeployPath(),
		DeployRoleARN: f.config.Deploy.assumedRole(f.params),
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

// assumedRole is the one role the service user may become.
func (s *DeploySettings) assumedRole(p *deploypolicy.Params) string {
	if s.RoleARN != "" {
		return s.RoleARN
	}
	return p.RoleARN(deploypolicy.DeployRoleName(p.Scope))
}

// roleArgs is what differs between the deploy roles.
type roleArgs struct {
	name, physical, purpose string
	boundary                pulumi.StringOutput
	user                    pulumi.StringOutput // empty without a service user
	trust                   func(userARN string) []policy.Statement
	access                  func(p *deploypolicy.Params) ([]policy.Document, error)
}

func (f *foundation) role(ctx *pulumi.Context, args roleArgs) (*identity.DeployRole, error) {
	access, err := f.documents(args.access)
	if err != nil {
		return nil, fmt.Errorf("role %s: %w", args.physical, err)
	}
	return identity.NewDeployRole(ctx, args.name, &identity.DeployRoleArgs{
		Name:    args.physical,
		Path:    f.scope.DeployPath(),
		Purpose: args.purpose,
		Trust: identity.Document{
			Values: pulumi.StringMap{"user": args.user},
			Build: func(v map[string]string) (policy.Document, error) {
				return policy.Document{Statements: args.trust(v["user"])}, nil
			},
		},
		Access:            access,
		BoundaryARN:       args.boundary,
		MaxSessionMinutes: f.config.Deploy.MaxSessionMinutes,
		Tags:              f.tags,
	})
}
