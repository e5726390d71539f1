package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// The emulator's own user deploys, and somebody administered Lake Formation before.
const (
	deployer  = "arn:aws:iam::123456789012:user/moto"
	elsewhere = "arn:aws:iam::123456789012:role/somebody-else"
	everybody = "IAM_ALLOWED_PRINCIPALS"
)

// TestGovernance takes a lake through Lake Formation's modes and changes every knob. After each step a
// preview finds nothing to do.
func TestGovernance(t *testing.T) {
	lake := newGoverned(t)
	lake.run(t, 0, "local", "up")
	formation, catalog := lake.formation(t), glue.NewFromConfig(lake.aws(t))
	formation.put(t, &types.DataLakeSettings{DataLakeAdmins: []types.DataLakePrincipal{principal(elsewhere)}})

	converges := func(name, settings string, check func(t *testing.T)) {
		t.Helper()
		step(t, name, func(t *testing.T) {
			lake.governance(t, settings)
			lake.deploy(t, "up")
			lake.run(t, 0, "preview", "--expect-no-changes")
			check(t)
		})
	}
	again := func() {
		t.Helper()
		step(t, "a second up changes nothing", func(t *testing.T) { lake.expectNoChanges(t, lake.deploy(t, "up")) })
	}
	admins := "administrators: [\"" + deployer + "\"]"
	const clearance = "clearance: {steward: restricted, engineer: confidential}"

	converges("off makes nothing", "{mode: \"off\"}", func(t *testing.T) {
		formation.checkAbsent(t)
	})
	step(t, "who does not administer Lake Formation is told before anything is made", func(t *testing.T) {
		lake.governance(t, "{mode: full}")
		code, out := lake.start(t, "up")()
		if code == 0 || !strings.Contains(out, "does not administer Lake Formation") || !strings.Contains(out, "lakeFormation.administrators") {
			t.Errorf("output\n%s", out)
		}
		formation.checkAbsent(t)
	})
	converges("hybrid", "{mode: hybrid, "+admins+"}", func(t *testing.T) {
		formation.expectAdmins(t, elsewhere, deployer)
		formation.expectLeftToIAM(t, true)
		formation.expectLocations(t, 4, true)
		if n := formation.optIns(t); n == 0 {
			t.Error("nobody opted in")
		}
		if grants := formation.grants(t, "persona-analyst"); len(grants) == 0 {
			t.Error("the analyst was granted nothing")
		}
	})
	again()
	converges("full", "{mode: full, "+admins+"}", func(t *testing.T) {
		formation.expectAdmins(t, elsewhere, deployer)
		formation.expectLeftToIAM(t, false)
		formation.expectLocations(t, 4, false)
		if n := formation.optIns(t); n != 0 {
			t.Errorf("%d opt-ins", n)
		}
		for _, role := range []string{"flights-job", "flights-raw-crawler"} {
			if grants := strings.Join(formation.grants(t, role), " "); !strings.Contains(grants, "CREATE_TABLE") ||
				!strings.Contains(grants, "DATA_LOCATION_ACCESS") || !strings.Contains(grants, "SELECT") {
				t.Errorf("%s was granted %s", role, grants)
			}
		}
	})
	again()
	step(t, "what somebody leaves to IAM again is taken back", func(t *testing.T) {
		formation.put(t, &types.DataLakeSettings{CreateTableDefaultPermissions: []types.PrincipalPermissions{{
			Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(everybody)}, Permissions: []types.Permission{"ALL"},
		}}})
		if out := lake.output(t, "up"); !strings.Contains(out, "new tables are no longer left to IAM") {
			t.Errorf("output\n%s", out)
		}
		formation.expectLeftToIAM(t, false)
	})
	before := formation.grants(t, "persona-steward")
	converges("a clearance", "{mode: full, "+admins+", "+clearance+"}", func(t *testing.T) {
		if after := formation.grants(t, "persona-steward"); slices.Equal(after, before) ||
			!strings.Contains(strings.Join(after, " "), "restricted") {
			t.Errorf("granted %v, before %v", after, before)
		}
	})
	converges("no clearance", "{mode: full, "+admins+"}", func(t *testing.T) {
		if after := formation.grants(t, "persona-steward"); !slices.Equal(after, before) {
			t.Errorf("granted %v, before %v", after, before)
		}
	})
	converges("another administrator", fmt.Sprintf("{mode: full, administrators: [%q, %q]}", deployer, deployer+"2"), func(t *testing.T) {
		formation.expectAdmins(t, elsewhere, deployer, deployer+"2")
	})
	converges("no other administrator", "{mode: full, "+admins+"}", func(t *testing.T) {
		formation.expectAdmins(t, elsewhere, deployer)
	})
	step(t, "a domain gets sensitive", func(t *testing.T) {
		lake.change(t, "datalake", "classification: public", "classification: confidential")
		lake.deploy(t, "up")
		if tags := formation.tagsOf(t, "tarn_local_staged_flights"); !slices.Contains(tags, "confidential") {
			t.Errorf("tags %v", tags)
		}
		lake.run(t, 0, "preview", "--expect-no-changes")
	})
	const filter = `filters: [{name: late, zone: staged, domain: flights, table: planes, rows: "seats > 100", ` +
		`excludedColumns: [tailnum], personas: [analyst]}]`
	step(t, "a filter waits for its table", func(t *testing.T) {
		lake.governance(t, "{mode: full, "+admins+", "+filter+"}")
		if out := lake.output(t, "up"); !strings.Contains(out, "late is not made") || !strings.Contains(out, "tarn up --project datalake") {
			t.Errorf("output\n%s", out)
		}
		if found := formation.filters(t); len(found) != 0 {
			t.Errorf("filters %v", found)
		}
		columns := []gluetypes.Column{{Name: aws.String("tailnum"), Type: aws.String("string")}, {Name: aws.String("seats"), Type: aws.String("int")}}
		if _, err := catalog.CreateTable(t.Context(), &glue.CreateTableInput{
			DatabaseName: aws.String("tarn_local_staged_flights"), TableInput: &gluetypes.TableInput{
				Name: aws.String("planes"), StorageDescriptor: &gluetypes.StorageDescriptor{Columns: columns},
			},
		}); err != nil {
			t.Fatal(err)
		}
	})
	readsFilter := func(t *testing.T, reads bool) {
		t.Helper()
		if grants := strings.Join(formation.grants(t, "persona-analyst"), " "); strings.Contains(grants, "filter") != reads {
			t.Errorf("the analyst was granted %s", grants)
		}
	}
	converges("a filter", "{mode: full, "+admins+", "+filter+"}", func(t *testing.T) {
		if found := formation.filters(t); !slices.Equal(found, []string{"late seats > 100 [] [tailnum]"}) {
			t.Errorf("filters %v", found)
		}
		readsFilter(t, true)
	})
	converges("the filter changes", "{mode: full, "+admins+", "+strings.Replace(filter, "excludedColumns: [tailnum]", "columns: [seats]", 1)+"}",
		func(t *testing.T) {
			if found := formation.filters(t); !slices.Equal(found, []string{"late seats > 100 [seats] []"}) {
				t.Errorf("filters %v", found)
			}
			readsFilter(t, true)
		})
	converges("no filter", "{mode: full, "+admins+"}", func(t *testing.T) {
		if found := formation.filters(t); len(found) != 0 {
			t.Errorf("filters %v", found)
		}
		readsFilter(t, false)
	})
	if soak {
		converges("back to hybrid", "{mode: hybrid, "+admins+"}", func(t *testing.T) {
			formation.expectLeftToIAM(t, true)
			formation.expectLocations(t, 4, true)
		})
		again()
		converges("full once more", "{mode: full, "+admins+"}", func(t *testing.T) {
			formation.expectLeftToIAM(t, false)
		})
	}
	step(t, "the lake does not leave Lake Formation before the pipelines", func(t *testing.T) {
		lake.governance(t, "{mode: \"off\"}")
		code, out := lake.start(t, "up", "--project", "datalake")()
		if code == 0 || !strings.Contains(out, "deploy both projects together") {
			t.Errorf("exit code %d, output\n%s", code, out)
		}
	})
	converges("off again", "{mode: \"off\"}", func(t *testing.T) {
		formation.checkAbsent(t)
		formation.expectAdmins(t, elsewhere)
		formation.expectLeftToIAM(t, true)
	})
	again()
	step(t, "full, to be destroyed", func(t *testing.T) {
		lake.governance(t, "{mode: full, "+admins+"}")
		lake.deploy(t, "up")
		formation.expectLeftToIAM(t, false)
	})
	step(t, "destroy gives back what there was", func(t *testing.T) {
		lake.deploy(t, "destroy", "--delete-data")
		lake.checkEmpty(t)
		formation.checkAbsent(t)
		formation.expectAdmins(t, elsewhere)
		formation.expectLeftToIAM(t, true)
	})
}

