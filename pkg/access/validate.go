package access

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Grantable are the zones a grant can name. Results of queries belong to the workgroups and access logs
// to nobody.
var Grantable = []zone.Kind{zone.Raw, zone.Staged, zone.Analytics, zone.Quarantine, zone.Artifacts}

var tiers = []Tier{Read, Write, Admin}

// Limits of IAM for sessions, and what is used without a setting (IAM API Reference, CreateRole).
const (
	minSession            = 60
	maxSession            = 720
	DefaultSessionMinutes = minSession
)

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	// IAM Identity Center API Reference, CreatePermissionSet.
	permissionSetForm = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,32}$`)
	serviceForm       = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$`)
	// IAM User Guide, "Tags for AWS Identity and Access Management resources".
	tagForm = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]+$`)
)

// Limits of IAM for tags (the same).
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// Validate refuses what can be seen to be wrong without knowing the account. Every problem names its key.
func (s Settings) Validate(domains domain.Domains) error {
	var p problems
	for _, name := range s.Names() {
		persona, key := s.Personas[name], "access.personas."+name
		if !nameForm.MatchString(name) {
			p.add(key, "want lower-case letters, digits and single hyphens, beginning with a letter")
		}
		if name == catalog.Shared {
			p.add(key, "the name is taken by the platform's own workgroup; choose another")
		}
		persona.validate(&p, key, domains)
	}
	for _, arn := range duplicates(s.Administrators) {
		p.add("access.administrators", "%q is there twice", arn)
	}
	for i, arn := range s.Administrators {
		if !policy.IsPrincipalARN(arn) {
			p.add(fmt.Sprintf("access.administrators[%d]", i),
				"%q: want the ARN of a role or a user (arn:aws:iam::ACCOUNT:role/PATH/NAME), without a wildcard", arn)
		}
	}
	return errors.Join(p...)
}

// ValidateIn refuses what does not fit the account and the environment.
func (s Settings) ValidateIn(acct account.Account, scope naming.Scope) error {
	var p problems
	owner := map[string]string{}
	for _, name := range s.Names() {
		key, given := "access.personas."+name, s.Personas[name].RoleARN
		if role := RoleName(scope, name); given == "" && len(role) > naming.MaxRole {
			p.add(key, "the role's name %s would have %d characters, IAM allows %d: shorten the name", role, len(role), naming.MaxRole)
		}
		if given == "" {
			continue
		}
		if !strings.HasPrefix(given, acct.GlobalARN("iam", "role/")) {
			p.add(key+".roleArn", "%s is not a role of the lake's account %s; name it in assumedBy.roles instead", given, acct.ID)
		}
		for _, path := range []string{scope.Path(), scope.DeployPath()} {
			if strings.HasPrefix(given, acct.GlobalARN("iam", "role"+path)) {
				p.add(key+".roleArn", "%s is a role of the platform itself; name one that somebody else has made", given)
			}
		}
		if other := owner[given]; other != "" {
			p.add(key+".roleArn", "%s is the role of the persona %s already", given, other)
		}
		if slices.Contains(s.Administrators, given) {
			p.add(key+".roleArn", "%s is among access.administrators, whom no persona limits: choose one", given)
		}
		owner[given] = name
	}
	return errors.Join(p...)
}

func (p Persona) validate(found *problems, key string, domains domain.Domains) {
	switch {
	case p.RoleARN != "" && !p.AssumedBy.empty():
		found.add(key, "roleArn and assumedBy exclude each other: who may take a given role is said where it was made")
	case p.RoleARN == "" && p.AssumedBy.empty():
		found.add(key, "want a roleArn, or in assumedBy roles, permissionSets, a tag or services")
	case p.RoleARN != "" && !policy.IsRoleARN(p.RoleARN):
		found.add(key+".roleArn", "%q: want the ARN of a role (arn:aws:iam::ACCOUNT:role/PATH/NAME)", p.RoleARN)
	}
	if m := p.SessionMinutes; m != 0 && (m < minSession || m > maxSession) {
		found.add(key+".sessionMinutes", "%d, IAM allows %d to %d", m, minSession, maxSession)
	}
	if p.SessionMinutes != 0 && p.RoleARN != "" {
		found.add(key+".sessionMinutes", "the role is given, and so is its longest session")
	}
	p.AssumedBy.validate(found, key+".assumedBy")
	if len(p.Grants) == 0 {
		found.add(key+".grants", "want at least one")
	}
	where := map[folder]string{}
	for i, grant := range p.Grants {
		at := fmt.Sprintf("%s.grants[%d]", key, i)
		grant.validate(found, at, domains)
		for _, granted := range grant.folders(domains) {
			if before := where[granted]; before != "" && before != at {
				found.add(at, "%s is granted by %s already: say each once, with the highest tier", granted, before)
			}
			where[granted] = at
		}
	}
}

func (p Principals) empty() bool {
	return len(p.Roles)+len(p.PermissionSets)+len(p.Services) == 0 && p.Tag == nil
}

func (p Principals) validate(found *problems, key string) {
	for _, list := range []struct {
		field  string
		values []string
		fits   func(string) bool
		want   string
	}{
		{"roles", p.Roles, policy.IsRoleARN, "the ARN of a role (arn:aws:iam::ACCOUNT:role/PATH/NAME), without a wildcard"},
		{"permissionSets", p.PermissionSets, permissionSetForm.MatchString,
			"the name of a permission set, at most 32 letters, digits and _+=,.@-"},
		{"services", p.Services, serviceForm.MatchString, "the name of a service, such as quicksight.amazonaws.com"},
	} {
		for i, value := range list.values {
			if !list.fits(value) {
				found.add(fmt.Sprintf("%s.%s[%d]", key, list.field, i), "%q: want %s", value, list.want)
			}
		}
		for _, twice := range duplicates(list.values) {
			found.add(key+"."+list.field, "%q is there twice", twice)
		}
	}
	if p.Tag == nil {
		return
	}
	if !tagForm.MatchString(p.Tag.Key) || len(p.Tag.Key) > maxTagKey || strings.HasPrefix(strings.ToLower(p.Tag.Key), "aws:") {
		found.add(key+".tag.key", "%q: want the key of a tag, at most %d letters, digits, spaces and _.:/=+-@, not beginning with aws:",
			p.Tag.Key, maxTagKey)
	}
	if len(p.Tag.Values) == 0 {
		found.add(key+".tag.values", "want at least one")
	}
	for i, value := range p.Tag.Values {
		// A condition that compares with StringEquals takes no wildcard, but does replace variables.
		if !tagForm.MatchString(value) || len(value) > maxTagValue {
			found.add(fmt.Sprintf("%s.tag.values[%d]", key, i), "%q: want a value, at most %d letters, digits, spaces and _.:/=+-@",
				value, maxTagValue)
		}
	}
	for _, twice := range duplicates(p.Tag.Values) {
		found.add(key+".tag.values", "%q is there twice", twice)
	}
}

func (g Grant) validate(found *problems, key string, domains domain.Domains) {
	if len(g.Zones) == 0 {
		found.add(key+".zones", "want at least one of %v", Grantable)
	}
	for _, kind := range g.Zones {
		if !slices.Contains(Grantable, kind) {
			found.add(key+".zones", "%q: want some of %v", kind, Grantable)
		}
		if kind == zone.Artifacts && len(g.Domains) > 0 {
			found.add(key+".domains", "the zone artifacts has no folders of domains: name prefixes there, or grant all of it")
		}
	}
	for _, name := range g.Domains {
		if _, declared := domains[name]; !declared {
			found.add(key+".domains", "%q is not declared in domains; declared: %v", name, domains.Names())
		}
	}
	for _, prefix := range g.Prefixes {
		if !domain.ValidPrefix(prefix) {
			found.add(key+".prefixes", `%q: want a folder such as "sales/orders"`, prefix)
		}
	}
	if !slices.Contains(tiers, g.Tier) {
		found.add(key+".tier", "%q: want one of %v", g.Tier, tiers)
	}
	for _, list := range []struct {
		field string
		twice []string
	}{{"zones", duplicates(g.Zones)}, {"domains", duplicates(g.Domains)}, {"prefixes", duplicates(g.Prefixes)}} {
		for _, value := range list.twice {
			found.add(key+"."+list.field, "%q is there twice", value)
		}
	}
}

// problems are errors that name the key of the configuration they are about.
type problems []error

func (p *problems) add(key, format string, values ...any) {
	*p = append(*p, fmt.Errorf("%s: "+format, append([]any{key}, values...)...))
}

// duplicates gives the values that a list has more than once, as text.
func duplicates[T ~string](list []T) []string {
	seen := map[T]int{}
	var twice []string
	for _, value := range list {
		if seen[value]++; seen[value] == 2 {
			twice = append(twice, string(value))
		}
	}
	return twice
}
