package bucket

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AbortUploadDays is how long the parts of an upload that was never completed are kept, at most and by
// default (AWS Foundational Security Best Practices want them deleted).
const AbortUploadDays = 7

// MaxRules is the most rules that a bucket can have (Amazon S3 User Guide, "Managing the lifecycle of objects").
const MaxRules = 1000

// storageClass is a class that a lifecycle rule may move objects to.
type storageClass struct {
	name string
	// The youngest age at which S3 moves objects there from the class STANDARD.
	minAge int
	// The shortest time that S3 bills an object of the class for. For the infrequent-access classes it also
	// refuses a rule that moves objects on before.
	minDays int
}

// storageClasses are from dear to cheap: S3 only lets objects move forward (Amazon S3 User Guide,
// "Transitioning objects using Amazon S3 Lifecycle", supported and unsupported transitions and their
// constraints; "Understanding and managing Amazon S3 storage classes", minimum storage durations).
var storageClasses = []storageClass{
	{name: "STANDARD_IA", minAge: 30, minDays: 30},
	{name: intelligentTiering},
	{name: "ONEZONE_IA", minAge: 30, minDays: 30},
	{name: "GLACIER_IR", minDays: 90},
	{name: "GLACIER", minDays: 90},
	{name: "DEEP_ARCHIVE", minDays: 180},
}

const intelligentTiering = "INTELLIGENT_TIERING"

// restoredFirst are the classes whose objects nobody can read before they are restored.
var restoredFirst = []string{"GLACIER", "DEEP_ARCHIVE"}

func classAt(name string) int {
	return slices.IndexFunc(storageClasses, func(c storageClass) bool { return c.name == name })
}

func classNames() []string {
	var names []string
	for _, class := range storageClasses {
		names = append(names, class.name)
	}
	return names
}

// Lifecycle says what happens to objects as they age. All durations are in days; zero means never.
type Lifecycle struct {
	// Optional: moves to cheaper storage classes.
	Transitions []Transition `json:"transitions,omitempty"`
	// Optional: age at which objects are deleted; defaults to never.
	ExpireDays int `json:"expireDays,omitempty"`
	// Required: how long a version is kept after it was overwritten or deleted, at least 1.
	NoncurrentDays int `json:"noncurrentDays"`
	// Optional: how long the parts of an upload that was never completed are kept, 1 to 7; defaults to 7.
	AbortUploadDays int `json:"abortUploadDays,omitempty"`
}

// Transition moves objects of an age to a storage class.
type Transition struct {
	Days         int    `json:"days"`
	StorageClass string `json:"storageClass"`
}

// Validate checks the rules S3 would refuse only when the bucket already exists, and those it would charge for.
func (l Lifecycle) Validate() error {
	var problems []error
	if l.NoncurrentDays < 1 {
		problems = append(problems, fmt.Errorf("noncurrentDays is %d, want at least 1", l.NoncurrentDays))
	}
	if l.AbortUploadDays < 0 || l.AbortUploadDays > AbortUploadDays {
		problems = append(problems, fmt.Errorf("abortUploadDays is %d, want 1 to %d", l.AbortUploadDays, AbortUploadDays))
	}
	if l.ExpireDays < 0 {
		problems = append(problems, fmt.Errorf("expireDays is %d, want 0 (never) or more", l.ExpireDays))
	}
	last, lastAt := -1, -1
	for i, t := range l.Transitions {
		at := classAt(t.StorageClass)
		if at < 0 {
			problems = append(problems, fmt.Errorf("transitions[%d].storageClass %q: want one of %v", i, t.StorageClass, classNames()))
			continue
		}
		class := storageClasses[at]
		switch {
		case at <= lastAt, lastAt >= 0 && storageClasses[lastAt].name == "ONEZONE_IA" && class.name == "GLACIER_IR":
			problems = append(problems, fmt.Errorf(
				"transitions[%d].storageClass %s: S3 moves objects only in the order %v, and not from ONEZONE_IA to GLACIER_IR",
				i, t.StorageClass, classNames()))
		case t.Days < class.minAge:
			problems = append(problems, fmt.Errorf("transitions[%d].days is %d, S3 wants at least %d for %s",
				i, t.Days, class.minAge, t.StorageClass))
		case t.Days <= last:
			problems = append(problems, fmt.Errorf("transitions[%d].days is %d, want more than %d", i, t.Days, last))
		case lastAt >= 0 && t.Days < last+storageClasses[lastAt].minDays:
			before := storageClasses[lastAt]
			problems = append(problems, fmt.Errorf("transitions[%d].days is %d, want at least %d: S3 keeps or bills objects %d days in %s",
				i, t.Days, last+before.minDays, before.minDays, before.name))
		}
		last, lastAt = max(t.Days, last), max(at, lastAt)
	}
	if l.ExpireDays > 0 && lastAt >= 0 {
		if class := storageClasses[lastAt]; l.ExpireDays <= last || l.ExpireDays < last+class.minDays {
			problems = append(problems, fmt.Errorf("expireDays is %d, want at least %d: after the last transition at %d, S3 bills %s for %d days",
				l.ExpireDays, last+max(class.minDays, 1), last, class.name, class.minDays))
		}
	}
	return errors.Join(problems...)
}

