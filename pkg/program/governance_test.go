package program_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/program/datalake"
	"github.com/tarn-data/tarn/pkg/program/mpp"
	"github.com/tarn-data/tarn/pkg/pulumitest"
)

const (
	lakeSettingsType = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
	permissionsType  = "aws:lakeformation/permissions:Permissions"
	filterType       = "aws:lakeformation/dataCellsFilter:DataCellsFilter"

	someAdmin = "arn:aws:iam::123456789012:role/admin"
	// testUser is who deploys in the tests.
	testUser = "arn:aws:iam::123456789012:user/test"
)

// formationBefore is what Lake Formation's settings of the account are before the first deployment.
func formationBefore() map[string]any {
	toIAM := []any{map[string]any{"principal": "IAM_ALLOWED_PRINCIPALS", "permissions": []any{"ALL"}}}
	return map[string]any{
		"admins": []any{someAdmin}, "createDatabaseDefaultPermissions": toIAM, "createTableDefaultPermissions": toIAM,
		"parameters": map[string]any{"CROSS_ACCOUNT_VERSION": "4"}, "trustedResourceOwners": []any{"210987654321"},
		"allowExternalDataFiltering": true,
	}
}

// governedLake runs the datalake program with two domains, three personas and what is given of Lake
// Formation. Of all tables only tarn_test_staged_hr.people exists.
func governedLake(t *testing.T, formation map[string]any, account map[string]any) (*pulumitest.Recorder, error) {
	t.Helper()
	reader := func(grants ...any) map[string]any {
		return map[string]any{"assumedBy": map[string]any{"services": []any{"quicksight.amazonaws.com"}}, "grants": grants}
	}
	grant := func(tier string, domains []any, zones ...any) map[string]any {
		return map[string]any{"tier": tier, "zones": zones, "domains": domains}
	}
	up := upstream("test")
	up[contract.StackName(contract.ProjectBootstrap, "test")]["deployRoleArn"] = deployARN
	recorder := &pulumitest.Recorder{Upstream: up, Functions: map[string]func(map[string]any) (map[string]any, error){
		"aws:lakeformation/getDataLakeSettings:getDataLakeSettings": func(map[string]any) (map[string]any, error) { return account, nil },
		"aws:glue/getCatalogTable:getCatalogTable": func(inputs map[string]any) (map[string]any, error) {
			if inputs["databaseName"] == "tarn_test_staged_hr" && inputs["name"] == "people" {
				return map[string]any{"name": "people"}, nil
			}
			return nil, fmt.Errorf("No Glue table %s found for catalog_id: 1", inputs["name"]) // the provider's words
		},
	}}
	err := recorder.Run(t, datalake.Deploy("../../datalake"), contract.ProjectDatalake, "test", map[string]any{
		"organization": "tarn", "owner": "data", "catalog": map[string]any{}, "lakeFormation": formation,
		"domains": map[string]any{
			"flights": map[string]any{"classification": "public", "rawPrefixes": []any{"air/flights"}},
			"hr":      map[string]any{"classification": "restricted"},
		},
		"access": map[string]any{"personas": map[string]any{
			"analyst": reader(grant("read", nil, "analytics"), grant("read", []any{"flights", "hr"}, "staged")),
			"steward": reader(grant("admin", nil, "raw", "staged", "analytics", "quarantine")),
			"writer":  reader(grant("write", []any{"flights"}, "raw", "staged")),
		}},
	})
	return recorder, err
}

func formationOf(recorder *pulumitest.Recorder) []pulumitest.Resource {
	return slices.DeleteFunc(recorder.Resources(), func(r pulumitest.Resource) bool {
		return !strings.HasPrefix(r.Type, "aws:lakeformation/")
	})
}

func hasPolicy(r pulumitest.Resource) bool { return r.Inputs["lfTagPolicy"] != nil }

func personaRoleARN(name string) string {
	return "arn:aws:iam::123456789012:role/tarn/test/tarn-test-persona-" + name
}

