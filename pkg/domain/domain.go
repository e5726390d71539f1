// Package domain describes the business domains a lake is divided into: whose data it is, how
// sensitive it is and where it lies. Everything that is granted, kept or described by domain reads it
// from here.
package domain

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Classification says how sensitive data is.
type Classification string

// The classifications, from harmless to sensitive.
const (
	Public       Classification = "public"
	Internal     Classification = "internal"
	Confidential Classification = "confidential"
	Restricted   Classification = "restricted"
)

// Classifications is all of them, from harmless to sensitive.
var Classifications = []Classification{Public, Internal, Confidential, Restricted}

// Known reports whether the classification is one of Classifications.
func (c Classification) Known() bool { return slices.Contains(Classifications, c) }

// UpTo gives the classifications that are not more sensitive than c.
func (c Classification) UpTo() []Classification {
	return Classifications[:slices.Index(Classifications, c)+1]
}

// Domain is one domain of the lake. Its name is the name of the pipeline that owns it: staged,
// analytics and quarantined data lie below the folder of that name.
type Domain struct {
	// Optional: how sensitive its data is; defaults to internal.
	Classification Classification `json:"classification,omitempty"`
	// Optional: what it is about; defaults to nothing.
	Description string `json:"description,omitempty"`
	// Optional: folders of the raw zone that are the domain's, without a slash at the end; defaults to the
	// folder of the domain's name.
	RawPrefixes []string `json:"rawPrefixes,omitempty"`
}

// Domains are the domains of a lake by name.
type Domains map[string]Domain

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	prefixForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9=._-]*(/[A-Za-z0-9][A-Za-z0-9=._-]*)*$`)
)

// ValidPrefix reports whether a folder below a zone is one that a policy can name: no slash at its ends,
// no wildcard.
func ValidPrefix(prefix string) bool { return prefixForm.MatchString(prefix) }

// Names gives the names, sorted.
func (d Domains) Names() []string { return slices.Sorted(maps.Keys(d)) }

// Classification gives the classification of a domain, Internal for one that does not say.
func (d Domains) Classification(name string) Classification {
	if c := d[name].Classification; c != "" {
		return c
	}
	return Internal
}

// Highest gives the classification of the most sensitive domain, and at least Internal: what lies in a zone
// outside of the domains is of none.
func (d Domains) Highest() Classification {
	highest := Internal
	for _, name := range d.Names() {
		if own := d.Classification(name); slices.Index(Classifications, own) > slices.Index(Classifications, highest) {
			highest = own
		}
	}
	return highest
}

// RawPrefixes gives the folders of the raw zone that are the domain's.
func (d Domains) RawPrefixes(name string) []string {
	if given := d[name].RawPrefixes; len(given) > 0 {
		return slices.Sorted(slices.Values(given))
	}
	return []string{name}
}

// rawZone is the zone in which a domain chooses its folders. The kinds of zones are in a package above this one.
const rawZone = "raw"

// Folders gives the folders of a domain in a zone, without a slash at the end.
func (d Domains) Folders(zone, name string) []string {
	if zone == rawZone {
		return d.RawPrefixes(name)
	}
	return []string{name}
}

// Validate refuses names and folders that AWS or Spark would, and folders that two domains claim.
func (d Domains) Validate() error {
	var problems []error
	owner := map[string]string{}
	for _, name := range d.Names() {
		domain := d[name]
		if !nameForm.MatchString(name) {
			problems = append(problems, fmt.Errorf("domains.%s: want lower-case letters, digits and underscores, at most 63", name))
		}
		if domain.Classification != "" && !domain.Classification.Known() {
			problems = append(problems, fmt.Errorf("domains.%s.classification %q: want one of %v", name, domain.Classification, Classifications))
		}
		for _, prefix := range d.RawPrefixes(name) {
			if !ValidPrefix(prefix) {
				problems = append(problems, fmt.Errorf("domains.%s.rawPrefixes %q: want a folder such as \"sales/orders\"", name, prefix))
			}
			for other, whose := range owner {
				if whose != name && Overlap(prefix, other) {
					problems = append(problems, fmt.Errorf("domains.%s.rawPrefixes %q: %q is of the domain %s", name, prefix, other, whose))
				}
			}
			owner[prefix] = name
		}
	}
	return errors.Join(problems...)
}

// Inside reports whether a folder is another one or lies below it.
func Inside(folder, other string) bool {
	return folder == other || strings.HasPrefix(folder, other+"/")
}

// Overlap reports whether one of two folders is the other or lies below it.
func Overlap(a, b string) bool { return Inside(a, b) || Inside(b, a) }