// Overrules says what this rule, of a whole bucket or of a folder, does to the objects of a folder below it
// that the folder's own rule does later or never: S3 applies both rules to them, and deletes or moves them
// as soon as one says so (Amazon S3 User Guide, "Lifecycle configuration examples", overlapping filters).
// It is nil when the folder's own rule is what happens. A folder's rule that only deletes lets objects move
// before, if that makes a valid rule and they can be read all the time.
func (l Lifecycle) Overrules(folder Lifecycle) error {
	var problems []error
	if l.ExpireDays > 0 && (folder.ExpireDays == 0 || folder.ExpireDays > l.ExpireDays) {
		problems = append(problems, fmt.Errorf("deletes its objects after %d days", l.ExpireDays))
	}
	moves := l.Transitions
	if len(folder.Transitions) == 0 && folder.ExpireDays > 0 {
		both := folder
		both.Transitions = slices.DeleteFunc(slices.Clone(l.Transitions), func(t Transition) bool { return t.Days >= folder.ExpireDays })
		if _, hidden := both.Unreadable(); !hidden && both.Validate() == nil {
			moves = nil
		}
	}
	for _, t := range moves {
		done := folder.ExpireDays > 0 && folder.ExpireDays <= t.Days || slices.ContainsFunc(folder.Transitions, func(own Transition) bool {
			return own.Days <= t.Days && classAt(own.StorageClass) >= classAt(t.StorageClass)
		})
		if !done {
			problems = append(problems, fmt.Errorf("moves its objects to %s after %d days", t.StorageClass, t.Days))
		}
	}
	if folder.NoncurrentDays > l.NoncurrentDays {
		problems = append(problems, fmt.Errorf("deletes its old versions after %d days", l.NoncurrentDays))
	}
	if folder.abortDays() > l.abortDays() {
		problems = append(problems, fmt.Errorf("deletes its unfinished uploads after %d days", l.abortDays()))
	}
	return errors.Join(problems...)
}

func (l Lifecycle) abortDays() int {
	if l.AbortUploadDays == 0 {
		return AbortUploadDays
	}
	return l.AbortUploadDays
}

// Tiers reports whether objects are moved to the class INTELLIGENT_TIERING.
func (l Lifecycle) Tiers() bool {
	return slices.ContainsFunc(l.Transitions, func(t Transition) bool { return t.StorageClass == intelligentTiering })
}

// Unreadable gives the first transition after which an object must be restored before it can be read.
func (l Lifecycle) Unreadable() (Transition, bool) {
	at := slices.IndexFunc(l.Transitions, func(t Transition) bool { return slices.Contains(restoredFirst, t.StorageClass) })
	if at < 0 {
		return Transition{}, false
	}
	return l.Transitions[at], true
}

// rules gives the S3 form: one rule for the bucket and one for each folder.
func rules(whole Lifecycle, folders map[string]Lifecycle) s3.BucketLifecycleConfigurationV2RuleArray {
	all := s3.BucketLifecycleConfigurationV2RuleArray{whole.rule("all-objects", "")}
	for _, folder := range sortedKeys(folders) {
		all = append(all, folders[folder].rule("folder-"+folder, folder+"/"))
	}
	return all
}

func (l Lifecycle) rule(id, prefix string) s3.BucketLifecycleConfigurationV2RuleArgs {
	rule := s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String(id),
		Status: pulumi.String("Enabled"),
		Filter: s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(prefix)},
		NoncurrentVersionExpiration: s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(l.NoncurrentDays),
		},
		AbortIncompleteMultipartUpload: s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(l.abortDays()),
		},
	}
	if l.ExpireDays > 0 {
		rule.Expiration = s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(l.ExpireDays)}
	}
	var transitions s3.BucketLifecycleConfigurationV2RuleTransitionArray
	for _, t := range l.Transitions {
		transitions = append(transitions, s3.BucketLifecycleConfigurationV2RuleTransitionArgs{
			Days:         pulumi.Int(t.Days),
			StorageClass: pulumi.String(t.StorageClass),
		})
	}
	if transitions != nil {
		rule.Transitions = transitions
	}
	return rule
}

// sortedKeys makes the order of generated rules and statements stable, so that a second deploy
// shows no change.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