// granted gives what a principal is granted, each grant as text.
func granted(recorder *pulumitest.Recorder, principal string) []string {
	var grants []string
	for _, r := range recorder.OfType(permissionsType) {
		if r.Inputs["principal"] != principal {
			continue
		}
		what := ""
		switch {
		case hasPolicy(r):
			policy := r.Inputs["lfTagPolicy"].(map[string]any)
			what = strings.ToLower(policy["resourceType"].(string))
			for _, one := range policy["expressions"].([]any) {
				condition := one.(map[string]any)
				what += fmt.Sprint(" ", strings.TrimPrefix(condition["key"].(string), "tarn-test-"), condition["values"])
			}
		case r.Inputs["dataLocation"] != nil:
			what = r.Inputs["dataLocation"].(map[string]any)["arn"].(string)
		case r.Inputs["dataCellsFilter"] != nil:
			what = "filter " + r.Inputs["dataCellsFilter"].(map[string]any)["name"].(string)
		}
		grants = append(grants, fmt.Sprint(what, ": ", r.Inputs["permissions"]))
	}
	slices.Sort(grants)
	return grants
}

func TestLakeFormationOffMakesNothing(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]map[string]any{"default": {}, "off": {"mode": "off"}} {
		recorder, err := governedLake(t, settings, nil) // it would fail if it asked for the account's settings
		if err != nil {
			t.Fatal(err)
		}
		if made := formationOf(recorder); len(made) > 0 {
			t.Errorf("%s: %d resources, such as %s", name, len(made), made[0].Name)
		}
		if stashes := recorder.OfType("pulumi:index:Stash"); len(stashes) > 0 {
			t.Errorf("%s: %v", name, stashes)
		}
	}
}

func TestLakeFormationModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"hybrid", "full"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			recorder, err := governedLake(t, map[string]any{
				"mode": mode, "administrators": []any{testUser}, "clearance": map[string]any{"steward": "restricted"},
			}, formationBefore())
			if err != nil {
				t.Fatal(err)
			}
			pulumitest.CheckInvariants(t, recorder)

			settings := recorder.Named(lakeSettingsType, "lake-formation-settings")
			if got, want := fmt.Sprint(settings.Inputs["admins"]), fmt.Sprint([]string{someAdmin, deployARN, testUser}); got != want {
				t.Errorf("administrators %s, want %s", got, want)
			}
			if fmt.Sprint(settings.Inputs["parameters"], settings.Inputs["trustedResourceOwners"], settings.Inputs["allowExternalDataFiltering"]) !=
				"map[CROSS_ACCOUNT_VERSION:4] [210987654321] true" {
				t.Errorf("the account's settings are not kept: %v", settings.Inputs)
			}
			if _, retained := recorder.Kept(settings); !retained {
				t.Error("destroy would take everybody's administrators away")
			}
			for _, list := range []string{"createDatabaseDefaultPermissions", "createTableDefaultPermissions"} {
				value, given := settings.Inputs[list]
				if empty := given && reflect.ValueOf(value).Len() == 0; empty != (mode == "full") || given != (mode == "full") {
					t.Errorf("%s is %v", list, value)
				}
			}

			locations := recorder.OfType("aws:lakeformation/resource:Resource")
			if len(locations) != 4 {
				t.Errorf("%d locations", len(locations))
			}
			for _, location := range locations {
				if location.Inputs["hybridAccessEnabled"] != (mode == "hybrid") ||
					location.Inputs["roleArn"] != "arn:aws:iam::123456789012:role/tarn/test/tarn-test-lake-location" {
					t.Errorf("location %v", location.Inputs)
				}
			}
			optIns := recorder.OfType("aws:lakeformation/optIn:OptIn")
			if (len(optIns) > 0) != (mode == "hybrid") {
				t.Errorf("%d opt-ins", len(optIns))
			}
			if tags := recorder.OfType("aws:lakeformation/resourceLfTags:ResourceLfTags"); len(tags) != len(recorder.OfType("aws:glue/catalogDatabase:CatalogDatabase")) {
				t.Errorf("%d databases have tags, of %d", len(tags), len(recorder.OfType("aws:glue/catalogDatabase:CatalogDatabase")))
			}
			for _, r := range formationOf(recorder) {
				if r.Type != lakeSettingsType && !reaches(recorder, r, settings) {
					t.Errorf("%s does not wait for the administrators", r.Name)
				}
			}
		})
	}
}

