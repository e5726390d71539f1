package governance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Zones are those with tables, which is what Lake Formation decides about.
var Zones = []zone.Kind{zone.Raw, zone.Staged, zone.Analytics, zone.Quarantine}

// NoDomain is the value of the domain tag of what belongs to no declared domain. No domain can have this
// name.
const NoDomain = "no-domain"

// Classify gives the classification of the database of a zone, or of a domain there. Rejected rows of all
// domains lie in one table, which is as sensitive as the most sensitive of them.
func Classify(domains domain.Domains, kind zone.Kind, name string) domain.Classification {
	if kind == zone.Quarantine {
		return domains.Highest()
	}
	return domains.Classification(name)
}

// TagKeys are the keys of the LF-tags. An account has one set of keys for all its environments, hence the
// scope. Lake Formation would store upper case as lower case, which no name of a scope has.
type TagKeys struct{ Zone, Domain, Classification string }

// Keys gives the keys of an environment's LF-tags.
func Keys(scope naming.Scope) TagKeys {
	return TagKeys{Zone: scope.Name("zone"), Domain: scope.Name("domain"), Classification: scope.Name("classification")}
}

// validate refuses keys that Lake Formation would.
func (k TagKeys) validate() error {
	if len(k.Classification) > maxTag {
		return fmt.Errorf("LF-tag key %q has %d characters, Lake Formation allows %d: shorten the organization",
			k.Classification, len(k.Classification), maxTag)
	}
	return nil
}

// Condition is one part of a tag expression: the tag has one of the values.
type Condition struct {
	Key    string
	Values []string // sorted
}

// Expression says which databases or tables are meant: those that meet all its conditions.
type Expression []Condition

// Over gives the expression for zones, domains and classifications. None of the last two means any.
func Over(keys TagKeys, zones []zone.Kind, domains []string, classifications []domain.Classification) Expression {
	expression := Expression{{Key: keys.Zone, Values: sorted(zones)}}
	if len(domains) > 0 {
		expression = append(expression, Condition{Key: keys.Domain, Values: sorted(domains)})
	}
	if len(classifications) > 0 {
		expression = append(expression, Condition{Key: keys.Classification, Values: sorted(classifications)})
	}
	return expression
}

func sorted[T ~string](values []T) []string {
	var texts []string
	for _, value := range values {
		texts = append(texts, string(value))
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// Rights are the permissions on databases and on tables. They are sorted and name each permission: ALL
// comes back from Lake Formation as the list of what it means, and would be a change at every deployment
// (terraform-provider-aws#49453).
type Rights struct{ Databases, Tables []string }

// CrawlerRights are what crawlers do (Glue User Guide, "Crawler prerequisites").
func CrawlerRights() Rights {
	return Rights{Databases: []string{"CREATE_TABLE", "DESCRIBE"}, Tables: []string{"ALTER", "DESCRIBE", "INSERT", "SELECT"}}
}

// rightsOf gives what a tier means.
func rightsOf(tier access.Tier) Rights {
	switch tier {
	case access.Admin:
		return Rights{
			Databases: []string{"ALTER", "CREATE_TABLE", "DESCRIBE"},
			Tables:    []string{"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"},
		}
	case access.Write:
		return Rights{
			Databases: []string{"CREATE_TABLE", "DESCRIBE"},
			Tables:    []string{"ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"},
		}
	default:
		return Rights{Databases: []string{"DESCRIBE"}, Tables: []string{"DESCRIBE", "SELECT"}}
	}
}

// Grant gives rights on what an expression means.
type Grant struct {
	// Name is the same for the same expression, whatever the rights, and another one for another: two grants
	// of a principal on one expression would be one to Lake Formation, and to take one back would take both.
	Name       string
	Expression Expression
	Rights     Rights
}

// Place is a part of the lake that grants tell apart: the database of a zone, or of a domain there.
type Place struct {
	Zone   zone.Kind
	Domain string // empty for the database of the zone
}

// Places are all parts of the lake, one for each database.
func Places(domains domain.Domains) []Place {
	var all []Place
	for _, kind := range Zones {
		all = append(all, Place{Zone: kind})
		if kind == zone.Quarantine {
			continue // one database for all domains
		}
		for _, name := range domains.Names() {
			all = append(all, Place{kind, name})
		}
	}
	return all
}

// tierOf gives the highest tier a persona has on a whole part, or none.
func tierOf(persona access.Persona, p Place) access.Tier {
	for _, tier := range []access.Tier{access.Admin, access.Write, access.Read} {
		if persona.Has(tier, p.Zone, p.Domain) {
			return tier
		}
	}
	return ""
}

// tagOf is the value of the domain tag of a part.
func (p Place) tagOf() string {
	if p.Domain == "" {
		return NoDomain
	}
	return p.Domain
}

// GrantsOf gives the grants of a persona: for each tier the parts of the lake it has it on, as far as it is
// cleared. Rights on single folders are none here: Lake Formation knows tables.
func GrantsOf(keys TagKeys, domains domain.Domains, persona access.Persona, clearance domain.Classification) []Grant {
	var grants []Grant
	for _, tier := range []access.Tier{access.Read, access.Write, access.Admin} {
		// Zones with the same domains go together.
		var order []string
		zones, values := map[string][]zone.Kind{}, map[string][]string{}
		for _, kind := range Zones {
			var has []string
			whole := true
			for _, place := range Places(domains) {
				if place.Zone != kind {
					continue
				}
				if tierOf(persona, place) == tier {
					has = append(has, place.tagOf())
				} else {
					whole = false
				}
			}
			if len(has) == 0 {
				continue
			}
			if whole {
				has = nil
			}
			group := strings.Join(has, ",")
			if _, known := zones[group]; !known {
				order = append(order, group)
			}
			zones[group], values[group] = append(zones[group], kind), has
		}
		for _, group := range order {
			for _, part := range parts(values[group]) {
				expression := Over(keys, zones[group], part, clearance.UpTo())
				grants = append(grants, Grant{Name: nameOf(zones[group], expression), Expression: expression, Rights: rightsOf(tier)})
			}
		}
	}
	return grants
}

// parts cuts a list into pieces that one grant can name. No list is one piece.
func parts(values []string) [][]string {
	if len(values) == 0 {
		return [][]string{nil}
	}
	return slices.Collect(slices.Chunk(values, maxDomains))
}

// nameOf makes a name that says something and differs for each expression.
func nameOf(zones []zone.Kind, expression Expression) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(expression)))
	return strings.Join(sorted(zones), "-") + "-" + hex.EncodeToString(sum[:4])
}

