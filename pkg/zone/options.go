package zone

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/bucket"
)

// Options is what a zone's bucket does besides keeping objects: one entry of the object
// `datalake:settings.zones` of a stack file.
type Options struct {
	// Optional: S3 tells EventBridge of every object that is made or deleted; defaults to true.
	Events *bool `json:"events,omitempty"`
	// Optional: CloudWatch gets the number, size and errors of requests, which costs; defaults to protect.
	Metrics *bool `json:"metrics,omitempty"`
	// Optional: how often S3 lists the objects, below inventory/ of the access logs: daily, weekly or off;
	// defaults to weekly with protect, otherwise to off.
	Inventory Frequency `json:"inventory,omitempty"`
	// Optional: no version can be deleted for some days; only for raw. Defaults to no lock.
	ObjectLock *bucket.ObjectLock `json:"objectLock,omitempty"`
	// Optional: archive tiers of objects that a retention class moves to INTELLIGENT_TIERING; defaults to none.
	Tiering *bucket.Tiering `json:"tiering,omitempty"`
}

// Frequency says how often S3 lists the objects of a zone.
type Frequency string

// The frequencies.
const (
	Daily  Frequency = "daily"
	Weekly Frequency = "weekly"
	Off    Frequency = "off"
)

// Filled gives the options with their defaults.
func (o Options) Filled(kind Kind, protect bool) Options {
	yes := true
	if o.Events == nil {
		o.Events = &yes
	}
	// What the access logs are asked for is of interest to nobody, and an inventory of the inventories is not, either.
	watched := protect && kind != AccessLogs
	if o.Metrics == nil {
		o.Metrics = &watched
	}
	if o.Inventory == "" {
		o.Inventory = Off
		if watched {
			o.Inventory = Weekly
		}
	}
	return o
}

// S3 gives S3's word for the frequency.
func (f Frequency) S3() string {
	return strings.ToUpper(string(f)[:1]) + string(f)[1:]
}

// Validate refuses what does not fit the zone, or S3.
func (o Options) Validate(kind Kind) error {
	var problems []error
	if !slices.Contains([]Frequency{"", Daily, Weekly, Off}, o.Inventory) {
		problems = append(problems, fmt.Errorf("inventory %q: want %s, %s or %s", o.Inventory, Daily, Weekly, Off))
	}
	if kind == AccessLogs && o.Inventory != "" && o.Inventory != Off {
		problems = append(problems, errors.New("inventory: this zone holds the inventories of the others"))
	}
	if o.ObjectLock != nil {
		if kind != Raw {
			problems = append(problems, fmt.Errorf("objectLock: it is only for %s; in the other zones files are replaced all the time", Raw))
		}
		if err := o.ObjectLock.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("objectLock: %w", err))
		}
	}
	if o.Tiering != nil {
		if kind.HasIceberg() {
			problems = append(problems, errors.New("tiering: nobody can read a table whose files are in an archive tier"))
		}
		if err := o.Tiering.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("tiering: %w", err))
		}
	}
	return errors.Join(problems...)
}

// Replication says which zones are copied to another region: the object `datalake:settings.replication` of
// a stack file.
type Replication struct {
	// Required: the other region.
	Region string `json:"region"`
	// Required: ARN of a KMS key there; no key of one region works in another.
	KeyARN string `json:"keyArn"`
	// Required: the zones.
	Zones []Kind `json:"zones"`
}

var regionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

// Validate refuses what is wrong in every account.
func (r *Replication) Validate() error {
	if r == nil {
		return nil
	}
	var problems []error
	if !regionForm.MatchString(r.Region) {
		problems = append(problems, fmt.Errorf("region %q: want the name of a region, such as eu-central-1", r.Region))
	}
	keyForm := regexp.MustCompile(`^arn:aws[a-z-]*:kms:` + regexp.QuoteMeta(r.Region) + `:[0-9]{12}:key/[A-Za-z0-9-]{36}$`)
	if !keyForm.MatchString(r.KeyARN) {
		problems = append(problems, fmt.Errorf(
			"keyArn %q: want the ARN of a key in that region (arn:aws:kms:%s:ACCOUNT:key/ID), not of an alias", r.KeyARN, r.Region))
	}
	if len(r.Zones) == 0 {
		problems = append(problems, errors.New("zones is required"))
	}
	for i, kind := range r.Zones {
		if !slices.Contains(DataKinds, kind) {
			problems = append(problems, fmt.Errorf("zones[%d] %q: want one of %v", i, kind, DataKinds))
		}
		if slices.Contains(r.Zones[:i], kind) {
			problems = append(problems, fmt.Errorf("zones[%d]: %s is named twice", i, kind))
		}
	}
	return errors.Join(problems...)
}

// Of reports whether a zone is copied.
func (r *Replication) Of(kind Kind) bool {
	return r != nil && slices.Contains(r.Zones, kind)
}
