package driver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

// candidate is a resource that Pulumi was creating when it was killed: AWS may have made it, and the
// state does not know.
type candidate struct {
	urn, kind string
	inputs    map[string]any
	region    string
	account   string
}

func (c candidate) text(property string) string {
	value, _ := c.inputs[property].(string)
	return value
}

// errNotMade says that AWS never made the resource.
var errNotMade = errors.New("was not made")

// An identify function gives the ID under which a provider reads a resource, from the properties it was
// to be created with. It need not check that the resource exists, unless it has to look for it anyway.
type identify func(ctx context.Context, find finder, c candidate) (string, error)

// adoptable are the types whose creation fails when the resource is there already, or makes a second
// one. All names are made by pkg/naming and the same every time, so the first one can be found again.
var adoptable = map[string]identify{
	"aws:athena/namedQuery:NamedQuery":                     nil, // has no name to find it by; a second one does no harm
	"aws:athena/workgroup:Workgroup":                       named("name"),
	"aws:cloudwatch/logGroup:LogGroup":                     named("name"),
	"aws:dynamodb/table:Table":                             named("name"),
	"aws:glue/catalogDatabase:CatalogDatabase":             inCatalog,
	"aws:glue/catalogTable:CatalogTable":                   inDatabase,
	"aws:glue/catalogTableOptimizer:CatalogTableOptimizer": ofTable,
	"aws:glue/connection:Connection":                       inCatalog,
	"aws:glue/crawler:Crawler":                             named("name"),
	"aws:glue/dataQualityRuleset:DataQualityRuleset":       named("name"),
	"aws:glue/job:Job":                                     named("name"),
	"aws:glue/securityConfiguration:SecurityConfiguration": named("name"),
	"aws:glue/trigger:Trigger":                             named("name"),
	"aws:glue/workflow:Workflow":                           named("name"),
	"aws:iam/group:Group":                                  named("name"),
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":  openIDProvider,
	"aws:iam/policy:Policy":                                managedPolicy,
	"aws:iam/role:Role":                                    named("name"),
	"aws:iam/user:User":                                    named("name"),
	"aws:kms/alias:Alias":                                  named("name"),
	"aws:kms/key:Key":                                      keyByTags,
	"aws:lakeformation/dataCellsFilter:DataCellsFilter":    dataFilter,
	"aws:lakeformation/lfTag:LfTag":                        lfTag,
	"aws:lakeformation/optIn:OptIn":                        nil, // has no name to find it by; a second one does no harm
	"aws:s3/bucketV2:BucketV2":                             named("bucket"),
	"aws:secretsmanager/secret:Secret":                     named("name"),

	// The parts of a network have no names. EC2 refuses a second group, subnet, rule, interface endpoint or flow log of
	// the same, and says so; of the others a second one costs nothing.
	"aws:ec2/flowLog:FlowLog":                                   nil,
	"aws:ec2/internetGateway:InternetGateway":                   nil,
	"aws:ec2/routeTable:RouteTable":                             nil,
	"aws:ec2/securityGroup:SecurityGroup":                       nil,
	"aws:ec2/subnet:Subnet":                                     nil,
	"aws:ec2/vpc:Vpc":                                           nil,
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           nil,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   nil,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": nil,
}

// repeatable are the types whose creation can simply be made again: it sets what another resource has.
var repeatable = []string{
	"aws:cloudwatch/dashboard:Dashboard",
	"aws:cloudwatch/eventRule:EventRule",
	"aws:cloudwatch/eventTarget:EventTarget",
	"aws:cloudwatch/metricAlarm:MetricAlarm",
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
	"aws:ec2/routeTableAssociation:RouteTableAssociation",
	"aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
	"aws:iam/groupPolicy:GroupPolicy",
	"aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
	"aws:iam/rolePolicy:RolePolicy",
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment",
	"aws:iam/userGroupMembership:UserGroupMembership",
	"aws:iam/userPolicyAttachment:UserPolicyAttachment",
	"aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
	"aws:kms/keyPolicy:KeyPolicy",
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
	"aws:s3/bucketLoggingV2:BucketLoggingV2",
	"aws:s3/bucketMetric:BucketMetric",
	"aws:s3/bucketNotification:BucketNotification",
	"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
	"aws:s3/bucketObjectv2:BucketObjectv2",
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls",
	"aws:s3/bucketPolicy:BucketPolicy",
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	"aws:s3/bucketReplicationConfig:BucketReplicationConfig",
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
	"aws:s3/bucketVersioningV2:BucketVersioningV2",
	"aws:s3/inventory:Inventory",
	"aws:lakeformation/dataLakeSettings:DataLakeSettings",
	"aws:lakeformation/permissions:Permissions",
	"aws:lakeformation/resource:Resource",
	"aws:lakeformation/resourceLfTags:ResourceLfTags",
	"aws:sns/topic:Topic",
	"aws:sns/topicPolicy:TopicPolicy",
	"aws:sns/topicSubscription:TopicSubscription",
	"aws:sqs/queue:Queue",
	"aws:sqs/queuePolicy:QueuePolicy",
}

