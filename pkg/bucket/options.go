package bucket

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Inventory is a list of a bucket's objects that S3 makes.
type Inventory struct {
	Target *Bucket // its policy must let S3 deliver: see InventoryDelivery
	Prefix string  // without a slash at the end: S3 adds it
	// How often: Daily or Weekly.
	Frequency string
}

// inventoryFields are what the list says of an object besides its key and version: what one needs to see
// whether encryption, storage classes, locks and replication are as they should be.
var inventoryFields = []string{
	"BucketKeyStatus", "ChecksumAlgorithm", "EncryptionStatus", "IntelligentTieringAccessTier", "IsMultipartUploaded",
	"LastModifiedDate", "ObjectLockMode", "ObjectLockRetainUntilDate", "ReplicationStatus", "Size", "StorageClass",
}

// ObjectLock keeps every version of an object from being deleted for some days. S3 can never take it off
// a bucket again, only stop locking new objects (Amazon S3 User Guide, "Locking objects with Object Lock").
type ObjectLock struct {
	// Required: GOVERNANCE, which the right s3:BypassGovernanceRetention can lift, or COMPLIANCE, which nobody can.
	Mode string `json:"mode"`
	// Required: how long each version is locked, 1 to 36500.
	Days int `json:"days"`
}

// lockModes and maxLockDays are S3's limits (Amazon S3 API Reference, DefaultRetention).
var lockModes = []string{"GOVERNANCE", "COMPLIANCE"}

const maxLockDays = 36500

// Validate refuses what S3 would.
func (o ObjectLock) Validate() error {
	var problems []error
	if !slices.Contains(lockModes, o.Mode) {
		problems = append(problems, fmt.Errorf("mode %q: want one of %v", o.Mode, lockModes))
	}
	if o.Days < 1 || o.Days > maxLockDays {
		problems = append(problems, fmt.Errorf("days is %d, want 1 to %d", o.Days, maxLockDays))
	}
	return errors.Join(problems...)
}

// Tiering moves objects of the class INTELLIGENT_TIERING that nobody reads to its archive tiers, from where
// they have to be restored before anybody can.
type Tiering struct {
	// Optional: days without access before the archive tier, 90 to 730; defaults to never.
	ArchiveDays int `json:"archiveDays,omitempty"`
	// Optional: days without access before the deep archive tier, 180 to 730; defaults to never.
	DeepArchiveDays int `json:"deepArchiveDays,omitempty"`
}

// Limits of the archive tiers (Amazon S3 API Reference, Tiering).
const (
	minArchiveDays     = 90
	minDeepArchiveDays = 180
	maxArchiveDays     = 730
)

// Validate refuses what S3 would.
func (t Tiering) Validate() error {
	var problems []error
	if t.ArchiveDays == 0 && t.DeepArchiveDays == 0 {
		problems = append(problems, errors.New("archiveDays or deepArchiveDays is required"))
	}
	check := func(field string, days, least int) {
		if days != 0 && (days < least || days > maxArchiveDays) {
			problems = append(problems, fmt.Errorf("%s is %d, S3 allows %d to %d", field, days, least, maxArchiveDays))
		}
	}
	check("archiveDays", t.ArchiveDays, minArchiveDays)
	check("deepArchiveDays", t.DeepArchiveDays, minDeepArchiveDays)
	if t.ArchiveDays != 0 && t.DeepArchiveDays != 0 && t.DeepArchiveDays <= t.ArchiveDays {
		problems = append(problems, fmt.Errorf(
			"deepArchiveDays is %d, want more than archiveDays, which is %d", t.DeepArchiveDays, t.ArchiveDays))
	}
	return errors.Join(problems...)
}

func (t Tiering) tierings() s3.BucketIntelligentTieringConfigurationTieringArray {
	var tiers s3.BucketIntelligentTieringConfigurationTieringArray
	add := func(tier string, days int) {
		if days > 0 {
			tiers = append(tiers, s3.BucketIntelligentTieringConfigurationTieringArgs{
				AccessTier: pulumi.String(tier), Days: pulumi.Int(days),
			})
		}
	}
	add("ARCHIVE_ACCESS", t.ArchiveDays)
	add("DEEP_ARCHIVE_ACCESS", t.DeepArchiveDays)
	return tiers
}

// lock locks new objects. It is set on the bucket that exists, and not when the bucket is made: so the
// setting can be changed later without another bucket.
func lock(
	ctx *pulumi.Context, name string, bucket *s3.BucketV2, o *ObjectLock, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return s3.NewBucketObjectLockConfigurationV2(ctx, name+"-object-lock", &s3.BucketObjectLockConfigurationV2Args{
		Bucket: bucket.ID(),
		Rule: s3.BucketObjectLockConfigurationV2RuleArgs{
			DefaultRetention: s3.BucketObjectLockConfigurationV2RuleDefaultRetentionArgs{
				Mode: pulumi.String(o.Mode), Days: pulumi.Int(o.Days),
			},
		},
	}, opts...)
}

// observe makes what tells of the bucket's objects and of requests for them, one after the other.
func (a *Args) observe(
	ctx *pulumi.Context, name string, bucket *s3.BucketV2, child func() []pulumi.ResourceOption, made func(pulumi.Resource),
) error {
	if a.Metrics {
		metric, err := s3.NewBucketMetric(ctx, name+"-metrics", &s3.BucketMetricArgs{
			Bucket: bucket.ID(),
			Name:   pulumi.String("EntireBucket"), // the name the console gives it
		}, child()...)
		if err != nil {
			return err
		}
		made(metric)
	}
	if a.Tiering != nil {
		tiering, err := s3.NewBucketIntelligentTieringConfiguration(ctx, name+"-tiering", &s3.BucketIntelligentTieringConfigurationArgs{
			Bucket:   bucket.ID(),
			Name:     pulumi.String("EntireBucket"),
			Tierings: a.Tiering.tierings(),
		}, child()...)
		if err != nil {
			return err
		}
		made(tiering)
	}
	if a.Inventory != nil {
		// S3 delivers nothing to a target that it may not write to.
		opts := append(child(), pulumi.DependsOn(a.Inventory.Target.Ready()))
		inventory, err := s3.NewInventory(ctx, name+"-inventory", &s3.InventoryArgs{
			Bucket:                 bucket.ID(),
			Name:                   pulumi.String("EntireBucket"),
			IncludedObjectVersions: pulumi.String("All"),
			OptionalFields:         pulumi.ToStringArray(inventoryFields),
			Schedule:               s3.InventoryScheduleArgs{Frequency: pulumi.String(a.Inventory.Frequency)},
			Destination: s3.InventoryDestinationArgs{Bucket: s3.InventoryDestinationBucketArgs{
				AccountId: pulumi.String(a.Account.ID),
				BucketArn: a.Inventory.Target.ARN,
				Format:    pulumi.String("Parquet"),
				Prefix:    pulumi.String(a.Inventory.Prefix),
				Encryption: s3.InventoryDestinationBucketEncryptionArgs{
					SseS3: s3.InventoryDestinationBucketEncryptionSseS3Args{}, // as everything in the target
				},
			}},
		}, opts...)
		if err != nil {
			return err
		}
		made(inventory)
	}
	return nil
}
