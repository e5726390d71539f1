package pulumitest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/tagging"
)

// untaggable are the types that AWS has no tags for, or whose tags belong to another resource.
// Objects could have tags, but their number is limited to ten and they belong to the data's owners.
var untaggable = []string{
	"aws:athena/namedQuery:NamedQuery", "aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/eventTarget:EventTarget",
	"aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:ec2/securityGroupRule:SecurityGroupRule",
	"aws:glue/catalogTable:CatalogTable", "aws:glue/securityConfiguration:SecurityConfiguration",
	"aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription", "aws:sqs/queuePolicy:QueuePolicy",
	"aws:glue/catalogTableOptimizer:CatalogTableOptimizer", "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
	"aws:iam/group:Group", "aws:iam/groupPolicy:GroupPolicy", "aws:iam/rolePolicy:RolePolicy",
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/userGroupMembership:UserGroupMembership",
	"aws:lakeformation/dataCellsFilter:DataCellsFilter", "aws:lakeformation/dataLakeSettings:DataLakeSettings",
	"aws:lakeformation/lfTag:LfTag", "aws:lakeformation/optIn:OptIn", "aws:lakeformation/permissions:Permissions",
	"aws:lakeformation/resource:Resource", "aws:lakeformation/resourceLfTags:ResourceLfTags",
	"aws:kms/alias:Alias", "aws:kms/keyPolicy:KeyPolicy", "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "aws:s3/bucketLoggingV2:BucketLoggingV2",
	"aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
	"aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
	"aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
	"aws:s3/bucketMetric:BucketMetric", "aws:s3/bucketNotification:BucketNotification",
	"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
	"aws:s3/bucketVersioningV2:BucketVersioningV2", "aws:s3/inventory:Inventory",
}

// CheckInvariants holds for every program of the platform:
// components and their children have a parent, what can have tags has ours, policies allow no
// wildcard, every role and user has a boundary and a narrow trust, and buckets are private,
// encrypted, versioned, TLS-only and expire old versions.
func CheckInvariants(t *testing.T, r *Recorder) {
	t.Helper()
	resources := r.Resources()
	if len(resources) == 0 {
		t.Fatal("the program registered nothing")
	}
	for _, resource := range resources {
		if resource.Parent == "" && resource.Type != "pulumi:pulumi:Stack" {
			t.Errorf("%s %s has no parent", resource.Type, resource.Name)
		}
		if !resource.Custom || !strings.HasPrefix(resource.Type, "aws:") {
			continue
		}
		checkTags(t, resource)
		checkPolicies(t, resource)
		checkIdentity(t, resource)
	}
	checkBuckets(t, r)
}

func checkTags(t *testing.T, resource Resource) {
	t.Helper()
	tags, _ := resource.Inputs["tags"].(map[string]any)
	if slices.Contains(untaggable, resource.Type) {
		if tags != nil {
			t.Errorf("%s %s has tags, take it off the list of untaggable types", resource.Type, resource.Name)
		}
		return
	}
	for _, key := range []string{tagging.KeyOrganization, tagging.KeyEnvironment, tagging.KeyProject, tagging.KeyManagedBy, tagging.KeyOwner} {
		if tags[key] == nil {
			t.Errorf("%s %s has no tag %s", resource.Type, resource.Name, key)
		}
	}
}

func checkBuckets(t *testing.T, r *Recorder) {
	t.Helper()
	of := func(token, bucket string) Resource {
		for _, resource := range r.OfType(token) {
			if resource.Inputs["bucket"] == bucket {
				return resource
			}
		}
		t.Errorf("bucket %s has no %s", bucket, token)
		return Resource{}
	}
	for _, bucket := range r.OfType("aws:s3/bucketV2:BucketV2") {
		name, _ := bucket.Inputs["bucket"].(string)
		if name == "" {
			t.Errorf("bucket %s has no deterministic name", bucket.Name)
			continue
		}
		block := of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name)
		for _, flag := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
			if block.Inputs[flag] != true {
				t.Errorf("bucket %s: %s is not true", name, flag)
			}
		}
		contains := func(token, want string) {
			if raw := asJSON(t, of(token, name).Inputs); !strings.Contains(raw, want) {
				t.Errorf("bucket %s: %s has no %s: %s", name, token, want, raw)
			}
		}
		contains("aws:s3/bucketOwnershipControls:BucketOwnershipControls", `"BucketOwnerEnforced"`)
		contains("aws:s3/bucketVersioningV2:BucketVersioningV2", `"Enabled"`)
		contains("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", `"noncurrentDays"`)
		contains("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", `"daysAfterInitiation":7`)
		contains("aws:s3/bucketPolicy:BucketPolicy", `DenyInsecureTransport`)
		if strings.Contains(name, "-logs-") {
			contains("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `"AES256"`)
			continue
		}
		contains("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `"aws:kms"`)
		contains("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `"bucketKeyEnabled":true`)
		contains("aws:s3/bucketPolicy:BucketPolicy", `DenyWrongKey`)
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
