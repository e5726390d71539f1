package catalog

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/athena"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// SharedWorkgroup is the name of the Athena workgroup that is no persona's own.
func SharedWorkgroup(scope naming.Scope) string {
	return scope.Name(Shared)
}

// WorkgroupName is the name of the Athena workgroup of a persona.
func WorkgroupName(scope naming.Scope, persona string) string {
	return scope.Name(persona)
}

// ResultPrefix is the folder of the athena-results zone for the results of a workgroup's queries.
func ResultPrefix(workgroup string) string {
	return workgroup + "/"
}

// WorkgroupArgs configures the Athena workgroups of a lake.
type WorkgroupArgs struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: the catalog's settings, for the limits of personas.
	Settings Settings
	// Required: most bytes that one query may read.
	ScanLimitBytes int
	// Required: the athena-results bucket.
	Bucket pulumi.StringOutput
	// Required: the account that the bucket is of.
	AccountID string
	// Required: the key that results are encrypted with.
	KeyARN pulumi.StringOutput
	// Optional: a workgroup goes with its history and named queries; defaults to false.
	ForceDestroy bool
	// Required: tags of every resource.
	Tags tagging.Tags
}

// NewSharedWorkgroup makes the Athena workgroup that is no persona's own.
func NewSharedWorkgroup(ctx *pulumi.Context, args *WorkgroupArgs, opts ...pulumi.ResourceOption) (*athena.Workgroup, error) {
	return newWorkgroup(ctx, "workgroup", SharedWorkgroup(args.Scope), "Questions to the lake", args.ScanLimitBytes, args, opts...)
}

// NewWorkgroup makes the Athena workgroup of a persona.
func NewWorkgroup(ctx *pulumi.Context, persona string, args *WorkgroupArgs, opts ...pulumi.ResourceOption) (*athena.Workgroup, error) {
	return newWorkgroup(ctx, "workgroup-"+persona, WorkgroupName(args.Scope, persona),
		fmt.Sprintf("Questions of the persona %s", persona), args.Settings.scanLimit(persona, args.ScanLimitBytes), args, opts...)
}

// newWorkgroup makes a workgroup. Where results go, that they are encrypted, whose bucket it is and how
// much one query may read cannot be overridden by a client.
func newWorkgroup(
	ctx *pulumi.Context, name, workgroup, description string, scanLimitBytes int, args *WorkgroupArgs, opts ...pulumi.ResourceOption,
) (*athena.Workgroup, error) {
	return athena.NewWorkgroup(ctx, name, &athena.WorkgroupArgs{
		Name:         pulumi.String(workgroup),
		Description:  pulumi.String(description),
		ForceDestroy: pulumi.Bool(args.ForceDestroy),
		Configuration: athena.WorkgroupConfigurationArgs{
			EnforceWorkgroupConfiguration:   pulumi.Bool(true),
			PublishCloudwatchMetricsEnabled: pulumi.Bool(true),
			BytesScannedCutoffPerQuery:      pulumi.Int(scanLimitBytes),
			EngineVersion: athena.WorkgroupConfigurationEngineVersionArgs{
				SelectedEngineVersion: pulumi.String("Athena engine version 3"), // the first that writes and time-travels Iceberg
			},
			ResultConfiguration: athena.WorkgroupConfigurationResultConfigurationArgs{
				OutputLocation:      pulumi.Sprintf("s3://%s/%s", args.Bucket, ResultPrefix(workgroup)),
				ExpectedBucketOwner: pulumi.String(args.AccountID),
				EncryptionConfiguration: athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs{
					EncryptionOption: pulumi.String("SSE_KMS"),
					KmsKeyArn:        args.KeyARN,
				},
			},
		},
		Tags: args.Tags.Input(),
	}, opts...)
}
