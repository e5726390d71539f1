package program_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/program/sandbox"
	"github.com/tarn-data/tarn/pkg/pulumitest"
	"github.com/tarn-data/tarn/pkg/zone"
)

const (
	personaARN = accountARN + "role/tarn/test/tarn-test-persona-"
	givenARN   = accountARN + "role/team/data-scientist"
	breakGlass = accountARN + "role/break-glass"
)

// grant and persona write settings as a stack file has them.
func grant(tier string, zones ...string) map[string]any {
	return map[string]any{"zones": zones, "tier": tier}
}

func persona(name string, grants ...map[string]any) map[string]any {
	return map[string]any{
		"assumedBy": map[string]any{"tag": map[string]any{"key": "persona", "values": []string{name}}}, "grants": grants,
	}
}

// fivePersonas are the personas of the shipped stack files, with another domain and a role that was given.
func fivePersonas() map[string]any {
	ofFlights := grant("read", "staged")
	ofFlights["domains"] = []string{"flights"}
	scientist := grant("write", "analytics")
	scientist["prefixes"] = []string{"sandbox"}
	return map[string]any{
		"administrators": []string{breakGlass},
		"personas": map[string]any{
			"ingest":   persona("ingest", grant("write", "raw")),
			"engineer": persona("engineer", grant("read", "raw"), grant("write", "staged", "analytics", "artifacts")),
			"analyst":  persona("analyst", grant("read", "analytics"), ofFlights),
			"steward":  persona("steward", grant("admin", "raw", "staged", "analytics", "quarantine")),
			"service":  persona("service", grant("read", "analytics")),
			"given":    map[string]any{"roleArn": givenARN, "grants": []map[string]any{scientist}},
		},
	}
}

// deployed is what the whole platform with these personas renders, read back from its JSON.
type deployed struct {
	recorder *pulumitest.Recorder
	buckets  map[string]policy.Document // by zone
	key      policy.Document
	keyARN   string
	boundary policy.Document
}

