package retention

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Zones says by zone what is kept: the object `datalake:settings.retention` of a stack file.
type Zones map[zone.Kind]Zone

// Zone is the retention of one zone. What it does not say stays as the zone's default is.
type Zone struct {
	// Optional: name of the class of the whole zone; defaults to the zone's default.
	Class string `json:"class,omitempty"`
	// Optional: names of the classes of the domains with a classification; defaults to the zone's class.
	Classifications map[domain.Classification]string `json:"classifications,omitempty"`
	// Optional: names of the classes of folders, which are without a slash at the end. They count before those
	// of classifications.
	Prefixes map[string]string `json:"prefixes,omitempty"`
	// Optional: a protected stack may delete data of the zone by age; defaults to false.
	AllowExpiry bool `json:"allowExpiry,omitempty"`
}

// Defaults gives the retention without a setting: data is kept for ever and gets cheaper, and what can be
// made again goes sooner.
func Defaults() Zones {
	return Zones{
		zone.Raw:           {Class: Infrequent},
		zone.Staged:        {Class: Tables},
		zone.Analytics:     {Class: Tables},
		zone.Quarantine:    {Class: Keep},
		zone.Artifacts:     {Class: Keep, Prefixes: map[string]string{"tmp": Temporary}},
		zone.AthenaResults: {Class: Short},
		zone.AccessLogs:    {Class: Year},
	}
}

// Policy is everything that decides how long data is kept.
type Policy struct {
	// Optional: classes besides the built-in ones, or in their place.
	Classes Classes
	// Optional: what differs from Defaults.
	Zones Zones
	// Optional: the domains, which classifications are looked up in.
	Domains domain.Domains
	// Optional: all data goes after so many days, tables included; defaults to never. For environments whose
	// data is test data.
	ExpireAllAfterDays int
	// Required: data is not deleted by age where nobody has said so twice.
	Protect bool
	// Optional: how long versions are locked, by zone.
	LockDays map[zone.Kind]int
}

// rule is the class of a folder, or of the whole zone where the folder is empty.
type rule struct {
	folder, class string
	field         string // of the settings, for messages
}

// zone gives what holds for a zone: the default with what the settings change.
func (p *Policy) zone(kind zone.Kind) Zone {
	merged, given := Defaults()[kind], p.Zones[kind]
	if given.Class != "" {
		merged.Class = given.Class
	}
	merged.Classifications, merged.AllowExpiry = given.Classifications, given.AllowExpiry
	prefixes := maps.Clone(merged.Prefixes)
	if prefixes == nil {
		prefixes = map[string]string{}
	}
	maps.Copy(prefixes, given.Prefixes)
	merged.Prefixes = prefixes
	return merged
}

// rules gives the rules of a zone, the one of the whole zone first and the others by folder.
func (p *Policy) rules(kind zone.Kind) []rule {
	z := p.zone(kind)
	folders := map[string]rule{}
	for _, name := range p.Domains.Names() {
		classification := p.Domains.Classification(name)
		class := z.Classifications[classification]
		if class == "" || !kind.HasDomains() {
			continue
		}
		for _, folder := range p.Domains.Folders(string(kind), name) {
			folders[folder] = rule{folder, class, fmt.Sprintf("retention.%s.classifications.%s (domain %s)", kind, classification, name)}
		}
	}
	for folder, class := range z.Prefixes {
		folders[folder] = rule{folder, class, fmt.Sprintf("retention.%s.prefixes[%s]", kind, folder)}
	}
	all := []rule{{class: z.Class, field: fmt.Sprintf("retention.%s.class", kind)}}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		all = append(all, folders[folder])
	}
	return all
}

// Of gives what a zone's bucket gets: the rule of the whole bucket and those of folders. The policy must be
// valid.
func (p *Policy) Of(kind zone.Kind) (whole bucket.Lifecycle, folders map[string]bucket.Lifecycle) {
	classes := p.Classes.with(BuiltIn())
	folders = map[string]bucket.Lifecycle{}
	for _, r := range p.rules(kind) {
		lifecycle := p.limited(kind, classes[r.class])
		if r.folder == "" {
			whole = lifecycle
			continue
		}
		folders[r.folder] = lifecycle
	}
	return whole, folders
}

// Tiers reports whether a class of the zone moves objects to the class INTELLIGENT_TIERING.
func (p *Policy) Tiers(kind zone.Kind) bool {
	whole, folders := p.Of(kind)
	return whole.Tiers() || slices.ContainsFunc(slices.Collect(maps.Values(folders)), bucket.Lifecycle.Tiers)
}

// limited is a class where all data goes after some days: it moves nowhere before.
func (p *Policy) limited(kind zone.Kind, class bucket.Lifecycle) bucket.Lifecycle {
	days := p.ExpireAllAfterDays
	if days == 0 || !expires(kind) {
		return class
	}
	if class.ExpireDays == 0 || class.ExpireDays > days {
		class.ExpireDays = days
	}
	class.NoncurrentDays = min(class.NoncurrentDays, days)
	class.Transitions = nil
	return class
}

// expires reports whether a zone is one that expireAllAfterDays empties. The artifacts are not data: without
// its scripts no job runs.
func expires(kind zone.Kind) bool {
	return kind != zone.Artifacts && kind != zone.AccessLogs
}

