package access

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/encryption"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/settings"
	"github.com/tarn-data/tarn/pkg/zone"
)

var (
	testAccount = account.Account{ID: "123456789012", Region: "eu-central-1"}
	testScope   = naming.Scope{Organization: "tarn", Environment: "prod"}
	testDomains = domain.Domains{"flights": {RawPrefixes: []string{"nycflights13"}}, "sales": {}}
)

const testKey = "arn:aws:kms:eu-central-1:123456789012:key/12345678-1234-1234-1234-123456789012"

// container reads settings as the project does.
type container struct {
	Access  Settings       `json:"access"`
	Domains domain.Domains `json:"domains"`
}

func (c *container) Validate() error { return c.Access.Validate(c.Domains) }

func parse(t *testing.T, text string) (Settings, error) {
	t.Helper()
	read := container{Domains: testDomains}
	err := settings.Decode([]byte(`{"access":`+text+`}`), &read)
	return read.Access, err
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	persona := func(body string) string { return `{"personas":{"analyst":{` + body + `}}}` }
	granted := func(grant string) string {
		return persona(`"assumedBy":{"tag":{"key":"persona","values":["analyst"]}},"grants":[` + grant + `]`)
	}
	assumed := func(by string) string {
		return persona(`"assumedBy":{` + by + `},"grants":[{"zones":["raw"],"tier":"read"}]`)
	}
	const role = `"roleArn":"arn:aws:iam::123456789012:role/x"`
	const grants = `"grants":[{"zones":["raw"],"tier":"read"}]`
	tests := map[string]struct{ text, want string }{
		"good":                 {granted(`{"zones":["raw","staged"],"domains":["flights"],"prefixes":["a/b"],"tier":"write"}`), ""},
		"every principal":      {assumed(`"roles":["arn:aws:iam::210987654321:role/a/b"],"permissionSets":["Data_Analyst"],"services":["quicksight.amazonaws.com"],"tag":{"key":"a:b","values":["x y"]}`), ""},
		"given role":           {persona(role + "," + grants), ""},
		"name":                 {`{"personas":{"Data_Analyst":{` + role + "," + grants + `}}}`, "access.personas.Data_Analyst: want lower-case"},
		"reserved":             {`{"personas":{"lake":{` + role + "," + grants + `}}}`, "access.personas.lake: the name is taken"},
		"misspelt":             {persona(`"role":"x"`), `unknown field "role"`},
		"no grants":            {persona(role), "access.personas.analyst.grants: want at least one"},
		"no principal":         {persona(grants), "access.personas.analyst: want a roleArn, or in assumedBy"},
		"two ways":             {persona(role + `,"assumedBy":{"services":["a.amazonaws.com"]},` + grants), "access.personas.analyst: roleArn and assumedBy exclude"},
		"not a role":           {persona(`"roleArn":"arn:aws:iam::123456789012:user/x",` + grants), "access.personas.analyst.roleArn: "},
		"a pattern":            {persona(`"roleArn":"arn:aws:iam::123456789012:role/*",` + grants), "access.personas.analyst.roleArn: "},
		"short session":        {persona(`"sessionMinutes":5,"assumedBy":{"services":["a.amazonaws.com"]},` + grants), "access.personas.analyst.sessionMinutes: 5, IAM allows 60 to 720"},
		"session of another":   {persona(role + `,"sessionMinutes":60,` + grants), "access.personas.analyst.sessionMinutes: the role is given"},
		"assuming pattern":     {assumed(`"roles":["arn:aws:iam::123456789012:role/*"]`), "access.personas.analyst.assumedBy.roles[0]: "},
		"assuming root":        {assumed(`"roles":["arn:aws:iam::123456789012:root"]`), "access.personas.analyst.assumedBy.roles[0]: "},
		"assuming twice":       {assumed(`"services":["a.amazonaws.com","a.amazonaws.com"]`), `access.personas.analyst.assumedBy.services: "a.amazonaws.com" is there twice`},
		"permission set":       {assumed(`"permissionSets":["*"]`), "access.personas.analyst.assumedBy.permissionSets[0]: "},
		"service":              {assumed(`"services":["example.com"]`), "access.personas.analyst.assumedBy.services[0]: "},
		"tag key":              {assumed(`"tag":{"key":"aws:x","values":["a"]}`), "access.personas.analyst.assumedBy.tag.key: "},
		"tag without a value":  {assumed(`"tag":{"key":"x"}`), "access.personas.analyst.assumedBy.tag.values: want at least one"},
		"tag with a variable":  {assumed(`"tag":{"key":"x","values":["${aws:username}"]}`), "access.personas.analyst.assumedBy.tag.values[0]: "},
		"no zone":              {granted(`{"tier":"read"}`), "access.personas.analyst.grants[0].zones: want at least one"},
		"unknown zone":         {granted(`{"zones":["rwa"],"tier":"read"}`), `access.personas.analyst.grants[0].zones: "rwa": want some of`},
		"results":              {granted(`{"zones":["athena-results"],"tier":"read"}`), `access.personas.analyst.grants[0].zones: "athena-results"`},
		"logs":                 {granted(`{"zones":["access-logs"],"tier":"read"}`), `access.personas.analyst.grants[0].zones: "access-logs"`},
		"zone twice":           {granted(`{"zones":["raw","raw"],"tier":"read"}`), `access.personas.analyst.grants[0].zones: "raw" is there twice`},
		"unknown domain":       {granted(`{"zones":["raw"],"domains":["payroll"],"tier":"read"}`), `access.personas.analyst.grants[0].domains: "payroll" is not declared in domains; declared: [flights sales]`},
		"domain of artifacts":  {granted(`{"zones":["artifacts"],"domains":["sales"],"tier":"read"}`), "access.personas.analyst.grants[0].domains: the zone artifacts has no folders of domains"},
		"prefix with a slash":  {granted(`{"zones":["raw"],"prefixes":["a/"],"tier":"read"}`), `access.personas.analyst.grants[0].prefixes: "a/"`},
		"prefix with a star":   {granted(`{"zones":["raw"],"prefixes":["*"],"tier":"read"}`), `access.personas.analyst.grants[0].prefixes: "*"`},
		"no tier":              {granted(`{"zones":["raw"]}`), `access.personas.analyst.grants[0].tier: "": want one of [read write admin]`},
		"granted twice":        {granted(`{"zones":["raw"],"tier":"read"},{"zones":["raw"],"tier":"admin"}`), "access.personas.analyst.grants[1]: the zone raw is granted by access.personas.analyst.grants[0] already"},
		"folder granted twice": {granted(`{"zones":["raw"],"domains":["flights"],"tier":"read"},{"zones":["raw"],"prefixes":["nycflights13"],"tier":"read"}`), "access.personas.analyst.grants[1]: the folder nycflights13 of the zone raw"},
		"administrator":        {`{"administrators":["arn:aws:iam::123456789012:role/*"]}`, "access.administrators[0]: "},
		"administrator twice":  {`{"administrators":["arn:aws:iam::123456789012:role/a","arn:aws:iam::123456789012:role/a"]}`, "access.administrators: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(t, test.text); test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestSettingsFitTheAccount(t *testing.T) {
	t.Parallel()
	grants := []Grant{{Zones: []zone.Kind{zone.Raw}, Tier: Read}}
	given := func(arn string) Persona { return Persona{RoleARN: arn, Grants: grants} }
	tests := map[string]struct {
		settings Settings
		want     string
	}{
		"good":            {Settings{Personas: map[string]Persona{"a": given("arn:aws:iam::123456789012:role/team/x")}}, ""},
		"another account": {Settings{Personas: map[string]Persona{"a": given("arn:aws:iam::210987654321:role/x")}}, "access.personas.a.roleArn: arn:aws:iam::210987654321:role/x is not a role of the lake's account"},
		"a job":           {Settings{Personas: map[string]Persona{"a": given("arn:aws:iam::123456789012:role/tarn/prod/job")}}, "is a role of the platform itself"},
		"a deployer":      {Settings{Personas: map[string]Persona{"a": given("arn:aws:iam::123456789012:role/tarn/prod.deploy/x")}}, "is a role of the platform itself"},
		"twice":           {Settings{Personas: map[string]Persona{"a": given("arn:aws:iam::123456789012:role/x"), "b": given("arn:aws:iam::123456789012:role/x")}}, "access.personas.b.roleArn: arn:aws:iam::123456789012:role/x is the role of the persona a"},
		"administrator":   {Settings{Administrators: []string{"arn:aws:iam::123456789012:role/x"}, Personas: map[string]Persona{"a": given("arn:aws:iam::123456789012:role/x")}}, "whom no persona limits"},
		"long name":       {Settings{Personas: map[string]Persona{strings.Repeat("a", 60): {Grants: grants}}}, "IAM allows 64: shorten the name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := test.settings.ValidateIn(testAccount, testScope); test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestAreaLeavesOutWhatIsCovered(t *testing.T) {
	t.Parallel()
	p := Persona{Grants: []Grant{
		{Zones: []zone.Kind{zone.Raw}, Prefixes: []string{"a/c", "b/x", "a", "a-b"}, Tier: Read},
		{Zones: []zone.Kind{zone.Raw}, Prefixes: []string{"a/c/d", "b"}, Tier: Write},
		{Zones: []zone.Kind{zone.Raw, zone.Staged}, Domains: []string{"flights"}, Tier: Admin},
		{Zones: []zone.Kind{zone.Analytics}, Tier: Read},
	}}
	for _, test := range []struct {
		kind zone.Kind
		tier Tier
		want Area
	}{
		{zone.Raw, Read, Area{Folders: []string{"a", "a-b", "b", "nycflights13"}}},
		{zone.Raw, Write, Area{Folders: []string{"a/c/d", "b", "nycflights13"}}},
		{zone.Raw, Admin, Area{Folders: []string{"nycflights13"}}},
		{zone.Staged, Read, Area{Folders: []string{"flights"}}},
		{zone.Analytics, Read, Area{Whole: true}},
		{zone.Analytics, Write, Area{}},
		{zone.Artifacts, Read, Area{}},
	} {
		got := p.area(test.kind, test.tier, testDomains)
		if got.Whole != test.want.Whole || !slices.Equal(got.Folders, test.want.Folders) {
			t.Errorf("%s in %s: %+v, want %+v", test.tier, test.kind, got, test.want)
		}
	}
}

func tagged(name string, grants ...Grant) Persona {
	return Persona{AssumedBy: Principals{Tag: &Tag{Key: "persona", Values: []string{name}}}, Grants: grants}
}

func TestWithoutPersonasNothingIsSaid(t *testing.T) {
	t.Parallel()
	l := &Lake{Account: testAccount, Scope: testScope, Settings: Settings{Administrators: []string{"arn:aws:iam::123456789012:role/x"}}}
	for _, kind := range zone.Kinds {
		if statements := l.BucketStatements(kind); statements != nil {
			t.Errorf("%s: %v", kind, statements)
		}
	}
	got, err := l.KeyPolicy().JSON()
	if err != nil {
		t.Fatal(err)
	}
	plain := encryption.Policy(testAccount, true)
	plain.Statements = append(plain.Statements, encryption.Messages(testAccount)...)
	if want, _ := plain.JSON(); got != want {
		t.Errorf("key policy %s\nwant %s", got, want)
	}
}

// The policies of 1,000 data sets in 20 domains with 8 personas stay below the limits: data sets are granted by
// domain, and a data set that a domain covers takes no room.
func TestSizesOfALargeLake(t *testing.T) {
	t.Parallel()
	l := &Lake{Account: testAccount, Scope: testScope, Domains: domain.Domains{}, Settings: Settings{Personas: map[string]Persona{}}}
	var names []string
	for i := range 20 {
		name := fmt.Sprintf("business_domain_%02d", i)
		names = append(names, name)
		l.Domains[name] = domain.Domain{}
	}
	var datasets []string
	for i := range 1000 {
		datasets = append(datasets, fmt.Sprintf("%s/dataset_%03d", names[i%20], i))
	}
	all := []zone.Kind{zone.Raw, zone.Staged, zone.Analytics}
	personas := map[string][]Grant{
		"ingest":   {{Zones: []zone.Kind{zone.Raw}, Tier: Write}},
		"engineer": {{Zones: all, Tier: Read}, {Zones: []zone.Kind{zone.Quarantine, zone.Artifacts}, Tier: Write}},
		"steward":  {{Zones: append(slices.Clone(all), zone.Quarantine), Tier: Admin}},
		// Every domain of two zones by name, and every data set by name as well.
		"auditor": {{Zones: []zone.Kind{zone.Staged, zone.Analytics}, Domains: names, Prefixes: datasets, Tier: Read}},
	}
	for i := range 4 { // overlapping, all different
		mine := append(slices.Clone(names[i*4:i*4+8-2*(i/3)]), names[(i*4+13)%20])
		personas[fmt.Sprintf("team-%d", i)] = []Grant{
			{Zones: []zone.Kind{zone.Staged, zone.Raw}, Domains: mine, Tier: Read},
			{Zones: []zone.Kind{zone.Analytics}, Domains: mine, Tier: Write},
		}
	}
	for name, grants := range personas {
		l.Settings.Personas[name] = tagged(name, grants...)
	}
	if err := l.Settings.Validate(l.Domains); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err != nil {
		t.Error(err)
	}
	for _, kind := range zone.Kinds {
		document := policy.Document{Statements: l.BucketStatements(kind)}
		if err := l.CheckBucketPolicy(kind, document, 4096); err != nil {
			t.Error(err)
		}
		size, _ := document.Size()
		t.Logf("bucket policy of %s: %d bytes of %d", kind, size, policy.MaxBucketPolicy)
	}
	for _, name := range l.Settings.Names() {
		size, _ := l.Identity(name, testKey).Size()
		exact, _ := l.identity(name, testKey, true).Size()
		t.Logf("role policy of %s: %d characters of %d (%d naming every folder)", name, size, policy.MaxInlineRole, exact)
	}
	size, _ := l.KeyPolicy().Size()
	t.Logf("key policy: %d bytes of %d", size, policy.MaxKeyPolicy)

	// The same twice gives the same, and the data sets change nothing.
	before, err := policy.Document{Statements: l.BucketStatements(zone.Staged)}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	personas["auditor"][0].Prefixes = nil
	l.Settings.Personas["auditor"] = tagged("auditor", personas["auditor"]...)
	if after, _ := (policy.Document{Statements: l.BucketStatements(zone.Staged)}).JSON(); after != before {
		t.Error("covered folders change the policy")
	}
}

func TestWhatDoesNotFitIsRefusedWithItsSize(t *testing.T) {
	t.Parallel()
	var datasets []string
	for i := range 1000 {
		datasets = append(datasets, fmt.Sprintf("domain_%02d/dataset_%03d", i%20, i))
	}
	l := &Lake{Account: testAccount, Scope: testScope, Settings: Settings{Personas: map[string]Persona{
		"analyst": tagged("analyst", Grant{Zones: []zone.Kind{zone.Analytics}, Prefixes: datasets, Tier: Read}),
		"other":   tagged("other", Grant{Zones: []zone.Kind{zone.Analytics}, Tier: Read}),
	}}}
	if err := l.Settings.Validate(nil); err != nil {
		t.Fatal(err)
	}
	document := policy.Document{Statements: l.BucketStatements(zone.Analytics)}
	size, err := document.Size()
	if err != nil {
		t.Fatal(err)
	}
	err = l.CheckBucketPolicy(zone.Analytics, document, 0)
	for _, want := range []string{"access.personas.analyst.grants: ", "zone analytics", fmt.Sprint(size), "20480", "1000 folders", "instead of single prefixes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}

	var roles []string
	for i := range 30 {
		roles = append(roles, fmt.Sprintf("arn:aws:iam::123456789012:role/somebody-%d", i))
	}
	many := domain.Domains{}
	for i := range 60 {
		many[fmt.Sprintf("domain_number_%d", i)] = domain.Domain{}
	}
	l = &Lake{Account: testAccount, Scope: testScope, Domains: many, Settings: Settings{Personas: map[string]Persona{
		"many-roles":   {AssumedBy: Principals{Roles: roles}, Grants: []Grant{{Zones: []zone.Kind{zone.Raw}, Tier: Read}}},
		"many-domains": tagged("x", Grant{Zones: []zone.Kind{zone.Raw, zone.Staged, zone.Analytics}, Domains: many.Names(), Tier: Read}),
	}}}
	err = l.Check()
	for _, want := range []string{
		"access.personas.many-roles.assumedBy: the trust policy", "IAM allows 2048",
		"access.personas.many-domains.grants: the policy of the role", "IAM allows 10240: grant whole zones",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	var administrators []string
	for i := range 500 {
		administrators = append(administrators, fmt.Sprintf("arn:aws:iam::123456789012:role/a-path/administrator-%d-of-the-company", i))
	}
	l.Settings = Settings{Administrators: administrators, Personas: map[string]Persona{"a": tagged("a", Grant{Zones: []zone.Kind{zone.Raw}, Tier: Read})}}
	if err := l.Check(); err == nil || !strings.Contains(err.Error(), "access.personas: the policy of the lake's key would have") {
		t.Errorf("error %v", err)
	}
	if err := l.CheckBucketPolicy(zone.Raw, policy.Document{Statements: l.BucketStatements(zone.Raw)}, 0); err == nil || !strings.Contains(err.Error(), "access.personas: the bucket policy of the zone raw") {
		t.Errorf("error %v", err)
	}
}

// A policy that names zones instead of folders allows no more, because the bucket policy says the same again.
func TestNamingZonesAllowsNoMore(t *testing.T) {
	t.Parallel()
	l := &Lake{Account: testAccount, Scope: testScope, Domains: testDomains, Settings: Settings{Personas: map[string]Persona{
		"analyst": tagged("analyst", Grant{Zones: []zone.Kind{zone.Raw, zone.Staged}, Domains: []string{"flights"}, Tier: Read},
			Grant{Zones: []zone.Kind{zone.Staged}, Prefixes: []string{"sandbox"}, Tier: Admin}),
	}}}
	request := func(action, resource, prefix string) policy.Request {
		return policy.Request{
			Principal: l.roleARN("analyst"), Action: action, Resource: resource,
			Context: policy.Context{"s3:prefix": {prefix}, "aws:PrincipalIsAWSService": {"false"}},
		}
	}
	decide := func(r policy.Request, kind zone.Kind, exact bool) bool {
		decision, err := policy.Decide(r, policy.Policies{
			Identity: []policy.Document{l.identity("analyst", testKey, exact)},
			Resource: []policy.Document{{Statements: l.BucketStatements(kind)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return decision.Allowed
	}
	allowed := 0
	for _, kind := range []zone.Kind{zone.Raw, zone.Staged, zone.Analytics, zone.AthenaResults} {
		for _, path := range []string{"", "flights", "flights/x", "nycflights13/x", "sandbox/x", "sales/x", "flights2/x", "tarn-prod-analyst/x", "tarn-prod-other/x"} {
			for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"} {
				r := request(action, l.bucketARN(kind)+"/"+path, "")
				if strings.HasPrefix(action, "s3:List") {
					r = request(action, l.bucketARN(kind), path)
				}
				exact := decide(r, kind, true)
				if exact != decide(r, kind, false) {
					t.Errorf("%s on %s with prefix %q: %v when folders are named", action, r.Resource, path, exact)
				}
				if exact {
					allowed++
				}
			}
		}
	}
	if allowed < 10 {
		t.Errorf("only %d requests were allowed", allowed)
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	l := &Lake{Account: testAccount, Scope: testScope, Settings: Settings{Personas: map[string]Persona{"p": {AssumedBy: Principals{
		Roles: []string{"arn:aws:iam::210987654321:role/team"}, PermissionSets: []string{"Data"},
		Tag: &Tag{Key: "persona", Values: []string{"p", "q"}}, Services: []string{"glue.amazonaws.com"},
	}}}}}
	const sso = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/"
	everything := policy.Document{Statements: []policy.Statement{{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}}}}
	for _, test := range []struct {
		principal, account string
		tag                string
		want               bool
	}{
		{"arn:aws:iam::210987654321:role/team", "", "", true},
		{"arn:aws:iam::210987654321:role/other", "", "", false},
		{"arn:aws:iam::123456789012:role/team", "", "", false},
		{sso + "AWSReservedSSO_Data_0123456789abcdef", "", "", true},
		{sso + "eu-west-1/AWSReservedSSO_Data_0123456789abcdef", "", "", true},
		{sso + "eu-west-1/AWSReservedSSO_Data_Admin_0123456789abcdef", "", "", false},
		{"arn:aws:iam::123456789012:role/AWSReservedSSO_Data_0123456789abcdef", "", "", false},
		{"arn:aws:iam::123456789012:user/x", "", "q", true},
		{"arn:aws:iam::123456789012:user/x", "", "r", false},
		{"arn:aws:iam::210987654321:user/x", "", "q", false},
		{"glue.amazonaws.com", "123456789012", "", true},
		{"glue.amazonaws.com", "210987654321", "", false},
		{"lambda.amazonaws.com", "123456789012", "", false},
	} {
		context := policy.Context{}
		if test.tag != "" {
			context["aws:PrincipalTag/persona"] = []string{test.tag}
		}
		if test.account != "" {
			context["aws:SourceAccount"] = []string{test.account}
		}
		decision, err := policy.Decide(policy.Request{
			Principal: test.principal, Action: "sts:AssumeRole", Resource: l.roleARN("p"), Context: context,
		}, policy.Policies{Identity: []policy.Document{everything}, Resource: []policy.Document{l.Trust("p")}})
		if err != nil {
			t.Fatal(err)
		}
		if decision.Allowed != test.want {
			t.Errorf("%s with tag %q: %s", test.principal, test.tag, decision.Reason)
		}
	}
}

func TestWhoDeploysIsNotShutOut(t *testing.T) {
	t.Parallel()
	l := &Lake{Account: testAccount, Scope: testScope, Settings: Settings{
		Administrators: []string{"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"},
		Personas:       map[string]Persona{"a": tagged("a", Grant{Zones: []zone.Kind{zone.Raw}, Tier: Read})},
	}}
	for caller, want := range map[string]bool{
		"arn:aws:sts::123456789012:assumed-role/tarn-prod-deploy/run":                       true,
		"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane": true,
		"arn:aws:iam::123456789012:root":                                                    true,
		"arn:aws:iam::123456789012:user/jane":                                               true,
		"arn:aws:sts::123456789012:assumed-role/Admin/jane":                                 false,
		"arn:aws:sts::123456789012:assumed-role/tarn-dev-deploy/run":                        false,
	} {
		if err := l.CheckDeployer(caller); (err == nil) != want || err != nil && !strings.Contains(err.Error(), "access.administrators: ") {
			t.Errorf("%s: %v", caller, err)
		}
	}
	l.Settings.Personas = nil
	if err := l.CheckDeployer("arn:aws:sts::123456789012:assumed-role/Admin/jane"); err != nil {
		t.Errorf("without personas: %v", err)
	}
}

// Whatever the settings say, nothing panics, what is accepted renders, and nothing is allowed by a wildcard or to
// everybody.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"access":{"personas":{"a":{"assumedBy":{"tag":{"key":"k","values":["v"]}},"grants":[{"zones":["raw"],"tier":"read"}]}}}}`))
	f.Add([]byte(`{"domains":{"d":{"rawPrefixes":["x/y"]}},"access":{"administrators":["arn:aws:iam::123456789012:user/a"],"personas":{"a":{"roleArn":"arn:aws:iam::123456789012:role/r","grants":[{"zones":["raw","staged","analytics","quarantine"],"domains":["d"],"prefixes":["p"],"tier":"admin"}]},"b":{"sessionMinutes":90,"assumedBy":{"roles":["arn:aws:iam::123456789012:role/r"],"permissionSets":["S"],"services":["glue.amazonaws.com"]},"grants":[{"zones":["artifacts"],"tier":"write"}]}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var read container
		if settings.Decode(raw, &read) != nil || read.Domains.Validate() != nil || read.Access.ValidateIn(testAccount, testScope) != nil {
			return
		}
		l := &Lake{Account: testAccount, Scope: testScope, Domains: read.Domains, Settings: read.Access}
		documents := []policy.Document{l.KeyPolicy()}
		for _, kind := range zone.Kinds {
			for _, s := range l.BucketStatements(kind) {
				if s.Effect != policy.Deny {
					t.Errorf("the bucket policy of %s allows something: %+v", kind, s)
				}
			}
			if statements := l.BucketStatements(kind); statements != nil {
				documents = append(documents, policy.Document{Statements: statements})
			}
		}
		for _, name := range read.Access.Names() {
			if read.Access.Personas[name].RoleARN == "" {
				documents = append(documents, l.Identity(name, testKey), l.Trust(name))
			}
		}
		for _, document := range documents {
			text, err := document.JSON()
			if err != nil {
				t.Fatalf("%v: %s", err, raw)
			}
			parsed, err := policy.Parse([]byte(text))
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			for _, s := range parsed.Statements {
				checkAllowed(t, s)
			}
		}
	})
}

func checkAllowed(t *testing.T, s policy.Statement) {
	t.Helper()
	if s.Effect != policy.Allow {
		return
	}
	text, _ := json.Marshal(s)
	if s.Principal != nil && s.Principal.Everyone || slices.ContainsFunc(s.Actions, func(a string) bool { return strings.ContainsAny(a, "*?") }) {
		t.Errorf("too much: %s", text)
	}
	if s.Principal == nil && slices.Contains(s.Resources, "*") && s.Sid != "AskLakeFormation" {
		t.Errorf("on everything: %s", text)
	}
}