// reaches reports whether a resource depends on another one, over any number of others.
func reaches(recorder *pulumitest.Recorder, from, to pulumitest.Resource) bool {
	byName := map[string]pulumitest.Resource{}
	for _, r := range recorder.Resources() {
		byName[r.Type+"::"+r.Name] = r
	}
	seen := map[string]bool{}
	var look func(r pulumitest.Resource) bool
	look = func(r pulumitest.Resource) bool {
		for _, urn := range r.DependsOn {
			parts := strings.Split(urn, "::")
			types := strings.Split(parts[2], "$")
			key := types[len(types)-1] + "::" + parts[3]
			if seen[key] {
				continue
			}
			seen[key] = true
			next := byName[key]
			if next.Type == to.Type && next.Name == to.Name || look(next) {
				return true
			}
		}
		return false
	}
	return look(from)
}

func TestLakeFormationGrants(t *testing.T) {
	t.Parallel()
	recorder, err := governedLake(t, map[string]any{
		"mode": "full", "administrators": []any{testUser}, "clearance": map[string]any{"steward": "restricted"},
	}, formationBefore())
	if err != nil {
		t.Fatal(err)
	}
	const upToInternal, all = " classification[internal public]", " classification[confidential internal public restricted]"
	const raw, staged = "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1", "arn:aws:s3:::tarn-test-staged-123456789012-us-east-1"
	for name, want := range map[string][]string{
		"analyst": {
			"database zone[analytics]" + upToInternal + ": [DESCRIBE]",
			"database zone[staged] domain[flights hr]" + upToInternal + ": [DESCRIBE]",
			"table zone[analytics]" + upToInternal + ": [DESCRIBE SELECT]",
			"table zone[staged] domain[flights hr]" + upToInternal + ": [DESCRIBE SELECT]",
		},
		"steward": {
			"arn:aws:s3:::tarn-test-analytics-123456789012-us-east-1: [DATA_LOCATION_ACCESS]",
			"arn:aws:s3:::tarn-test-quarantine-123456789012-us-east-1: [DATA_LOCATION_ACCESS]",
			raw + ": [DATA_LOCATION_ACCESS]",
			staged + ": [DATA_LOCATION_ACCESS]",
			"database zone[analytics quarantine raw staged]" + all + ": [ALTER CREATE_TABLE DESCRIBE]",
			"table zone[analytics quarantine raw staged]" + all + ": [ALTER DELETE DESCRIBE DROP INSERT SELECT]",
		},
		"writer": {
			raw + "/air/flights: [DATA_LOCATION_ACCESS]",
			staged + "/flights: [DATA_LOCATION_ACCESS]",
			"database zone[raw staged] domain[flights]" + upToInternal + ": [CREATE_TABLE DESCRIBE]",
			"table zone[raw staged] domain[flights]" + upToInternal + ": [ALTER DELETE DESCRIBE INSERT SELECT]",
		},
	} {
		if got := granted(recorder, personaRoleARN(name)); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	checkGrantsConverge(t, recorder)
	// What the analyst is not cleared for it cannot get from S3 either.
	deny := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", "lake-formation-analyst-policy"), "policy").Statements[0]
	if want := []string{"arn:aws:s3:::tarn-test-staged-123456789012-us-east-1/hr/*", "arn:aws:s3:::tarn-test-analytics-123456789012-us-east-1/hr/*"}; deny.Effect != "Deny" ||
		!slices.Equal(deny.Resources, want) {
		t.Errorf("%s %v, want %v", deny.Effect, deny.Resources, want)
	}
}

// checkGrantsConverge holds for every grant: no permission that Lake Formation shows as others, sorted, and
// nothing that two grants have in common.
func checkGrantsConverge(t *testing.T, recorder *pulumitest.Recorder) {
	t.Helper()
	seen := map[string]string{}
	for _, r := range recorder.OfType(permissionsType) {
		permissions := fmt.Sprint(r.Inputs["permissions"])
		if strings.Contains(permissions, "ALL") || r.Inputs["table"] != nil || r.Inputs["tableWithColumns"] != nil {
			t.Errorf("%s would be a change at every deployment: %v", r.Name, r.Inputs)
		}
		words := strings.Fields(strings.Trim(permissions, "[]"))
		if !slices.IsSorted(words) {
			t.Errorf("%s: %s is not sorted", r.Name, permissions)
		}
		inputs := maps.Clone(r.Inputs)
		delete(inputs, "permissions")
		key := fmt.Sprint(inputs)
		if other := seen[key]; other != "" {
			t.Errorf("%s and %s are one grant to Lake Formation", r.Name, other)
		}
		seen[key] = r.Name
	}
}

// A second deployment finds what the first one has made, and registers the same.
func TestLakeFormationIsStable(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"hybrid", "full"} {
		settings := map[string]any{"mode": mode, "administrators": []any{testUser}}
		first, err := governedLake(t, settings, formationBefore())
		if err != nil {
			t.Fatal(err)
		}
		account := formationBefore()
		account["admins"] = []any{testUser, deployARN, someAdmin} // in any order
		if mode == "full" {
			account["createDatabaseDefaultPermissions"], account["createTableDefaultPermissions"] = []any{}, []any{}
		}
		second, err := governedLake(t, settings, account)
		if err != nil {
			t.Fatal(err)
		}
		inputs := func(recorder *pulumitest.Recorder) map[string]string {
			all := map[string]string{}
			for _, r := range formationOf(recorder) {
				all[r.Type+" "+r.Name] = fmt.Sprint(r.Inputs)
			}
			return all
		}
		if !maps.Equal(inputs(first), inputs(second)) {
			t.Errorf("%s: registered\n%v\nthen\n%v", mode, inputs(first), inputs(second))
		}
	}
}