// Validate refuses what S3 would refuse, or would do and nobody expects, before anything is made.
func (p *Policy) Validate() error {
	problems := []error{p.Classes.validate()}
	for _, kind := range slices.Sorted(maps.Keys(p.Zones)) {
		if !slices.Contains(zone.Kinds, kind) {
			problems = append(problems, fmt.Errorf("retention.%s: there is no such zone; zones are %v", kind, zone.Kinds))
		}
	}
	if p.ExpireAllAfterDays < 0 {
		problems = append(problems, fmt.Errorf("expireAllAfterDays is %d, want 0 (never) or more", p.ExpireAllAfterDays))
	}
	if p.ExpireAllAfterDays > 0 && p.Protect {
		problems = append(problems, errors.New(
			"expireAllAfterDays deletes all data, tables included, and protect forbids that: choose one"))
	}
	for _, kind := range zone.Kinds {
		if err := p.check(kind); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// check is Validate for one zone.
func (p *Policy) check(kind zone.Kind) error {
	z, given := p.zone(kind), p.Zones[kind]
	var problems []error
	for _, classification := range slices.Sorted(maps.Keys(given.Classifications)) {
		if !classification.Known() {
			problems = append(problems, fmt.Errorf("retention.%s.classifications.%s: want one of %v", kind, classification, domain.Classifications))
		}
	}
	if len(given.Classifications) > 0 && !kind.HasDomains() {
		problems = append(problems, fmt.Errorf(
			"retention.%s.classifications: the folders of this zone belong to no domain; use prefixes", kind))
	}
	if given.AllowExpiry && (kind.HasIceberg() || !kind.HasDomains()) {
		problems = append(problems, fmt.Errorf("retention.%s.allowExpiry: it is only for %s", kind, zone.Raw))
	}
	for _, folder := range slices.Sorted(maps.Keys(given.Prefixes)) {
		// The rule's name ends in the folder, and S3 takes 255 characters.
		if !domain.ValidPrefix(folder) || len(folder) > maxFolder {
			problems = append(problems, fmt.Errorf(
				"retention.%s.prefixes[%s]: want a folder such as \"sales/orders\", at most %d characters", kind, folder, maxFolder))
		}
	}
	rules := p.rules(kind)
	if len(rules) > bucket.MaxRules {
		return errors.Join(append(problems, fmt.Errorf("retention.%s: %d rules, S3 allows %d: use fewer prefixes or rawPrefixes",
			kind, len(rules), bucket.MaxRules))...)
	}
	classes := p.Classes.with(BuiltIn())
	var known []rule
	for _, r := range rules {
		class, found := classes[r.class]
		if !found {
			problems = append(problems, fmt.Errorf("%s: there is no class %q; classes are %v", r.field, r.class, classes.names()))
			continue
		}
		known = append(known, r)
		problems = append(problems, p.checkClass(kind, z, r, class))
	}
	return errors.Join(append(problems, overlaps(known, classes))...)
}

// maxFolder is the longest folder that a rule can be named after.
const maxFolder = 240

// checkClass refuses a class that does not fit the zone.
func (p *Policy) checkClass(kind zone.Kind, z Zone, r rule, class bucket.Lifecycle) error {
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s, class %s: "+format, append([]any{r.field, r.class}, args...)...))
	}
	if kind.HasIceberg() {
		if class.ExpireDays > 0 {
			problem("expireDays: Iceberg tables keep using old files, which S3 must not delete; expire rows or snapshots instead")
		}
		if t, found := class.Unreadable(); found {
			problem("transitions: nobody can read a table whose files are in %s", t.StorageClass)
		}
	}
	if class.ExpireDays > 0 && p.Protect && kind.HasDomains() && !z.AllowExpiry {
		problem("expireDays: protect is true, so no data of %s is deleted by age unless retention.%s.allowExpiry is true", kind, kind)
	}
	limited := p.limited(kind, class)
	if locked := p.LockDays[kind]; locked > 0 && limited.ExpireDays > 0 && limited.ExpireDays < locked {
		problem("objects expire after %d days, and zones.%s.objectLock keeps them for %d: let them expire later",
			limited.ExpireDays, kind, locked)
	}
	return errors.Join(problems...)
}

// overlaps refuses a rule of a folder that does less than the rule of a folder above it, or of the whole
// zone: S3 applies both, so what looks like an exception would be none.
func overlaps(rules []rule, classes Classes) error {
	var problems []error
	for _, inner := range rules {
		for _, outer := range rules {
			if outer.folder == inner.folder || outer.folder != "" && !domain.Inside(inner.folder, outer.folder) {
				continue
			}
			if err := classes[outer.class].Overrules(classes[inner.class]); err != nil {
				problems = append(problems, fmt.Errorf(
					"%s: class %s cannot be an exception from class %s of %s, which S3 applies to the folder, too, and which %s. "+
						"Give the larger one the class that keeps more, and the folders inside it those that keep less",
					inner.field, inner.class, outer.class, outer.field, strings.ReplaceAll(err.Error(), "\n", " and ")))
			}
		}
	}
	return errors.Join(problems...)
}
