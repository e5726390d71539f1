package catalog

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/athena"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// WorkgroupName is the name of the Athena workgroup of a persona.
func WorkgroupName(scope naming.Scope, persona string) string {
	return scope.Name(persona)
}

// ResultPrefix is the folder of the athena-results zone for the results of a workgroup's queries.
func ResultPrefix(workgroup string) string {
	return workgroup + "/"
}

// NewWorkgroup makes the Athena workgroup through which the lake is asked. Where results go, that
// they are encrypted and how much one query may read cannot be overridden by a client.
func NewWorkgroup(
	ctx *pulumi.Context, name, workgroup string, bucket pulumi.StringOutput, keyARN pulumi.StringInput,
	scanLimitBytes int, forceDestroy bool, tags tagging.Tags, opts ...pulumi.ResourceOption,
) (*athena.Workgroup, error) {
	return athena.NewWorkgroup(ctx, name, &athena.WorkgroupArgs{
		Name:         pulumi.String(workgroup),
		Description:  pulumi.String("Questions to the lake"),
		ForceDestroy: pulumi.Bool(forceDestroy),
		Configuration: athena.WorkgroupConfigurationArgs{
			EnforceWorkgroupConfiguration:   pulumi.Bool(true),
			PublishCloudwatchMetricsEnabled: pulumi.Bool(true),
			BytesScannedCutoffPerQuery:      pulumi.Int(scanLimitBytes),
			EngineVersion: athena.WorkgroupConfigurationEngineVersionArgs{
				SelectedEngineVersion: pulumi.String("Athena engine version 3"), // the first that writes and time-travels Iceberg
			},
			ResultConfiguration: athena.WorkgroupConfigurationResultConfigurationArgs{
				OutputLocation: pulumi.Sprintf("s3://%s/%s", bucket, ResultPrefix(workgroup)),
				EncryptionConfiguration: athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs{
					EncryptionOption: pulumi.String("SSE_KMS"),
					KmsKeyArn:        keyARN,
				},
			},
		},
		Tags: tags.Input(),
	}, opts...)
}