func withPersonas(t *testing.T, access map[string]any) *deployed {
	t.Helper()
	d := &deployed{recorder: &pulumitest.Recorder{}, buckets: map[string]policy.Document{}}
	err := d.recorder.RunConfigured(t, sandbox.DeployFrom("../.."), "tarn", "test", map[string]map[string]any{
		contract.ProjectBootstrap: {"organization": "tarn", "owner": "data"},
		contract.ProjectDatalake: {
			"organization": "tarn", "owner": "data", "access": access,
			"domains": map[string]any{"flights": map[string]any{"rawPrefixes": []string{"nycflights13"}}, "sales": map[string]any{}},
		},
		contract.ProjectMPP: {"organization": "tarn", "owner": "data"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range zone.Kinds {
		d.buckets[string(kind)] = pulumitest.Document(t, d.recorder.Named("aws:s3/bucketPolicy:BucketPolicy", string(kind)+"-policy"), "policy")
	}
	key := d.recorder.Named("aws:kms/keyPolicy:KeyPolicy", "data-key-policy")
	d.key = pulumitest.Document(t, key, "policy")
	id, _ := key.Inputs["keyId"].(string)
	d.keyARN = "arn:aws:kms:us-east-1:123456789012:key/" + id
	d.boundary = pulumitest.Document(t, d.recorder.Named("aws:iam/policy:Policy", "workload-boundary"), "policy")
	return d
}

func zoneARN(zone string) string { return "arn:aws:s3:::tarn-test-" + zone + "-123456789012-us-east-1" }

var allowAll = policy.Document{Statements: []policy.Statement{
	{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
}}

// own gives the policies of a role that was made.
func (d *deployed) own(t *testing.T, role string) policy.Policies {
	t.Helper()
	made := d.recorder.Named("aws:iam/rolePolicy:RolePolicy", role+"-policy")
	return policy.Policies{Identity: []policy.Document{pulumitest.Document(t, made, "policy")}, Boundary: &d.boundary}
}

// asks decides about an action on a path of a zone, with the zone's bucket policy.
func (d *deployed) asks(t *testing.T, principal, action, zone, path string, have policy.Policies) policy.Decision {
	t.Helper()
	context := policy.Context{"aws:PrincipalIsAWSService": {"false"}, "aws:SecureTransport": {"true"}}
	if !strings.HasPrefix(principal, "arn:") {
		context["aws:PrincipalIsAWSService"] = []string{"true"}
	}
	resource := zoneARN(zone) + "/" + path
	if strings.HasPrefix(action, "s3:List") {
		resource, context["s3:prefix"] = zoneARN(zone), []string{path}
	}
	have.Resource = []policy.Document{d.buckets[zone]}
	return decide(t, policy.Request{Principal: principal, Action: action, Resource: resource, Context: context}, have)
}

// uses decides about the use of the data key by S3 for a zone.
func (d *deployed) uses(t *testing.T, principal, action, zone string, have policy.Policies) policy.Decision {
	t.Helper()
	have.Resource = []policy.Document{d.key}
	return decide(t, policy.Request{Principal: principal, Action: action, Resource: d.keyARN, Context: policy.Context{
		"aws:PrincipalIsAWSService": {"false"}, "kms:ViaService": {"s3.us-east-1.amazonaws.com"}, "kms:EncryptionContext:aws:s3:arn": {zoneARN(zone)},
	}}, have)
}

// dataActions are one letter each in the tables below.
var dataActions = map[string]string{
	"l": "s3:ListBucket", "g": "s3:GetObject", "p": "s3:PutObject", "d": "s3:DeleteObject", "v": "s3:DeleteObjectVersion",
}

// What each persona may do in each zone, over the JSON that the whole program renders: with the policies of its
// role, and as well with a policy that allows everything, when the bucket policy alone is the limit.
func TestPersonasMayDoWhatTheirGrantsSay(t *testing.T) {
	t.Parallel()
	d := withPersonas(t, fivePersonas())
	own := func(persona string) string { return "tarn-test-" + persona + "/q/x.csv" }
	type place struct{ zone, path string }
	want := map[string]map[place]string{
		"ingest": {{"raw", "nycflights13/x"}: "lgpd", {"raw", "other/x"}: "lgpd"},
		"engineer": {
			{"raw", "nycflights13/x"}: "lg", {"raw", "other/x"}: "lg", {"staged", "flights/x"}: "lgpd", {"staged", "flights2/x"}: "lgpd", {"staged", "sales/x"}: "lgpd",
			{"analytics", "flights/x"}: "lgpd", {"analytics", "sandbox/x"}: "lgpd", {"artifacts", "tmp/x"}: "lgpd",
		},
		"analyst": {{"staged", "flights/x"}: "lg", {"analytics", "flights/x"}: "lg", {"analytics", "sandbox/x"}: "lg"},
		"steward": {
			{"raw", "nycflights13/x"}: "lgpdv", {"raw", "other/x"}: "lgpdv", {"staged", "flights/x"}: "lgpdv", {"staged", "flights2/x"}: "lgpdv", {"staged", "sales/x"}: "lgpdv",
			{"analytics", "flights/x"}: "lgpdv", {"analytics", "sandbox/x"}: "lgpdv", {"quarantine", "flights/x"}: "lgpdv",
		},
		"service": {{"analytics", "flights/x"}: "lg", {"analytics", "sandbox/x"}: "lg"},
		"given":   {{"analytics", "sandbox/x"}: "lgpd"},
	}
	places := []place{
		{"raw", "nycflights13/x"}, {"raw", "other/x"}, {"raw", ""}, {"staged", "flights/x"}, {"staged", "flights2/x"}, {"staged", "sales/x"},
		{"staged", ""}, {"analytics", "flights/x"}, {"analytics", "sandbox/x"}, {"quarantine", "flights/x"}, {"artifacts", "tmp/x"},
		{"access-logs", "raw/x"},
	}
	for name := range want {
		want[name][place{"athena-results", own(name)}] = "lgpd"
		places = append(places, place{"athena-results", own(name)})
		for _, whole := range []string{"raw", "staged"} { // a grant for the whole zone lets list all of it
			if want[name][place{whole, "sales/x"}]+want[name][place{whole, "other/x"}] != "" {
				want[name][place{whole, ""}] = "l"
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		have := map[string]policy.Policies{"everything allowed": {Identity: []policy.Document{allowAll}}}
		principal := personaARN + name
		if name == "given" {
			principal = givenARN
		} else {
			have["its own policies"] = d.own(t, "persona-"+name)
		}
		for _, place := range places {
			for letter, action := range dataActions {
				if place.path == "" && letter != "l" {
					continue
				}
				for with, policies := range have {
					decision := d.asks(t, principal, action, place.zone, place.path, policies)
					if decision.Allowed != strings.Contains(want[name][place], letter) {
						t.Errorf("%s, %s: %s on %s/%s: %s", name, with, action, place.zone, place.path, decision.Reason)
					}
				}
			}
		}
	}
}

// No persona changes what makes a bucket safe, whatever else its role is given.
func TestPersonasConfigureNothing(t *testing.T) {
	t.Parallel()
	d := withPersonas(t, fivePersonas())
	everything := policy.Policies{Identity: []policy.Document{allowAll}}
	for kind, document := range d.buckets {
		for _, principal := range []string{personaARN + "steward", personaARN + "gone", givenARN} {
			for _, action := range []string{"s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:PutEncryptionConfiguration"} {
				have := everything
				have.Resource = []policy.Document{document}
				decision := decide(t, policy.Request{
					Principal: principal, Action: action, Resource: zoneARN(kind),
					Context: policy.Context{"aws:PrincipalIsAWSService": {"false"}, "aws:SecureTransport": {"true"}},
				}, have)
				if decision.Allowed {
					t.Errorf("%s may %s on %s: %s", principal, action, kind, decision.Reason)
				}
			}
		}
	}
}

// The use of the key follows the zones; whoever may only read encrypts nothing but results of queries.
func TestPersonasUseTheKeyForTheirZones(t *testing.T) {
	t.Parallel()
	d := withPersonas(t, fivePersonas())
	reads := map[string]string{
		"ingest": "raw", "engineer": "raw staged analytics artifacts", "analyst": "staged analytics",
		"steward": "raw staged analytics quarantine", "service": "analytics",
	}
	writes := map[string]string{
		"ingest": "raw", "engineer": "staged analytics artifacts", "steward": "raw staged analytics quarantine",
	}
	for name := range reads {
		for _, kind := range zone.DataKinds {
			for action, zones := range map[string]string{"kms:Decrypt": reads[name], "kms:GenerateDataKey": writes[name]} {
				decision := d.uses(t, personaARN+name, action, string(kind), d.own(t, "persona-"+name))
				expected := kind == zone.AthenaResults || slices.Contains(strings.Fields(zones), string(kind))
				if decision.Allowed != expected {
					t.Errorf("%s: %s for %s: %s", name, action, kind, decision.Reason)
				}
			}
		}
		// Not without S3, and no grant, whatever the role is allowed.
		have := d.own(t, "persona-"+name)
		have.Resource = []policy.Document{d.key}
		request := policy.Request{Principal: personaARN + name, Action: "kms:Decrypt", Resource: d.keyARN, Context: policy.Context{"aws:PrincipalIsAWSService": {"false"}}}
		if decision := decide(t, request, have); decision.Allowed {
			t.Errorf("%s decrypts without S3: %s", name, decision.Reason)
		}
		everything := policy.Policies{Identity: []policy.Document{allowAll}}
		if decision := d.uses(t, personaARN+name, "kms:CreateGrant", "raw", everything); decision.Allowed {
			t.Errorf("%s makes a grant: %s", name, decision.Reason)
		}
		if decision := d.uses(t, personaARN+name, "kms:GenerateDataKey", "raw", everything); decision.Allowed != (writes[name] != "") {
			t.Errorf("%s with everything allowed: %s", name, decision.Reason)
		}
	}
}

func TestPersonasAskInTheirOwnWorkgroup(t *testing.T) {
	t.Parallel()
	d := withPersonas(t, fivePersonas())
	const workgroup, glue = "arn:aws:athena:us-east-1:123456789012:workgroup/tarn-test-", "arn:aws:glue:us-east-1:123456789012:"
	for _, test := range []struct {
		persona, action, resource string
		want                      bool
	}{
		{"analyst", "athena:StartQueryExecution", workgroup + "analyst", true},
		{"analyst", "athena:GetQueryResults", workgroup + "analyst", true},
		{"analyst", "athena:StartQueryExecution", workgroup + "steward", false},
		{"analyst", "athena:StartQueryExecution", workgroup + "lake", false},
		{"analyst", "athena:UpdateWorkGroup", workgroup + "analyst", false},
		{"steward", "athena:StopQueryExecution", workgroup + "steward", true},
		{"steward", "athena:GetQueryResults", workgroup + "analyst", false},
		{"analyst", "athena:GetTableMetadata", "arn:aws:athena:us-east-1:123456789012:datacatalog/AwsDataCatalog", true},
		{"analyst", "lakeformation:GetDataAccess", "*", true},
		{"analyst", "glue:GetTable", glue + "table/tarn_test_staged_flights/weather", true},
		{"analyst", "glue:GetTable", glue + "table/tarn_test_staged_sales/orders", false},
		{"analyst", "glue:GetTable", glue + "table/tarn_test_staged/x", false},
		{"analyst", "glue:GetTable", glue + "table/tarn_test_analytics_sales/x", true},
		{"analyst", "glue:GetTable", glue + "table/tarn_test_analytics/x", true},
		{"analyst", "glue:GetTable", glue + "table/tarn_test_raw_flights/x", false},
		{"analyst", "glue:UpdateTable", glue + "table/tarn_test_analytics_sales/x", false},
		{"engineer", "glue:UpdateTable", glue + "table/tarn_test_analytics_sales/x", true},
		{"engineer", "glue:GetTable", glue + "table/tarn_test_analytics_sales/x", true},
		{"engineer", "glue:CreateTable", glue + "table/tarn_test_raw/x", false},
		{"engineer", "glue:DeleteTable", glue + "table/tarn_test_staged/x", false},
		{"steward", "glue:DeleteTable", glue + "table/tarn_test_staged/x", true},
		{"steward", "glue:DeleteDatabase", glue + "database/tarn_test_staged", false},
		{"ingest", "glue:GetDatabase", glue + "database/tarn_test_raw", true},
		{"ingest", "glue:GetDatabase", glue + "database/tarn_test_staged", false},
		{"ingest", "glue:GetTables", glue + "catalog", true},
		{"steward", "iam:PassRole", personaARN + "steward", false},
		{"steward", "sts:AssumeRole", personaARN + "ingest", false},
	} {
		request := policy.Request{
			Principal: personaARN + test.persona, Action: test.action, Resource: test.resource, Context: policy.Context{"aws:RequestedRegion": {"us-east-1"}},
		}
		decision := decide(t, request, d.own(t, "persona-"+test.persona))
		if decision.Allowed != test.want {
			t.Errorf("%s: %s on %s: %s", test.persona, test.action, test.resource, decision.Reason)
		}
	}
}

// Whoever is neither exempt nor a persona gets at no data, although its own policy allows everything; and nobody whom
// the platform needs is shut out.
func TestOutsidersAreShutOut(t *testing.T) {
	t.Parallel()
	d := withPersonas(t, fivePersonas())
	everything := policy.Policies{Identity: []policy.Document{allowAll}}
	in := map[string]bool{
		accountARN + "root": true,
		deployARN:           true,
		accountARN + "user/tarn/test.deploy/tarn-test-ci":   true,
		accountARN + "role/tarn/test/tarn-test-flights-job": true,
		breakGlass:                                   true,
		accountARN + "role/Admin":                    false,
		accountARN + "user/bob":                      false,
		accountARN + "role/tarn/prod/x":              false,
		accountARN + "role/tarn/test2/x":             false,
		accountARN + "role/team/break-glass":         false,
		personaARN + "gone":                          false,
		"arn:aws:sts::123456789012:federated-user/x": false,
	}
	for principal, expected := range in {
		for kind := range d.buckets {
			for _, action := range dataActions {
				if decision := d.asks(t, principal, action, kind, "x/y", everything); decision.Allowed != expected {
					t.Errorf("%s: %s on %s: %s", principal, action, kind, decision.Reason)
				}
			}
		}
		for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"} {
			if decision := d.uses(t, principal, action, "raw", everything); decision.Allowed != expected {
				t.Errorf("%s: %s: %s", principal, action, decision.Reason)
			}
		}
		// Nobody is locked out of the policies themselves whom IAM lets change them.
		if decision := d.uses(t, principal, "kms:PutKeyPolicy", "raw", everything); !decision.Allowed {
			t.Errorf("%s is locked out of the key: %s", principal, decision.Reason)
		}
	}
	// S3 delivers logs as itself.
	log := policy.Request{
		Principal: "logging.s3.amazonaws.com", Account: "123456789012", Action: "s3:PutObject", Resource: zoneARN("access-logs") + "/raw/x",
		Context: policy.Context{
			"aws:PrincipalIsAWSService": {"true"}, "aws:SecureTransport": {"true"}, "aws:SourceArn": {zoneARN("raw")}, "aws:SourceAccount": {"123456789012"},
		},
	}
	if decision := decide(t, log, policy.Policies{Resource: []policy.Document{d.buckets["access-logs"]}}); !decision.Allowed {
		t.Errorf("log delivery: %s", decision.Reason)
	}
	// Jobs get at what their own policies allow, as without personas.
	job := d.own(t, "flights-job-role")
	if decision := d.asks(t, accountARN+"role/tarn/test/tarn-test-flights-job", "s3:GetObject", "raw", "nycflights13/flights/x.csv", job); !decision.Allowed {
		t.Errorf("a job: %s", decision.Reason)
	}
}

// A role that was given is not touched, and everything about the others follows the platform's rules.
func TestPersonasAreRolesOfThePlatform(t *testing.T) {
	t.Parallel()
	settings := fivePersonas()
	settings["personas"].(map[string]any)["trusting"] = map[string]any{
		"sessionMinutes": 90,
		"assumedBy": map[string]any{
			"roles": []string{accountARN + "role/x"}, "permissionSets": []string{"Data"}, "services": []string{"quicksight.amazonaws.com"},
		},
		"grants": []map[string]any{grant("read", "raw")},
	}
	d := withPersonas(t, settings)
	pulumitest.CheckInvariants(t, d.recorder)
	made := map[string]float64{}
	for _, role := range d.recorder.OfType("aws:iam/role:Role") {
		if name, found := strings.CutPrefix(role.Inputs["name"].(string), "tarn-test-persona-"); found {
			made[name], _ = role.Inputs["maxSessionDuration"].(float64)
		}
	}
	want := map[string]float64{"analyst": 3600, "engineer": 3600, "ingest": 3600, "service": 3600, "steward": 3600, "trusting": 5400}
	if !maps.Equal(made, want) {
		t.Errorf("roles %v, want %v", made, want)
	}
}

// Without personas, no bucket policy and no key policy says anything of them.
func TestWithoutPersonasIAMDecides(t *testing.T) {
	t.Parallel()
	d := withPersonas(t, map[string]any{})
	everything := policy.Policies{Identity: []policy.Document{allowAll}}
	for kind := range d.buckets {
		if decision := d.asks(t, accountARN+"role/Admin", "s3:GetObject", kind, "x", everything); !decision.Allowed {
			t.Errorf("%s: %s", kind, decision.Reason)
		}
	}
	if decision := d.uses(t, accountARN+"role/Admin", "kms:Decrypt", "raw", everything); !decision.Allowed {
		t.Errorf("key: %s", decision.Reason)
	}
}

func TestPersonasThatCannotBeAreRefusedBeforeTheFirstResource(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 1000 {
		many = append(many, strings.Repeat("x", 20)+string(rune('a'+i%26))+strings.Repeat("y", i/26))
	}
	single := grant("read", "raw")
	single["prefixes"] = many
	foreign := map[string]any{"roleArn": "arn:aws:iam::210987654321:role/x", "grants": []map[string]any{grant("read", "raw")}}
	for want, access := range map[string]map[string]any{
		"access.personas.a.grants[0].zones: ":                                    {"personas": map[string]any{"a": persona("a", grant("read", "rwa"))}},
		"access.personas.a.roleArn: ":                                            {"personas": map[string]any{"a": foreign}},
		"access.personas.a.grants: the bucket policy of the zone raw would have": {"personas": map[string]any{"a": persona("a", single)}},
	} {
		p := projects()[1]
		recorder := &pulumitest.Recorder{Upstream: upstream("test")}
		err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data", "access": access})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nwant %q", err, want)
		}
		for _, made := range recorder.Resources() {
			if made.Type != "pulumi:pulumi:Stack" {
				t.Errorf("%s %s was registered before the error", made.Type, made.Name)
			}
		}
	}
}