func TestLakeFormationFilters(t *testing.T) {
	t.Parallel()
	filter := func(change map[string]any) map[string]any {
		all := map[string]any{
			"name": "some", "zone": "staged", "domain": "hr", "table": "people", "rows": "country = 'DE'",
			"excludedColumns": []any{"salary"}, "personas": []any{"analyst"},
		}
		maps.Copy(all, change)
		return map[string]any{"mode": "full", "administrators": []any{testUser}, "filters": []any{all}}
	}
	recorder, err := governedLake(t, filter(nil), formationBefore())
	if err != nil {
		t.Fatal(err)
	}
	data := recorder.Named(filterType, "lake-formation-filter-some").Inputs["tableData"]
	want := map[string]any{
		"databaseName": "tarn_test_staged_hr", "tableName": "people", "name": "some", "tableCatalogId": "123456789012",
		"columnWildcard": map[string]any{"excludedColumnNames": []any{"salary"}},
		"rowFilter":      map[string]any{"filterExpression": "country = 'DE'"},
	}
	if !reflect.DeepEqual(data, want) {
		t.Errorf("got %v, want %v", data, want)
	}
	if got := granted(recorder, personaRoleARN("analyst")); !slices.Contains(got, "filter some: [SELECT]") {
		t.Errorf("granted %v", got)
	}
	checkGrantsConverge(t, recorder)

	recorder, err = governedLake(t, filter(map[string]any{"table": "later"}), formationBefore())
	if err != nil {
		t.Fatal(err)
	}
	if made := recorder.OfType(filterType); len(made) > 0 || slices.ContainsFunc(granted(recorder, personaRoleARN("analyst")), func(grant string) bool {
		return strings.HasPrefix(grant, "filter")
	}) {
		t.Errorf("a filter on a table that is not there: %v", made)
	}
}

