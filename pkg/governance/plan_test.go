package governance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/zone"
)

func persona(tier access.Tier, domains []string, zones ...zone.Kind) access.Persona {
	return access.Persona{Grants: []access.Grant{{Zones: zones, Domains: domains, Tier: tier}}}
}

func manyDomains(count int, classification domain.Classification) (domain.Domains, []string) {
	domains := domain.Domains{}
	for i := range count {
		domains[fmt.Sprintf("d%03d", i)] = domain.Domain{Classification: classification}
	}
	return domains, domains.Names()
}

func TestKeys(t *testing.T) {
	t.Parallel()
	keys := Keys(naming.Scope{Organization: "acme", Environment: "dev"})
	if keys.Zone != "acme-dev-zone" || keys.validate() != nil {
		t.Errorf("%+v", keys)
	}
	long := Keys(naming.Scope{Organization: strings.Repeat("a", 30), Environment: "dev2"})
	if err := long.validate(); err != nil {
		t.Errorf("a key of 50 characters: %v", err)
	}
	long = Keys(naming.Scope{Organization: strings.Repeat("a", 31), Environment: "dev2"})
	if err := long.validate(); err == nil || !strings.Contains(err.Error(), "allows 50") {
		t.Errorf("a key of 51 characters: %v", err)
	}
}

func TestRejectedRowsAreAsSensitiveAsTheMostSensitiveDomain(t *testing.T) {
	t.Parallel()
	domains := domain.Domains{"a": {Classification: domain.Public}, "b": {Classification: domain.Confidential}}
	for _, test := range []struct {
		domains domain.Domains
		kind    zone.Kind
		name    string
		want    domain.Classification
	}{
		{domains, zone.Staged, "a", domain.Public},
		{domains, zone.Staged, "b", domain.Confidential},
		{domains, zone.Staged, "", domain.Internal},
		{domains, zone.Quarantine, "", domain.Confidential},
		{domain.Domains{"a": domains["a"]}, zone.Quarantine, "", domain.Internal},
	} {
		if got := Classify(test.domains, test.kind, test.name); got != test.want {
			t.Errorf("%s %q: %s, want %s", test.kind, test.name, got, test.want)
		}
	}
}

// Two grants of a persona never have the same expression, and the same expression always the same name.
func TestGrantsAreApart(t *testing.T) {
	t.Parallel()
	domains, names := manyDomains(120, domain.Internal)
	keys := Keys(naming.Scope{Organization: "acme", Environment: "dev"})
	everything := access.Persona{Grants: []access.Grant{
		{Zones: []zone.Kind{zone.Raw, zone.Staged}, Tier: access.Read},
		{Zones: []zone.Kind{zone.Staged, zone.Analytics}, Domains: names[:101], Tier: access.Write},
		{Zones: []zone.Kind{zone.Quarantine}, Tier: access.Admin},
		{Zones: []zone.Kind{zone.Analytics}, Prefixes: []string{"x/y"}, Tier: access.Admin}, // knows no tables
	}}
	grants := GrantsOf(keys, domains, everything, domain.Restricted)
	seen, byName := map[string]bool{}, map[string]string{}
	for _, grant := range grants {
		text := fmt.Sprint(grant.Expression)
		if seen[text] || byName[grant.Name] != "" {
			t.Errorf("%s twice: %s", grant.Name, text)
		}
		seen[text], byName[grant.Name] = true, text
		for _, condition := range grant.Expression {
			if len(condition.Values) > maxDomains || !slices.IsSorted(condition.Values) {
				t.Errorf("%s: %d values", grant.Name, len(condition.Values))
			}
		}
	}
	weaker := everything
	weaker.Grants = slices.Clone(everything.Grants)
	weaker.Grants[2].Tier = access.Read
	for _, grant := range GrantsOf(keys, domains, weaker, domain.Restricted) {
		if text := fmt.Sprint(grant.Expression); byName[grant.Name] != "" && byName[grant.Name] != text {
			t.Errorf("%s means %s and %s", grant.Name, byName[grant.Name], text)
		}
	}
	if none := GrantsOf(keys, domains, persona(access.Read, nil, zone.Artifacts), domain.Restricted); none != nil {
		t.Errorf("granted %v on a zone without tables", none)
	}
}

func TestUncleared(t *testing.T) {
	t.Parallel()
	secret, names := manyDomains(maxFolders+1, domain.Restricted)
	mixed := domain.Domains{"a": {Classification: domain.Public, RawPrefixes: []string{"x", "y"}}, "b": {Classification: domain.Restricted, RawPrefixes: []string{"v", "w/z"}}}
	for name, test := range map[string]struct {
		domains   domain.Domains
		persona   access.Persona
		clearance domain.Classification
		want      string
	}{
		"cleared":             {mixed, persona(access.Read, nil, Zones...), domain.Restricted, "[]"},
		"one domain":          {mixed, persona(access.Read, nil, zone.Raw, zone.Staged), domain.Internal, "[{raw v} {raw w/z} {staged b}]"},
		"no rights there":     {mixed, persona(access.Read, []string{"a"}, zone.Raw, zone.Staged), domain.Internal, "[]"},
		"rejected rows":       {mixed, persona(access.Read, nil, zone.Quarantine), domain.Internal, "[{quarantine }]"},
		"the zone's own data": {mixed, persona(access.Read, nil, zone.Analytics), domain.Public, "[{analytics }]"},
		"many":                {secret, persona(access.Read, names, zone.Staged), domain.Internal, "[{staged }]"},
	} {
		if got := fmt.Sprint(Uncleared(test.domains, test.persona, test.clearance)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestLocations(t *testing.T) {
	t.Parallel()
	domains := domain.Domains{"a": {RawPrefixes: []string{"x", "y"}}, "b": {}}
	for name, test := range map[string]struct {
		persona access.Persona
		want    string
	}{
		"reader":  {persona(access.Read, nil, Zones...), "[]"},
		"writer":  {persona(access.Write, nil, zone.Raw, zone.Staged), "[{raw } {staged }]"},
		"domain":  {persona(access.Write, []string{"a"}, zone.Raw, zone.Staged, zone.Quarantine), "[{raw x} {raw y} {staged a}]"},
		"steward": {persona(access.Admin, nil, zone.Quarantine), "[{quarantine }]"},
	} {
		if got := fmt.Sprint(LocationsOf(domains, test.persona)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Whoever may use a database in any way opts in for it, cleared or not.
func TestOptIns(t *testing.T) {
	t.Parallel()
	domains := domain.Domains{"a": {Classification: domain.Restricted}, "b": {}}
	got := fmt.Sprint(Opted(domains, persona(access.Read, []string{"a"}, zone.Raw, zone.Staged, zone.Quarantine)))
	if want := "[{raw a} {staged a}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if places := Places(domains); len(places) != 3*3+1 {
		t.Errorf("%d databases: %v", len(places), places)
	}
}
