package tokens

var s3 = Service{
	Package: "s3",
	Module:  "s3",
	Resources: []Entry{
		{Terraform: "aws_s3_bucket", Pulumi: "BucketV2", Fields: bucketFields},
		{Terraform: "aws_s3_bucket_acl", Pulumi: "BucketAclV2"},
		{Terraform: "aws_s3_bucket_intelligent_tiering_configuration", Pulumi: "BucketIntelligentTieringConfiguration"},
		{Terraform: "aws_s3_bucket_inventory", Pulumi: "Inventory"},
		{
			Terraform: "aws_s3_bucket_lifecycle_configuration",
			Pulumi:    "BucketLifecycleConfigurationV2",
			Fields:    lifecycleFields,
		},
		{Terraform: "aws_s3_bucket_logging", Pulumi: "BucketLoggingV2"},
		{Terraform: "aws_s3_bucket_metric", Pulumi: "BucketMetric"},
		{Terraform: "aws_s3_bucket_notification", Pulumi: "BucketNotification"},
		{Terraform: "aws_s3_bucket_object_lock_configuration", Pulumi: "BucketObjectLockConfigurationV2"},
		{Terraform: "aws_s3_bucket_ownership_controls", Pulumi: "BucketOwnershipControls"},
		{Terraform: "aws_s3_bucket_policy", Pulumi: "BucketPolicy"},
		{Terraform: "aws_s3_bucket_public_access_block", Pulumi: "BucketPublicAccessBlock"},
		{Terraform: "aws_s3_bucket_replication_configuration", Pulumi: "BucketReplicationConfig"},
		{Terraform: "aws_s3_bucket_request_payment_configuration", Pulumi: "BucketRequestPaymentConfigurationV2"},
		{
			Terraform: "aws_s3_bucket_server_side_encryption_configuration",
			Pulumi:    "BucketServerSideEncryptionConfigurationV2",
		},
		{Terraform: "aws_s3_bucket_versioning", Pulumi: "BucketVersioningV2"},
		{
			Terraform: "aws_s3_object",
			Pulumi:    "BucketObjectv2",
			Fields:    Fields{"key": {AutoName: Auto{MaxLength: 255}}, "source": {Asset: true}},
		},
	},
	Functions: []Entry{
		{Terraform: "aws_s3_bucket", Pulumi: "getBucket"},
		{Terraform: "aws_s3_object", Pulumi: "getObject"},
	},
}

// bucketFields: the bucket's blocks are superseded by resources of their own, and the SDK has kept them as lists.
var bucketFields = Fields{
	"bucket": {AutoName: Auto{MaxLength: 63, LowerCase: true}},
	"lifecycle_rule": {Fields: Fields{
		"expiration":                    {Shape: List},
		"noncurrent_version_expiration": {Shape: List},
	}},
	"logging": {Shape: List},
	"object_lock_configuration": {Fields: Fields{
		"rule": {Shape: List, Fields: Fields{"default_retention": {Shape: List}}},
	}},
	"replication_configuration": {Shape: List, Fields: Fields{
		"rules": {Fields: Fields{
			"destination": {Shape: List, Fields: Fields{
				"access_control_translation": {Shape: List},
				"metrics":                    {Shape: List},
				"replication_time":           {Shape: List},
			}},
			"filter": {Shape: List},
			"source_selection_criteria": {Shape: List, Fields: Fields{
				"sse_kms_encrypted_objects": {Shape: List},
			}},
		}},
	}},
	"server_side_encryption_configuration": {Shape: List, Fields: Fields{
		"rule": {Shape: List, Fields: Fields{"apply_server_side_encryption_by_default": {Shape: List}}},
	}},
	"versioning": {Shape: List},
	"website":    {Shape: List},
}

var lifecycleFields = Fields{"rule": {Fields: Fields{
	"filter": {Fields: Fields{
		"object_size_greater_than": {Type: Integer},
		"object_size_less_than":    {Type: Integer},
	}},
	"noncurrent_version_expiration": {Fields: Fields{"newer_noncurrent_versions": {Type: Integer}}},
	"noncurrent_version_transition": {Fields: Fields{"newer_noncurrent_versions": {Type: Integer}}},
}}}

var s3Control = Service{
	Package: "s3control",
	Module:  "s3",
	Resources: []Entry{
		{Terraform: "aws_s3_account_public_access_block", Pulumi: "AccountPublicAccessBlock"},
	},
}