func TestLakeFormationSettingsAreRefused(t *testing.T) {
	t.Parallel()
	filter := func(key string, value any) map[string]any {
		all := map[string]any{"name": "f", "zone": "staged", "domain": "hr", "table": "people", "rows": "a > 1", "personas": []any{"analyst"}}
		all[key] = value
		return map[string]any{"mode": "full", "administrators": []any{testUser}, "filters": []any{all}}
	}
	cleared := filter("name", "f")
	cleared["clearance"] = map[string]any{"analyst": "restricted"}
	for name, test := range map[string]struct {
		settings map[string]any
		want     string
	}{
		"mode":            {map[string]any{"mode": "on"}, `lakeFormation.mode "on": want one of [off hybrid full]`},
		"administrator":   {map[string]any{"mode": "full", "administrators": []any{"me"}}, `lakeFormation.administrators "me": want the ARN`},
		"nobody":          {map[string]any{"mode": "full", "clearance": map[string]any{"boss": "public"}}, "lakeFormation.clearance.boss: there is no such persona"},
		"clearance":       {map[string]any{"mode": "full", "clearance": map[string]any{"analyst": "secret"}}, `lakeFormation.clearance.analyst "secret": want one of`},
		"unknown":         {map[string]any{"modus": "full"}, `unknown field "modus"`},
		"deployer":        {map[string]any{"mode": "full"}, "does not administer Lake Formation"},
		"filter's name":   {filter("name", "No"), `lakeFormation.filters[0].name "No": want lower-case`},
		"filter's zone":   {filter("zone", "artifacts"), `filters[0].zone "artifacts": want one of [raw staged`},
		"filter's domain": {filter("domain", "it"), `filters[0].domain "it": there is no such domain`},
		"filter's table":  {filter("table", ""), `filters[0].table "": want the name`},
		"filter of all":   {filter("rows", ""), "leaves everything"},
		"filter's reader": {filter("personas", []any{"boss"}), `there is no persona "boss"`},
		"no reader":       {filter("personas", []any{}), "nobody may read it"},
		"hides nothing":   {cleared, "analyst may read all of the table (restricted data of the zone staged)"},
	} {
		recorder, err := governedLake(t, test.settings, formationBefore())
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
		made := slices.DeleteFunc(recorder.Resources(), func(r pulumitest.Resource) bool { return strings.HasPrefix(r.Type, "pulumi:") })
		if len(made) > 0 {
			t.Errorf("%s: refused after %d resources were made", name, len(made))
		}
	}
}

// Every job and crawler has its grants before it exists, in the modes that need them.
func TestPipelinesAreGrantedBeforeTheyExist(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]struct {
		tables, locations bool
	}{"off": {}, "hybrid": {false, true}, "full": {true, true}} {
		for _, domains := range []map[string]any{{}, {"flights": map[string]any{
			"rawDatabase": "raw_flights", "stagedDatabase": "staged_flights", "analyticsDatabase": "analytics_flights", "classification": "public",
		}}} {
			up := upstream("test")
			lake := up[contract.StackName(contract.ProjectDatalake, "test")]
			lake["lakeFormationMode"], lake["domains"] = mode, domains
			recorder := &pulumitest.Recorder{Upstream: up}
			err := recorder.Run(t, mpp.Deploy("../../mpp"), contract.ProjectMPP, "test", map[string]any{"organization": "tarn", "owner": "data"})
			if err != nil {
				t.Fatal(err)
			}
			pulumitest.CheckInvariants(t, recorder)
			checkGrantsConverge(t, recorder)
			for role, users := range map[string][]pulumitest.Resource{
				"flights-job": recorder.OfType("aws:glue/job:Job"), "flights-raw-crawler": recorder.OfType("aws:glue/crawler:Crawler"),
			} {
				if err := checkGranted(recorder, "arn:aws:iam::123456789012:role/tarn/test/tarn-test-"+role, users, want.tables, want.locations); err != nil {
					t.Errorf("mode %s, %d domains, role %s: %v", mode, len(domains), role, err)
				}
			}
			for _, name := range []string{"flights-job-role-policy", "flights-crawler-role-policy"} {
				document := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", name), "policy")
				asks := slices.ContainsFunc(document.Statements, func(s policy.Statement) bool { return slices.Contains(s.Actions, "lakeformation:GetDataAccess") })
				if asks != want.tables {
					t.Errorf("mode %s: %s may ask Lake Formation: %t", mode, name, asks)
				}
			}
		}
	}
}

func checkGranted(recorder *pulumitest.Recorder, role string, users []pulumitest.Resource, tables, locations bool) error {
	if len(users) == 0 {
		return errors.New("nothing uses it")
	}
	var problems []error
	var hasTables, hasLocations bool
	for _, r := range recorder.OfType(permissionsType) {
		if r.Inputs["principal"] != role {
			continue
		}
		hasTables, hasLocations = hasTables || hasPolicy(r), hasLocations || r.Inputs["dataLocation"] != nil
		for _, user := range users {
			if !reaches(recorder, user, r) {
				problems = append(problems, fmt.Errorf("%s does not wait for %s", user.Name, r.Name))
			}
		}
	}
	if hasTables != tables || hasLocations != locations {
		problems = append(problems, fmt.Errorf("granted tables %t, want %t; locations %t, want %t", hasTables, tables, hasLocations, locations))
	}
	return errors.Join(problems...)
}