// newGoverned gives a lake in a copy of the project folders, whose settings change. It uploads nothing: no
// job runs.
func newGoverned(t *testing.T) *lake {
	t.Helper()
	lake := newRehearsal(t)
	lake.environment = "local"
	file := filepath.Join(lake.root, "mpp", "Pulumi.local.yaml")
	kept := slices.DeleteFunc(strings.Split(readFile(t, file), "\n"), func(line string) bool { return strings.Contains(line, "uploads:") })
	if err := os.WriteFile(file, []byte(strings.Join(kept, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return lake
}

// governance writes `lakeFormation` into the lake's settings.
func (l *lake) governance(t *testing.T, settings string) {
	t.Helper()
	file := filepath.Join(l.root, "datalake", "Pulumi."+l.environment+".yaml")
	lines := slices.DeleteFunc(strings.Split(readFile(t, file), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "    lakeFormation:")
	})
	at := slices.Index(lines, "    protect: false")
	if at < 0 {
		t.Fatalf("%s does not say that the lake is not protected", file)
	}
	lines = slices.Insert(lines, at, "    lakeFormation: "+settings)
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

func principal(arn string) types.DataLakePrincipal {
	return types.DataLakePrincipal{DataLakePrincipalIdentifier: &arn}
}

// formation asks the emulator's Lake Formation.
type formation struct{ client *lakeformation.Client }

func (l *lake) formation(t *testing.T) formation {
	t.Helper()
	return formation{lakeformation.NewFromConfig(l.aws(t))}
}

func (f formation) put(t *testing.T, settings *types.DataLakeSettings) {
	t.Helper()
	if _, err := f.client.PutDataLakeSettings(t.Context(), &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: settings}); err != nil {
		t.Fatal(err)
	}
}

func (f formation) settings(t *testing.T) *types.DataLakeSettings {
	t.Helper()
	answer, err := f.client.GetDataLakeSettings(t.Context(), &lakeformation.GetDataLakeSettingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.DataLakeSettings
}

// expectAdmins leaves out the deploy role of the environment, which exists in every mode but off.
func (f formation) expectAdmins(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, admin := range f.settings(t).DataLakeAdmins {
		if arn := *admin.DataLakePrincipalIdentifier; !strings.HasSuffix(arn, "role/tarn/local.deploy/tarn-local-deploy") || len(want) == 1 {
			got = append(got, arn)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("administrators %v, want %v", got, want)
	}
}

// expectLeftToIAM looks at the account's defaults and at what was granted on the lake's databases and tables.
func (f formation) expectLeftToIAM(t *testing.T, want bool) {
	t.Helper()
	settings := f.settings(t)
	if databases, tables := len(settings.CreateDatabaseDefaultPermissions) > 0, len(settings.CreateTableDefaultPermissions) > 0; databases != want || tables != want {
		t.Errorf("new databases are left to IAM: %t, new tables: %t; want %t", databases, tables, want)
	}
	if grants := f.grants(t, everybody); !want && len(grants) > 0 {
		t.Errorf("left to IAM: %v", grants)
	}
}

// grants lists what a principal was granted, whose ARN ends so.
func (f formation) grants(t *testing.T, who string) []string {
	t.Helper()
	var found []string
	for _, grant := range f.all(t) {
		if strings.HasSuffix(*grant.Principal.DataLakePrincipalIdentifier, who) {
			found = append(found, fmt.Sprint(describe(grant.Resource), grant.Permissions))
		}
	}
	slices.Sort(found)
	return found
}

func (f formation) all(t *testing.T) []types.PrincipalResourcePermissions {
	t.Helper()
	answer, err := f.client.ListPermissions(t.Context(), &lakeformation.ListPermissionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.PrincipalResourcePermissions
}

func describe(r *types.Resource) string {
	switch {
	case r.Database != nil:
		return "database " + *r.Database.Name
	case r.Table != nil:
		return "table " + *r.Table.DatabaseName + "." + aws.ToString(r.Table.Name)
	case r.DataCellsFilter != nil:
		return "filter " + *r.DataCellsFilter.Name
	case r.DataLocation != nil:
		return "location " + *r.DataLocation.ResourceArn
	case r.LFTagPolicy != nil:
		var parts []string
		for _, tag := range r.LFTagPolicy.Expression {
			values := slices.Sorted(slices.Values(tag.TagValues))
			parts = append(parts, *tag.TagKey+"="+strings.Join(values, "|"))
		}
		slices.Sort(parts)
		return string(r.LFTagPolicy.ResourceType) + " " + strings.Join(parts, " and ")
	default:
		return fmt.Sprintf("%+v", r)
	}
}

func (f formation) expectLocations(t *testing.T, count int, hybrid bool) {
	t.Helper()
	answer, err := f.client.ListResources(t.Context(), &lakeformation.ListResourcesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.ResourceInfoList) != count {
		t.Errorf("%d locations, want %d", len(answer.ResourceInfoList), count)
	}
	for _, location := range answer.ResourceInfoList {
		if aws.ToBool(location.HybridAccessEnabled) != hybrid || !strings.HasSuffix(*location.RoleArn, "role/tarn/local/tarn-local-lake-location") {
			t.Errorf("location %s: hybrid %t, role %s", *location.ResourceArn, aws.ToBool(location.HybridAccessEnabled), *location.RoleArn)
		}
	}
}

func (f formation) optIns(t *testing.T) int {
	t.Helper()
	answer, err := f.client.ListLakeFormationOptIns(t.Context(), &lakeformation.ListLakeFormationOptInsInput{})
	if err != nil {
		t.Fatal(err)
	}
	return len(answer.LakeFormationOptInsInfoList)
}

func (f formation) filters(t *testing.T) []string {
	t.Helper()
	answer, err := f.client.ListDataCellsFilter(t.Context(), &lakeformation.ListDataCellsFilterInput{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, filter := range answer.DataCellsFilters {
		excluded := []string{}
		if filter.ColumnWildcard != nil {
			excluded = filter.ColumnWildcard.ExcludedColumnNames
		}
		found = append(found, fmt.Sprint(*filter.Name, " ", aws.ToString(filter.RowFilter.FilterExpression), " ", filter.ColumnNames, " ", excluded))
	}
	return found
}

func (f formation) tagsOf(t *testing.T, database string) []string {
	t.Helper()
	answer, err := f.client.GetResourceLFTags(t.Context(), &lakeformation.GetResourceLFTagsInput{
		Resource: &types.Resource{Database: &types.DatabaseResource{Name: &database}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, tag := range answer.LFTagOnDatabase {
		values = append(values, tag.TagValues...)
	}
	return values
}

// checkAbsent looks for anything in Lake Formation but what AWS itself grants.
func (f formation) checkAbsent(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	f.expectLocations(t, 0, false)
	if n := f.optIns(t); n > 0 {
		t.Errorf("%d opt-ins", n)
	}
	if found := f.filters(t); len(found) > 0 {
		t.Errorf("filters %v", found)
	}
	expectNone(t, "LF-tag", func() ([]string, error) { return f.tags(ctx) })
	for _, grant := range f.all(t) {
		if *grant.Principal.DataLakePrincipalIdentifier != everybody {
			t.Errorf("%s was granted %v on %s", *grant.Principal.DataLakePrincipalIdentifier, grant.Permissions, describe(grant.Resource))
		}
	}
}

func (f formation) tags(ctx context.Context) ([]string, error) {
	answer, err := f.client.ListLFTags(ctx, &lakeformation.ListLFTagsInput{})
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, tag := range answer.LFTags {
		keys = append(keys, *tag.TagKey)
	}
	return keys, nil
}
