package datalake

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Settings is the object `datalake:settings` of a stack file.
type Settings struct {
	// Required: the same as in the bootstrap project.
	Organization string `json:"organization"`
	// Optional: further tags for every resource.
	Tags map[string]string `json:"tags"`
	// Optional: the domains of the lake by name, which is also the name of the pipeline that owns a domain's data;
	// defaults to none.
	Domains domain.Domains `json:"domains"`
	// Optional: retention by zone; a zone that is named here replaces its default as a whole.
	Retention map[zone.Kind]bucket.Lifecycle `json:"retention"`
	// Optional: most bytes that one Athena query may read, at least 10 MB; defaults to 1 TB.
	QueryScanLimitBytes int `json:"queryScanLimitBytes"`
	// Optional: Pulumi refuses to delete the zones; defaults to true.
	Protect bool `json:"protect"`
	// Optional: `destroy` deletes all data first, with every version; defaults to false.
	// For throw-away environments.
	DeleteDataOnDestroy bool `json:"deleteDataOnDestroy"`
}

// minScanLimit is Athena's smallest limit (Athena API Reference, WorkGroupConfiguration).
const minScanLimit = 10_000_000

func defaults() Settings {
	return Settings{QueryScanLimitBytes: 1_000_000_000_000, Protect: true}
}

// defaultRetention keeps data for ever and lets it get cheaper; what can be made again goes sooner.
func defaultRetention(kind zone.Kind) bucket.Lifecycle {
	switch kind {
	case zone.Raw:
		return bucket.Lifecycle{
			NoncurrentDays: 90,
			Transitions:    []bucket.Transition{{Days: 90, StorageClass: "STANDARD_IA"}, {Days: 365, StorageClass: "GLACIER_IR"}},
		}
	case zone.Artifacts:
		return bucket.Lifecycle{
			NoncurrentDays:   30,
			PrefixExpireDays: map[string]int{"tmp/": 7},
		}
	case zone.AthenaResults: // a result can be had again by asking again
		return bucket.Lifecycle{NoncurrentDays: 1, ExpireDays: 30}
	case zone.AccessLogs:
		return bucket.Lifecycle{NoncurrentDays: 1, ExpireDays: 365}
	case zone.Quarantine:
		return bucket.Lifecycle{NoncurrentDays: 90}
	case zone.Staged, zone.Analytics:
		// Iceberg deletes its own old files: keeping versions of them for long only costs.
		return bucket.Lifecycle{NoncurrentDays: 14}
	default:
		return bucket.Lifecycle{NoncurrentDays: 30}
	}
}

// Validate implements settings.Validator.
func (s *Settings) Validate() error {
	var problems []error
	if s.Organization == "" {
		problems = append(problems, errors.New("organization is required"))
	}
	problems = append(problems, s.Domains.Validate())
	known := append(slices.Clone(zone.DataKinds), zone.AccessLogs)
	for _, kind := range slices.Sorted(maps.Keys(s.Retention)) {
		if !slices.Contains(known, kind) {
			problems = append(problems, fmt.Errorf("retention.%s: there is no such zone; zones are %v", kind, known))
			continue
		}
		if err := s.Retention[kind].Validate(); err != nil {
			problems = append(problems, fmt.Errorf("retention.%s: %w", kind, err))
		}
		if kind.HasIceberg() && s.Retention[kind].ExpireDays > 0 {
			problems = append(problems, fmt.Errorf(
				"retention.%s.expireDays: Iceberg tables keep using old files, which S3 must not delete; expire rows or snapshots instead", kind))
		}
	}
	if s.QueryScanLimitBytes < minScanLimit {
		problems = append(problems, fmt.Errorf("queryScanLimitBytes is %d, Athena wants at least %d", s.QueryScanLimitBytes, minScanLimit))
	}
	if s.Protect && s.DeleteDataOnDestroy {
		problems = append(problems, errors.New("protect and deleteDataOnDestroy contradict each other: choose one"))
	}
	return errors.Join(problems...)
}

func (s *Settings) retention(kind zone.Kind) bucket.Lifecycle {
	if configured, found := s.Retention[kind]; found {
		return configured
	}
	return defaultRetention(kind)
}

func (s *Settings) scope(environment string) naming.Scope {
	return naming.Scope{Organization: s.Organization, Environment: environment}
}
