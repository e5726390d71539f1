package datalake

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// personasType is the type token of the component that holds the roles of the personas.
const personasType = "tarn:access:Personas"

// bucketReserve is room in each bucket policy for statements that have nothing to do with personas: TLS, the key,
// the network, the delivery of logs.
const bucketReserve = 4096

// checkAccess checks the policies that follow from the personas before anything is made.
func (l *lake) checkAccess() error {
	rights := l.access()
	if len(rights.Settings.Personas) == 0 {
		return nil
	}
	if err := errors.Join(rights.Settings.ValidateIn(l.account, l.scope), rights.CheckDeployer(l.account.Caller)); err != nil {
		return err
	}
	problems := []error{rights.Check()}
	for _, kind := range zone.Kinds {
		problems = append(problems, rights.CheckBucketPolicy(kind, policy.Document{Statements: l.accessStatements(kind)}, bucketReserve))
	}
	return errors.Join(problems...)
}

// access is what the policies are written from.
func (l *lake) access() *access.Lake {
	return &access.Lake{Account: l.account, Scope: l.scope, Domains: l.config.Domains, Settings: l.config.Access}
}

// accessStatements is what the bucket policy of a zone says about who may do what there.
func (l *lake) accessStatements(kind zone.Kind) []policy.Statement {
	return l.access().BucketStatements(kind)
}

// makeAccess makes the roles of the personas and the policy of the lake's key.
func (l *lake) makeAccess(ctx *pulumi.Context) error {
	if l.ownsKey {
		if err := l.keyPolicy(ctx); err != nil {
			return fmt.Errorf("policy of the data key: %w", err)
		}
	}
	if len(l.config.Access.Personas) == 0 {
		return nil
	}
	roles := &personas{}
	if err := ctx.RegisterComponentResource(personasType, "personas", roles); err != nil {
		return err
	}
	arns := pulumi.StringMap{}
	for _, name := range l.config.Access.Names() {
		arn, err := l.persona(ctx, name, roles)
		if err != nil {
			return fmt.Errorf("access.personas.%s: %w", name, err)
		}
		arns[name], l.roles[name] = arn, arn
	}
	return ctx.RegisterResourceOutputs(roles, pulumi.Map{"roleArns": arns})
}

// personas is the component above the roles.
type personas struct{ pulumi.ResourceState }

// keyPolicy says who may use the key that the bootstrap project has made. When this stack goes the key keeps the
// policy: deleting it would make the provider write AWS's default, which lets the whole account in.
func (l *lake) keyPolicy(ctx *pulumi.Context) error {
	document, err := l.access().KeyPolicy().JSON()
	if err != nil {
		return err
	}
	// The provider reads the key's id back, so that an ARN would be a change for ever.
	id := l.keyARN.ApplyT(func(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }).(pulumi.StringOutput)
	_, err = kms.NewKeyPolicy(ctx, "data-key-policy", &kms.KeyPolicyArgs{KeyId: id, Policy: pulumi.String(document)},
		pulumi.RetainOnDelete(true))
	return err
}

// persona makes the role of a persona, unless one was given.
func (l *lake) persona(ctx *pulumi.Context, name string, parent pulumi.Resource) (pulumi.StringOutput, error) {
	none := pulumi.StringOutput{}
	rights, configured := l.access(), l.config.Access.Personas[name]
	if configured.RoleARN != "" {
		return pulumi.String(configured.RoleARN).ToStringOutput(), nil
	}
	trust, err := rights.Trust(name).JSON()
	if err != nil {
		return none, err
	}
	session := configured.SessionMinutes
	if session == 0 {
		session = access.DefaultSessionMinutes
	}
	role, err := iam.NewRole(ctx, "persona-"+name, &iam.RoleArgs{
		Name:                pulumi.String(access.RoleName(l.scope, name)),
		Path:                pulumi.String(l.scope.Path()),
		Description:         pulumi.String("Tarn: the persona " + name),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: l.boundaryARN,
		MaxSessionDuration:  pulumi.Int(session * 60),
		Tags:                l.tags.Input(),
	}, pulumi.Parent(parent))
	if err != nil {
		return none, err
	}
	_, err = iam.NewRolePolicy(ctx, "persona-"+name+"-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("access"),
		Role: role.Name,
		Policy: policy.Render(pulumi.StringMap{"key": l.keyARN}, func(v map[string]string) policy.Document {
			return rights.Identity(name, v["key"])
		}),
	}, pulumi.Parent(parent))
	return role.Arn, err
}
