package bucket

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AbortUploadDays is how long the parts of an upload that was never completed are kept.
const AbortUploadDays = 7

// storageClasses are the classes a lifecycle rule may move objects to, from dear to cheap: S3 only
// lets objects move forward (Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle").
var storageClasses = []string{
	"STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
}

// minDaysInfrequent is the youngest age at which S3 moves objects to an infrequent-access class.
const minDaysInfrequent = 30

// Lifecycle says what happens to objects as they age. All durations are in days; zero means never.
type Lifecycle struct {
	// Optional: moves to cheaper storage classes.
	Transitions []Transition `json:"transitions,omitempty"`
	// Optional: age at which objects are deleted; defaults to never.
	ExpireDays int `json:"expireDays,omitempty"`
	// Required: how long a version is kept after it was overwritten or deleted, at least 1.
	NoncurrentDays int `json:"noncurrentDays"`
	// Optional: expiry of objects below a prefix, in addition to the rule for the whole bucket.
	PrefixExpireDays map[string]int `json:"prefixExpireDays,omitempty"`
}

// Transition moves objects of an age to a storage class.
type Transition struct {
	Days         int    `json:"days"`
	StorageClass string `json:"storageClass"`
}

// Validate checks the rules S3 would refuse only when the bucket already exists.
func (l Lifecycle) Validate() error {
	var problems []error
	if l.NoncurrentDays < 1 {
		problems = append(problems, fmt.Errorf("noncurrentDays is %d, want at least 1", l.NoncurrentDays))
	}
	if l.ExpireDays < 0 {
		problems = append(problems, fmt.Errorf("expireDays is %d, want 0 (never) or more", l.ExpireDays))
	}
	last, lastClass := -1, -1
	for i, t := range l.Transitions {
		class := slices.Index(storageClasses, t.StorageClass)
		switch {
		case class < 0:
			problems = append(problems, fmt.Errorf("transitions[%d].storageClass %q: want one of %v", i, t.StorageClass, storageClasses))
		case class <= lastClass:
			problems = append(problems, fmt.Errorf("transitions[%d].storageClass %s: S3 moves objects only in the order %v",
				i, t.StorageClass, storageClasses))
		}
		if (t.StorageClass == "STANDARD_IA" || t.StorageClass == "ONEZONE_IA") && t.Days < minDaysInfrequent {
			problems = append(problems, fmt.Errorf("transitions[%d].days is %d, S3 wants at least %d for %s",
				i, t.Days, minDaysInfrequent, t.StorageClass))
		}
		if t.Days <= last || t.Days < 0 {
			problems = append(problems, fmt.Errorf("transitions[%d].days is %d, want more than %d", i, t.Days, max(last, -1)))
		}
		last, lastClass = t.Days, max(class, lastClass)
	}
	if l.ExpireDays > 0 && l.ExpireDays <= last {
		problems = append(problems, fmt.Errorf("expireDays is %d, want more than the last transition at %d", l.ExpireDays, last))
	}
	for _, prefix := range sortedKeys(l.PrefixExpireDays) {
		if days := l.PrefixExpireDays[prefix]; prefix == "" || days < 1 {
			problems = append(problems, fmt.Errorf("prefixExpireDays[%q] is %d, want a prefix and at least 1", prefix, days))
		}
	}
	return errors.Join(problems...)
}

// rules gives the S3 form: one rule for the bucket and one for each prefix.
func (l Lifecycle) rules() s3.BucketLifecycleConfigurationV2RuleArray {
	whole := s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("all-objects"),
		Status: pulumi.String("Enabled"),
		Filter: s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
		NoncurrentVersionExpiration: s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(l.NoncurrentDays),
		},
		AbortIncompleteMultipartUpload: s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(AbortUploadDays),
		},
	}
	if l.ExpireDays > 0 {
		whole.Expiration = s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(l.ExpireDays)}
	}
	var transitions s3.BucketLifecycleConfigurationV2RuleTransitionArray
	for _, t := range l.Transitions {
		transitions = append(transitions, s3.BucketLifecycleConfigurationV2RuleTransitionArgs{
			Days:         pulumi.Int(t.Days),
			StorageClass: pulumi.String(t.StorageClass),
		})
	}
	if transitions != nil {
		whole.Transitions = transitions
	}
	rules := s3.BucketLifecycleConfigurationV2RuleArray{whole}
	for _, prefix := range sortedKeys(l.PrefixExpireDays) {
		rules = append(rules, s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:         pulumi.String("expire-" + prefix),
			Status:     pulumi.String("Enabled"),
			Filter:     s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(prefix)},
			Expiration: s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(l.PrefixExpireDays[prefix])},
		})
	}
	return rules
}

// sortedKeys makes the order of generated rules and statements stable, so that a second deploy
// shows no change.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
