package scan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Waiver says why a finding does not count, and until when.
type Waiver struct {
	ID string `yaml:"id"`
	// Resource is what Finding.Resource must be; a * stands for any characters.
	Resource string `yaml:"resource"`
	Reason   string `yaml:"reason"`
	// Expires is the last day it holds, as 2027-06-30.
	Expires string `yaml:"expires"`
	// Environments are those it holds for; without any, for all.
	Environments []string `yaml:"environments"`
	// Setting is the configuration that makes what it is about, as datalake:settings.replication. Where that is not
	// set, the waiver does not hold and need not cover anything.
	Setting string `yaml:"setting"`
}

// Environment is what waivers can depend on.
type Environment struct {
	Name string
	// IsSet tells whether the environment's configuration has a setting.
	IsSet func(setting string) bool
}

// Waivers are those of a file.
type Waivers []Waiver

const (
	// longestWaiver is how far ahead a waiver may end: whoever extends it has to think again.
	longestWaiver = 366 * 24 * time.Hour
	// shortestReason is in characters; "false positive" is no reason.
	shortestReason = 30
)

var (
	checkovID = regexp.MustCompile(`^CKV2?_AWS_[0-9]+$`)
	prowlerID = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)+$`)
	setting   = regexp.MustCompile(`^[a-z]+:settings(\.[A-Za-z]+)+$`)
)

// ParseWaivers reads a waiver file and refuses one that is out of date.
func ParseWaivers(content []byte, now time.Time) (Waivers, error) {
	var file struct {
		Waivers Waivers `yaml:"waivers"`
	}
	if err := yaml.UnmarshalWithOptions(content, &file, yaml.Strict()); err != nil {
		return nil, err
	}
	var problems []error
	seen := map[[2]string]bool{}
	for i, waiver := range file.Waivers {
		if err := waiver.check(now); err != nil {
			problems = append(problems, fmt.Errorf("waiver %d (%s for %s): %w", i+1, waiver.ID, waiver.Resource, err))
		}
		key := [2]string{waiver.ID, waiver.Resource}
		if seen[key] {
			problems = append(problems, fmt.Errorf("waiver %d (%s for %s) is there twice", i+1, waiver.ID, waiver.Resource))
		}
		seen[key] = true
	}
	return file.Waivers, errors.Join(problems...)
}

func (w Waiver) check(now time.Time) error {
	var problems []error
	if !checkovID.MatchString(w.ID) && !prowlerID.MatchString(w.ID) {
		problems = append(problems, errors.New("id is neither one of checkov, as CKV_AWS_18, nor one of prowler, as s3_bucket_object_lock"))
	}
	if strings.Trim(w.Resource, "*/: ") == "" {
		problems = append(problems, errors.New("resource must name something, a * alone would cover everything"))
	}
	if len(strings.TrimSpace(w.Reason)) < shortestReason {
		problems = append(problems, fmt.Errorf("reason must say why, in %d characters or more", shortestReason))
	}
	if w.Setting != "" && !setting.MatchString(w.Setting) {
		problems = append(problems, errors.New("setting must be a configuration key, as datalake:settings.replication"))
	}
	last, err := time.Parse(time.DateOnly, w.Expires)
	switch {
	case err != nil:
		problems = append(problems, errors.New("expires must be a day, as 2027-06-30"))
	case now.After(last.AddDate(0, 0, 1)):
		problems = append(problems, fmt.Errorf("expired on %s: fix what it covers, or decide anew", w.Expires))
	case last.Sub(now) > longestWaiver:
		problems = append(problems, errors.New("expires must be within a year"))
	}
	return errors.Join(problems...)
}

// in tells whether the waiver holds for an environment.
func (w Waiver) in(environment Environment) bool {
	return (len(w.Environments) == 0 || slices.Contains(w.Environments, environment.Name)) &&
		(w.Setting == "" || environment.IsSet(w.Setting))
}

func (w Waiver) scanner() Scanner {
	if checkovID.MatchString(w.ID) {
		return Checkov
	}
	return Prowler
}

func (w Waiver) covers(finding Finding) bool {
	if w.ID != finding.ID || w.scanner() != finding.Scanner {
		return false
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(w.Resource), `\*`, ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(finding.Resource)
}

// cover tells whether any waiver covers the finding, and notes each that does.
func (ws Waivers) cover(finding Finding, environment Environment, used []bool) bool {
	covered := false
	for i, waiver := range ws {
		if waiver.in(environment) && waiver.covers(finding) {
			used[i], covered = true, true
		}
	}
	return covered
}
