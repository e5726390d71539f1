package catalog

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/naming"
)

// LogRetentions are the days that CloudWatch Logs can keep logs (CloudWatch Logs API Reference, PutRetentionPolicy).
var LogRetentions = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// SecurityConfigurationName is the name of the security configuration of the catalog's crawlers. It is known before the
// configuration is made, because it is part of the names of log groups.
func SecurityConfigurationName(scope naming.Scope) string { return scope.Name("catalog") }

// NewSecurityConfiguration says how jobs and crawlers encrypt what they write: what goes to S3 and to logs with the
// lake's key, and so bookmarks, before they leave the job.
func NewSecurityConfiguration(
	ctx *pulumi.Context, name, physical string, keyARN pulumi.StringOutput, opts ...pulumi.ResourceOption,
) (*glue.SecurityConfiguration, error) {
	made, err := glue.NewSecurityConfiguration(ctx, name, &glue.SecurityConfigurationArgs{
		Name: pulumi.String(physical),
		EncryptionConfiguration: glue.SecurityConfigurationEncryptionConfigurationArgs{
			S3Encryption: glue.SecurityConfigurationEncryptionConfigurationS3EncryptionArgs{
				S3EncryptionMode: pulumi.String("SSE-KMS"), KmsKeyArn: keyARN.ToStringPtrOutput(),
			},
			CloudwatchEncryption: glue.SecurityConfigurationEncryptionConfigurationCloudwatchEncryptionArgs{
				CloudwatchEncryptionMode: pulumi.String("SSE-KMS"), KmsKeyArn: keyARN.ToStringPtrOutput(),
			},
			JobBookmarksEncryption: glue.SecurityConfigurationEncryptionConfigurationJobBookmarksEncryptionArgs{
				JobBookmarksEncryptionMode: pulumi.String("CSE-KMS"), KmsKeyArn: keyARN.ToStringPtrOutput(),
			},
		},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("security configuration: %w", err)
	}
	return made, nil
}

// CrawlerLogGroup gives the exact name of the log group of a crawler. With a security configuration that encrypts logs
// its name and the role's are in it (Glue User Guide, "Logging for AWS Glue jobs", "Log group naming with security
// configuration"):
//
//	/aws-glue/crawlers-role/<role>-<security configuration>
func CrawlerLogGroup(securityConfiguration, roleARN string) string {
	return "/aws-glue/crawlers-" + RolePart(roleARN) + "-" + securityConfiguration
}

// RolePart is the end of a role's ARN: role/PATH/NAME. As the logs of crawlers whose roles have a path show, the path is
// in the names of log groups, too.
func RolePart(roleARN string) string {
	return roleARN[strings.LastIndex(roleARN, ":")+1:]
}

// NewLogGroup makes a log group before Glue would, so that it is encrypted, expires and goes with the stack.
func NewLogGroup(
	ctx *pulumi.Context, name, physical string, keyARN pulumi.StringOutput, days int, tags pulumi.StringMap,
	opts ...pulumi.ResourceOption,
) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String(physical), KmsKeyId: keyARN, RetentionInDays: pulumi.Int(days), Tags: tags,
	}, opts...)
}