// Location is a folder in which somebody may make tables. An empty folder is the whole zone.
type Location struct {
	Zone   zone.Kind
	Folder string
}

// LocationsOf gives the folders a persona may make tables in.
func LocationsOf(domains domain.Domains, persona access.Persona) []Location {
	var locations []Location
	for _, kind := range Zones {
		if persona.Has(access.Write, kind, "") {
			locations = append(locations, Location{Zone: kind})
			continue
		}
		for _, place := range Places(domains) {
			if place.Zone == kind && place.Domain != "" && persona.Has(access.Write, kind, place.Domain) {
				for _, folder := range place.folders(domains) {
					locations = append(locations, Location{kind, folder})
				}
			}
		}
	}
	return locations
}

// folders are where the data of a domain's part lie.
func (p Place) folders(domains domain.Domains) []string {
	return domains.Folders(string(p.Zone), p.Domain)
}

// maxFolders is how many folders of a zone one policy names: a role's policies have 10,240 characters
// together (IAM User Guide, "IAM and AWS STS quotas").
const maxFolders = 20

// Uncleared gives where the data lie that a persona has rights on and is not cleared for. It may see parts
// of them through filters, and must not get all of them from S3. Of many folders it is the whole zone.
func Uncleared(domains domain.Domains, persona access.Persona, clearance domain.Classification) []Location {
	var locations []Location
	for _, kind := range Zones {
		var folders []string
		whole := false
		for _, place := range Places(domains) {
			if place.Zone != kind || tierOf(persona, place) == "" || slices.Contains(clearance.UpTo(), Classify(domains, kind, place.Domain)) {
				continue
			}
			if place.Domain == "" {
				whole = true
			} else {
				folders = append(folders, place.folders(domains)...)
			}
		}
		if whole || len(folders) > maxFolders {
			folders = []string{""}
		}
		for _, folder := range folders {
			locations = append(locations, Location{kind, folder})
		}
	}
	return locations
}

// Opted are the databases a persona opts in for in hybrid mode: all it has any right on, whatever its
// clearance, so that nothing is left to IAM alone that Lake Formation should decide.
func Opted(domains domain.Domains, persona access.Persona) []Place {
	var places []Place
	for _, place := range Places(domains) {
		if tierOf(persona, place) != "" {
			places = append(places, place)
		}
	}
	return places
}
