package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-data/tarn/pkg/domain"
)

// Settings is the object `datalake:settings.catalog` of a stack file. Folders are relative to the
// project folder.
type Settings struct {
	// Optional: encrypt what the Glue catalog holds with the lake's key; defaults to true. Glue has this
	// switch once for an account and region: of several environments there, only one may have it.
	Encryption bool `json:"encryption"`
	// Optional: by persona, limits of its Athena workgroup.
	Workgroups map[string]Limits `json:"workgroups"`
	// Optional: folder of the named queries; defaults to "queries".
	Queries string `json:"queries"`
	// Optional: folder of the views; defaults to "views".
	Views string `json:"views"`
	// Optional: folder of the declared tables; defaults to "tables".
	Tables string `json:"tables"`
	// Optional: crawlers that find tables, by name; defaults to none.
	Crawlers map[string]Crawler `json:"crawlers"`
	// Optional: days that the logs of those crawlers are kept; one of LogRetentions; defaults to 365.
	LogRetentionDays int `json:"logRetentionDays"`
}

// Limits are the limits of a workgroup.
type Limits struct {
	// Optional: most bytes that one query may read, at least 10 MB; defaults to queryScanLimitBytes.
	ScanLimitBytes int `json:"scanLimitBytes"`
}

// Default folders, which need not be there.
const (
	defaultQueries = "queries"
	defaultViews   = "views"
	defaultTables  = "tables"
)

// MinScanLimit is Athena's smallest limit (Athena API Reference, WorkGroupConfiguration).
const MinScanLimit = 10_000_000

// Shared is the purpose of the workgroup that is nobody's own. A persona cannot have its name.
const Shared = "lake"

// maxDescription is Glue's longest description of a database or table, in bytes (Glue API Reference,
// DatabaseInput and TableInput).
const maxDescription = 2048

// Defaults are the settings when nothing is configured.
func Defaults() Settings {
	return Settings{
		Encryption: true, Queries: defaultQueries, Views: defaultViews, Tables: defaultTables, LogRetentionDays: 365,
	}
}

// Validate checks the settings beside the personas and domains of the lake.
func (s Settings) Validate(personas []string, domains domain.Domains) error {
	var problems []error
	for _, persona := range slices.Sorted(maps.Keys(s.Workgroups)) {
		if !slices.Contains(personas, persona) {
			problems = append(problems, fmt.Errorf("catalog.workgroups.%s: there is no such persona; personas are %v", persona, personas))
		}
		if limit := s.Workgroups[persona].ScanLimitBytes; limit != 0 && limit < MinScanLimit {
			problems = append(problems, fmt.Errorf("catalog.workgroups.%s.scanLimitBytes is %d, Athena wants at least %d",
				persona, limit, MinScanLimit))
		}
	}
	if slices.Contains(personas, Shared) {
		problems = append(problems, fmt.Errorf("access.personas.%s: the workgroup of everybody has this name; choose another one", Shared))
	}
	for _, folder := range []struct{ field, value string }{{"queries", s.Queries}, {"views", s.Views}, {"tables", s.Tables}} {
		if folder.value == "" {
			problems = append(problems, fmt.Errorf("catalog.%s is empty: want a folder", folder.field))
		}
	}
	if !slices.Contains(LogRetentions, s.LogRetentionDays) {
		problems = append(problems, fmt.Errorf("catalog.logRetentionDays is %d, CloudWatch Logs accepts %v",
			s.LogRetentionDays, LogRetentions))
	}
	for _, name := range domains.Names() {
		if longest := len(describe(name, "analytics", domains[name].Description)); longest > maxDescription {
			problems = append(problems, fmt.Errorf("domains.%s.description: the databases' descriptions would have %d bytes, Glue allows %d",
				name, longest, maxDescription))
		}
	}
	return errors.Join(append(problems, s.validateCrawlers(domains))...)
}

// scanLimit gives the limit of a persona's workgroup.
func (s Settings) scanLimit(persona string, standard int) int {
	if limit := s.Workgroups[persona].ScanLimitBytes; limit > 0 {
		return limit
	}
	return standard
}
