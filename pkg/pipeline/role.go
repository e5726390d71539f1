package pipeline

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// Roles are the roles of a pipeline that somebody else has made.
type Roles struct {
	// Optional: ARN of the role of the jobs; defaults to making it.
	Job string `json:"job"`
	// Optional: ARN of the role of the domain's crawler; defaults to making it. One pipeline of the domain names it.
	Crawler string `json:"crawler"`
}

// Validate refuses what is not the ARN of a role.
func (r Roles) Validate() error {
	var problems []error
	for _, given := range []struct{ field, arn string }{{"job", r.Job}, {"crawler", r.Crawler}} {
		if given.arn != "" && !policy.IsRoleARN(given.arn) {
			problems = append(problems, fmt.Errorf("%s %q: want the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)", given.field, given.arn))
		}
	}
	return errors.Join(problems...)
}

// role is an IAM role and what must be there before anything runs with it.
type role struct {
	arn   pulumi.StringOutput
	known string // the same ARN, known before the role is made
	ready []pulumi.Resource
}

// roleARN is the ARN that a role of the environment will have.
func (e *Environment) roleARN(physical string) string {
	return e.Account.GlobalARN("iam", "role"+e.Scope.Path()+physical)
}

// makeRole makes a role that Glue takes, unless one was given. The document is rendered from what only the deployment
// knows; more adds to that.
func (b *base) makeRole(
	ctx *pulumi.Context, name, physical, given string, more pulumi.StringMap, document func(map[string]string) policy.Document,
) (*role, error) {
	if given != "" {
		return &role{arn: pulumi.String(given).ToStringOutput(), known: given}, nil
	}
	trust, err := policy.ServiceTrust("glue.amazonaws.com", b.Account.ID).JSON()
	if err != nil {
		return nil, err
	}
	made, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:             pulumi.String(physical),
		Path:             pulumi.String(b.Scope.Path()),
		AssumeRolePolicy: pulumi.String(trust),
		// Whoever deploys may make roles only with this boundary.
		PermissionsBoundary: b.lake.BoundaryARN,
		Tags:                b.tags(),
	}, pulumi.Parent(b.owner))
	if err != nil {
		return nil, err
	}
	lake := b.lake
	values := pulumi.StringMap{
		"key": lake.KeyARN, "raw": lake.RawBucket, "staged": lake.StagedBucket, "analytics": lake.AnalyticsBucket,
		"quarantine": lake.QuarantineBucket, "artifacts": lake.ArtifactsBucket,
		"rawDatabase": lake.RawDatabase, "stagedDatabase": lake.StagedDatabase,
		"analyticsDatabase": lake.AnalyticsDatabase, "quarantineDatabase": lake.QuarantineDatabase,
	}
	for key, value := range more {
		values[key] = value
	}
	attached, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Name: pulumi.String("access"), Role: made.Name, Policy: policy.Render(values, document),
	}, pulumi.Parent(b.owner))
	if err != nil {
		return nil, err
	}
	return &role{arn: made.Arn, known: b.roleARN(physical), ready: []pulumi.Resource{attached}}, nil
}

// checkRole refuses a role that IAM would refuse only when it is made: its name, and the size of its policy with the
// names that the lake's own buckets, databases and keys have.
func (b *base) checkRole(physical, given string, document func(map[string]string) policy.Document, fix string) error {
	if given != "" {
		return nil
	}
	if len(physical) > naming.MaxRole {
		return fmt.Errorf("role name %q has %d characters, IAM allows %d: shorten the name of the pipeline or the domain",
			physical, len(physical), naming.MaxRole)
	}
	size, err := document(b.longest()).Size()
	if err != nil {
		return fmt.Errorf("policy of role %s: %w", physical, err)
	}
	if size > policy.MaxInlineRole {
		return fmt.Errorf("the policy of role %s has %d characters, IAM allows %d: %s", physical, size, policy.MaxInlineRole, fix)
	}
	return nil
}

// longest gives values as long as those that a lake of this scope has.
func (b *base) longest() map[string]string {
	bucket := func(zone string) string { return b.Scope.Bucket(zone, b.Account.ID, b.Account.Region) }
	database := func(zone string) string { return b.Scope.Database(zone) + "_" + b.domain }
	return map[string]string{
		"key": b.Account.ARN("kms", "key/mrk-0123456789abcdef0123456789abcdef"), "raw": bucket("raw"), "staged": bucket("staged"),
		"analytics": bucket("analytics"), "quarantine": bucket("quarantine"), "artifacts": bucket("artifacts"),
		"rawDatabase": database("raw"), "stagedDatabase": database("staged"), "analyticsDatabase": database("analytics"),
		"quarantineDatabase": database("quarantine"), "queue": b.Account.ARN("sqs", b.Scope.Name(b.domain, "arrivals")),
	}
}