func named(property string) identify {
	return func(_ context.Context, _ finder, c candidate) (string, error) {
		if name := c.text(property); name != "" {
			return name, nil
		}
		return "", fmt.Errorf("it has no %s to find it by", property)
	}
}

// inCatalog is for what belongs to the account's Glue catalog.
func inCatalog(_ context.Context, _ finder, c candidate) (string, error) {
	return c.account + ":" + c.text("name"), nil
}

// inDatabase is for what belongs to a database of that catalog.
func inDatabase(_ context.Context, _ finder, c candidate) (string, error) {
	return c.account + ":" + c.text("databaseName") + ":" + c.text("name"), nil
}

// ofTable is for an optimizer, which the provider finds by catalog, database, table and kind.
func ofTable(_ context.Context, _ finder, c candidate) (string, error) {
	return strings.Join([]string{c.text("catalogId"), c.text("databaseName"), c.text("tableName"), c.text("type")}, ","), nil
}

func lfTag(_ context.Context, _ finder, c candidate) (string, error) {
	return c.account + ":" + c.text("key"), nil
}

// dataFilter names a filter by its database, its own name, the catalog and the table.
func dataFilter(_ context.Context, _ finder, c candidate) (string, error) {
	data, _ := c.inputs["tableData"].(map[string]any)
	var parts []string
	for _, part := range []string{"databaseName", "name", "tableCatalogId", "tableName"} {
		parts = append(parts, text(data, part))
	}
	return strings.Join(parts, ","), nil
}

func managedPolicy(_ context.Context, _ finder, c candidate) (string, error) {
	path := c.text("path")
	if path == "" {
		path = "/"
	}
	return globalARN(c, "policy"+path+c.text("name")), nil
}

func openIDProvider(_ context.Context, _ finder, c candidate) (string, error) {
	return globalARN(c, "oidc-provider/"+strings.TrimPrefix(c.text("url"), "https://")), nil
}

func globalARN(c candidate, resource string) string {
	partition := "aws"
	switch {
	case strings.HasPrefix(c.region, "cn-"):
		partition = "aws-cn"
	case strings.HasPrefix(c.region, "us-gov-"):
		partition = "aws-us-gov"
	}
	return "arn:" + partition + ":iam::" + c.account + ":" + resource
}

// finder looks for resources that have no name.
type finder interface {
	// keys gives the enabled customer keys of a region that carry exactly these tags.
	keys(ctx context.Context, region string, tags map[string]string, description string) ([]string, error)
}

// keyByTags finds a KMS key, which has no name, by its description and its tags.
func keyByTags(ctx context.Context, find finder, c candidate) (string, error) {
	wanted := map[string]string{}
	tags, _ := c.inputs["tags"].(map[string]any)
	for key, value := range tags {
		if text, ok := value.(string); ok && !strings.HasPrefix(key, "__") { // __defaults is the bridge's own
			wanted[key] = text
		}
	}
	found, err := find.keys(ctx, c.region, wanted, c.text("description"))
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		return "", errNotMade
	case 1:
		return found[0], nil
	default:
		return "", fmt.Errorf("there are %d keys with its description and tags: %s", len(found), strings.Join(found, ", "))
	}
}

// awsFinder asks AWS.
type awsFinder struct{ config aws.Config }

func (f awsFinder) keys(ctx context.Context, region string, tags map[string]string, description string) ([]string, error) {
	client := kms.NewFromConfig(f.config, func(o *kms.Options) { o.Region = region })
	var found []string
	pages := kms.NewListKeysPaginator(client, &kms.ListKeysInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the KMS keys: %w", err)
		}
		for _, entry := range page.Keys {
			key, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: entry.KeyId})
			if isNoneOfOurs(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("reading KMS key %s: %w", aws.ToString(entry.KeyId), err)
			}
			if key.KeyMetadata.KeyState != kmstypes.KeyStateEnabled || aws.ToString(key.KeyMetadata.Description) != description {
				continue
			}
			listed, err := client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: entry.KeyId})
			if err != nil {
				return nil, fmt.Errorf("reading the tags of KMS key %s: %w", aws.ToString(entry.KeyId), err)
			}
			has := map[string]string{}
			for _, tag := range listed.Tags {
				has[aws.ToString(tag.TagKey)] = aws.ToString(tag.TagValue)
			}
			if maps.Equal(has, tags) {
				found = append(found, aws.ToString(entry.KeyId))
			}
		}
	}
	return found, nil
}

// isNoneOfOurs tells that a key may not be described, or has gone meanwhile.
func isNoneOfOurs(err error) bool {
	var coded smithy.APIError
	return errors.As(err, &coded) && (coded.ErrorCode() == "AccessDeniedException" || coded.ErrorCode() == "NotFoundException")
}
