// Package access says who may do what with the lake's data: personas, the tiers they have in each zone,
// and the policies that follow from them.
package access

import (
	"maps"
	"slices"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Settings is the object `datalake:settings.access` of a stack file.
type Settings struct {
	// Optional: the personas by name; defaults to none, and then IAM alone decides who may use the lake.
	Personas map[string]Persona `json:"personas"`
	// Optional: ARNs of roles and users that keep all rights IAM gives them, for emergencies; defaults to none.
	// The account's root user and whoever deploys always keep theirs.
	Administrators []string `json:"administrators"`
}

// Persona is a kind of user of the lake: an IAM role and what it may do.
type Persona struct {
	// Optional: ARN of a role that somebody else has made; defaults to making one.
	RoleARN string `json:"roleArn"`
	// Required without roleArn: who may take the role.
	AssumedBy Principals `json:"assumedBy"`
	// Required: what it may do.
	Grants []Grant `json:"grants"`
	// Optional: the longest session of the role in minutes, 60 to 720; defaults to 60.
	SessionMinutes int `json:"sessionMinutes"`
}

// Principals says who may take the role of a persona; at least one of them.
type Principals struct {
	// Optional: ARNs of roles.
	Roles []string `json:"roles"`
	// Optional: names of permission sets of IAM Identity Center.
	PermissionSets []string `json:"permissionSets"`
	// Optional: everybody in the account whose principal tag has one of the values.
	Tag *Tag `json:"tag"`
	// Optional: AWS services, such as "quicksight.amazonaws.com".
	Services []string `json:"services"`
}

// Tag is a condition on a tag of the principal.
type Tag struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// Tier is how much a grant allows; each one includes those before it.
type Tier string

// The tiers.
const (
	Read  Tier = "read"  // list and get objects
	Write Tier = "write" // put and delete objects; versions stay
	Admin Tier = "admin" // delete versions, for good
)

// Grant gives a tier in zones. Without domains and prefixes it is for whole zones.
type Grant struct {
	// Required: raw, staged, analytics, quarantine or artifacts.
	Zones []zone.Kind `json:"zones"`
	// Optional: only the folders of these domains.
	Domains []string `json:"domains"`
	// Optional: only what lies below these folders; without a slash at the end.
	Prefixes []string `json:"prefixes"`
	// Required: read, write or admin.
	Tier Tier `json:"tier"`
}

// Names gives the names of the personas, sorted.
func (s Settings) Names() []string { return slices.Sorted(maps.Keys(s.Personas)) }

// RoleName is the name of the role that is made for a persona.
func RoleName(scope naming.Scope, persona string) string { return scope.Name("persona", persona) }

// RoleARN is the ARN of a persona's role, which is known before the role exists.
func (s Settings) RoleARN(acct account.Account, scope naming.Scope, persona string) string {
	if given := s.Personas[persona].RoleARN; given != "" {
		return given
	}
	return acct.GlobalARN("iam", "role"+scope.Path()+RoleName(scope, persona))
}

// Has reports whether a persona has at least a tier on everything of a domain in a zone.
func (p Persona) Has(tier Tier, kind zone.Kind, domain string) bool {
	order := []Tier{Read, Write, Admin}
	return slices.ContainsFunc(p.Grants, func(g Grant) bool {
		return slices.Contains(g.Zones, kind) && slices.Index(order, g.Tier) >= slices.Index(order, tier) &&
			(len(g.Domains)+len(g.Prefixes) == 0 || slices.Contains(g.Domains, domain))
	})
}
