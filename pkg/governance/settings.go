// Package governance tells AWS Lake Formation what there is in the lake and who may see which part of it:
// locations, tags, grants, filters of rows and columns.
package governance

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Mode says how much Lake Formation decides.
type Mode string

// The modes.
const (
	// Off leaves everything to IAM, and makes nothing in Lake Formation.
	Off Mode = "off"
	// Hybrid lets Lake Formation decide for the personas, and IAM for everybody else.
	Hybrid Mode = "hybrid"
	// Full lets Lake Formation decide for everybody.
	Full Mode = "full"
)

// Modes is all of them.
var Modes = []Mode{Off, Hybrid, Full}

// Settings is the object `datalake:settings.lakeFormation` of a stack file.
type Settings struct {
	// Optional: off, hybrid or full; defaults to off.
	Mode Mode `json:"mode"`
	// Optional: ARNs of roles and users that administer Lake Formation besides those it has and the deploy
	// roles of the environment; defaults to none.
	Administrators []string `json:"administrators"`
	// Optional: by persona, the most sensitive classification it may read whole tables of; defaults to internal.
	Clearance map[string]domain.Classification `json:"clearance"`
	// Optional: parts of tables that personas may read without the clearance for the whole; defaults to none.
	Filters []Filter `json:"filters"`
}

// Filter is a part of a table, and who may read it.
type Filter struct {
	// Required: its name.
	Name string `json:"name"`
	// Required: raw, staged, analytics or quarantine.
	Zone zone.Kind `json:"zone"`
	// Optional: the domain the table belongs to; defaults to none.
	Domain string `json:"domain"`
	// Required: the table.
	Table string `json:"table"`
	// Optional: condition on the rows, as after WHERE; defaults to all rows.
	Rows string `json:"rows"`
	// Optional: only these columns; defaults to all.
	Columns []string `json:"columns"`
	// Optional: all columns but these.
	ExcludedColumns []string `json:"excludedColumns"`
	// Required: the personas that may read it.
	Personas []string `json:"personas"`
}

// Defaults are the settings of a lake that says nothing of Lake Formation.
func Defaults() Settings { return Settings{Mode: Off} }

// On reports whether Lake Formation has anything to decide.
func (s Settings) On() bool { return s.Mode != Off }

// ClearanceOf is the most sensitive classification a persona may read.
func (s Settings) ClearanceOf(persona string) domain.Classification {
	if given := s.Clearance[persona]; given != "" {
		return given
	}
	return domain.Internal
}

// maxTag is the longest key or value of an LF-tag, and maxDomains how many values one grant can name
// (Lake Formation Developer Guide, "Lake Formation tag-based access control notes and restrictions"; Lake
// Formation API Reference, LFTag).
const (
	maxTag     = 50
	maxDomains = 50
)

var (
	nameForm  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,127}$`)
	tableForm = regexp.MustCompile(`^[a-z0-9_]{1,255}$`)
)

// Validate refuses what Lake Formation would, and what would not do what it seems to.
func (s Settings) Validate(domains domain.Domains, who access.Settings) error {
	var problems []error
	problem := func(format string, values ...any) {
		problems = append(problems, fmt.Errorf("lakeFormation."+format, values...))
	}
	if !slices.Contains(Modes, s.Mode) {
		problem("mode %q: want one of %v", s.Mode, Modes)
	}
	for _, arn := range s.Administrators {
		if !policy.IsPrincipalARN(arn) {
			problem("administrators %q: want the ARN of a role or user (arn:aws:iam::ACCOUNT:role/NAME)", arn)
		}
	}
	for _, persona := range slices.Sorted(maps.Keys(s.Clearance)) {
		if _, known := who.Personas[persona]; !known {
			problem("clearance.%s: there is no such persona; personas are %v", persona, who.Names())
		}
		if !s.Clearance[persona].Known() {
			problem("clearance.%s %q: want one of %v", persona, s.Clearance[persona], domain.Classifications)
		}
	}
	if s.On() {
		for _, name := range domains.Names() {
			if len(name) > maxTag {
				problem("mode %s: the domain %s has %d characters, an LF-tag allows %d", s.Mode, name, len(name), maxTag)
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err // what follows needs known names
	}
	return s.validateFilters(domains, who)
}

func (s Settings) validateFilters(domains domain.Domains, who access.Settings) error {
	var problems []error
	seen := map[string]bool{}
	for i, filter := range s.Filters {
		problem := func(format string, values ...any) {
			problems = append(problems, fmt.Errorf("lakeFormation.filters[%d]."+format, append([]any{i}, values...)...))
		}
		if !nameForm.MatchString(filter.Name) {
			problem("name %q: want lower-case letters, digits, underscores and hyphens", filter.Name)
		}
		if seen[filter.Name] {
			problem("name %q: another filter has the same", filter.Name)
		}
		seen[filter.Name] = true
		if !filter.Zone.HasDatabase() {
			problem("zone %q: want one of %v", filter.Zone, Zones)
		}
		_, declared := domains[filter.Domain]
		if filter.Domain != "" && !declared {
			problem("domain %q: there is no such domain; domains are %v", filter.Domain, domains.Names())
		}
		if !tableForm.MatchString(filter.Table) {
			problem("table %q: want the name of a table", filter.Table)
		}
		if filter.Rows == "" && len(filter.Columns)+len(filter.ExcludedColumns) == 0 {
			problem("rows: a filter without rows, columns and excludedColumns leaves everything")
		}
		if len(filter.Columns) > 0 && len(filter.ExcludedColumns) > 0 {
			problem("columns: give columns or excludedColumns, not both")
		}
		if len(filter.Personas) == 0 {
			problem("personas: nobody may read it")
		}
		classification := Classify(domains, filter.Zone, filter.Domain)
		for _, name := range filter.Personas {
			persona, known := who.Personas[name]
			switch {
			case !known:
				problem("personas: there is no persona %q; personas are %v", name, who.Names())
			case !slices.Contains(s.ClearanceOf(name).UpTo(), classification):
			case persona.Has(access.Read, filter.Zone, filter.Domain):
				problem("personas: %s may read all of the table (%s data of the zone %s), so that the filter would hide nothing: "+
					"lower its clearance or leave it out", name, classification, filter.Zone)
			}
		}
	}
	return errors.Join(problems...)
}
