package driver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/lease/leasetest"
	"github.com/tarn-data/tarn/pkg/state"
)

const (
	ourAdmin   = "arn:aws:iam::123456789012:role/ours"
	theirAdmin = "arn:aws:iam::123456789012:role/theirs"
)

// newSettlement works on the emulator, in a region of its own: the settings are those of a region.
func newSettlement(t *testing.T, region string) (settlement, *[]string) {
	t.Helper()
	endpoint, said := leasetest.Endpoint(t), &[]string{}
	provider := credentials.NewStaticCredentialsProvider("test", "test", "")
	return settlement{
		formation: lakeformation.New(lakeformation.Options{BaseEndpoint: &endpoint, Region: region, Credentials: provider}),
		catalog:   glue.New(glue.Options{BaseEndpoint: &endpoint, Region: region, Credentials: provider}),
		say:       func(text string) { *said = append(*said, text) },
	}, said
}

func (s settlement) admins(t *testing.T, arns ...string) {
	t.Helper()
	settings := &types.DataLakeSettings{DataLakeAdmins: []types.DataLakePrincipal{}}
	for _, arn := range arns {
		settings.DataLakeAdmins = append(settings.DataLakeAdmins, types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(arn)})
	}
	if _, err := s.formation.PutDataLakeSettings(t.Context(), &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: settings}); err != nil {
		t.Fatal(err)
	}
}

func (s settlement) database(t *testing.T, name string) {
	t.Helper()
	_, err := s.catalog.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{
		Name: &name, Description: aws.String("ours"), LocationUri: aws.String("s3://bucket/"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.table(t, name, "t")
}

func (s settlement) table(t *testing.T, database, name string) {
	t.Helper()
	_, err := s.catalog.CreateTable(t.Context(), &glue.CreateTableInput{
		DatabaseName: &database, TableInput: &gluetypes.TableInput{Name: &name},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// seen is the administrators, the defaults, and what of the databases is left to IAM.
func (s settlement) seen(t *testing.T) string {
	t.Helper()
	answer, err := s.formation.GetDataLakeSettings(t.Context(), &lakeformation.GetDataLakeSettingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, admin := range answer.DataLakeSettings.DataLakeAdmins {
		parts = append(parts, (*admin.DataLakePrincipalIdentifier)[strings.LastIndex(*admin.DataLakePrincipalIdentifier, "/")+1:])
	}
	slices.Sort(parts)
	parts = append(parts, fmt.Sprint(len(answer.DataLakeSettings.CreateDatabaseDefaultPermissions),
		len(answer.DataLakeSettings.CreateTableDefaultPermissions)))
	permissions, err := s.formation.ListPermissions(t.Context(), &lakeformation.ListPermissionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, grant := range permissions.PrincipalResourcePermissions {
		if *grant.Principal.DataLakePrincipalIdentifier != governance.AllowedPrincipals {
			continue
		}
		name := databaseOf(grant.Resource)
		if grant.Resource.Table != nil {
			name += "." + aws.ToString(grant.Resource.Table.Name)
		}
		left = append(left, name)
	}
	slices.Sort(left)
	return strings.Join(append(parts, left...), " ")
}

func TestSettleFull(t *testing.T) {
	t.Parallel()
	s, said := newSettlement(t, "eu-west-1")
	s.admins(t, theirAdmin, ourAdmin)
	s.database(t, "ours")
	s.database(t, "theirs")
	full := contract.Governance{
		Mode: "full", Administrators: []string{ourAdmin}, Databases: []string{"ours", "gone"},
		Before: contract.GovernanceBefore{Administrators: []string{theirAdmin}, DatabaseDefaults: true, TableDefaults: true},
	}
	check := func(what, want string) {
		t.Helper()
		if got := s.seen(t); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	settle := func(before, after contract.Governance, wantChanged bool) {
		t.Helper()
		changed, err := s.settle(t.Context(), before, after)
		if err != nil || changed != wantChanged {
			t.Errorf("changed %t, error %v; want %t", changed, err, wantChanged)
		}
	}
	check("before", "ours theirs 1 1 ours ours.t theirs theirs.t")
	settle(contract.Governance{}, full, true)
	check("full", "ours theirs 0 0 theirs theirs.t")
	if text := strings.Join(*said, "\n"); !strings.Contains(text, "2 databases and tables are no longer left") || !strings.Contains(text, "new tables are no longer") {
		t.Errorf("said %s", text)
	}
	settle(full, full, false)
	s.table(t, "ours", "later") // as a job does: the database must not leave it to IAM
	check("a new table", "ours theirs 0 0 theirs theirs.t")
	answer, err := s.catalog.GetDatabase(t.Context(), &glue.GetDatabaseInput{Name: aws.String("ours")})
	if err != nil || aws.ToString(answer.Database.Description) != "ours" || aws.ToString(answer.Database.LocationUri) != "s3://bucket/" {
		t.Errorf("the database lost something: %+v %v", answer, err)
	}

	if err := s.open(t.Context(), full.Databases, full.Before); err != nil {
		t.Fatal(err)
	}
	settle(full, contract.Governance{}, true)
	check("off", "theirs 1 1 ours ours.later ours.t theirs theirs.t")
	s.table(t, "ours", "last")
	check("a table of a database left to IAM", "theirs 1 1 ours ours.last ours.later ours.t theirs theirs.t")
	settle(full, contract.Governance{}, false)
}

// What was not there before is not given back, and who was there before stays.
func TestSettleGivesBackOnlyWhatWasTaken(t *testing.T) {
	t.Parallel()
	s, _ := newSettlement(t, "eu-west-2")
	s.admins(t, theirAdmin, ourAdmin)
	s.database(t, "ours")
	full := contract.Governance{
		Mode: "full", Administrators: []string{ourAdmin, theirAdmin}, Databases: []string{"ours"},
		Before: contract.GovernanceBefore{Administrators: []string{theirAdmin}},
	}
	if _, err := s.settle(t.Context(), contract.Governance{}, full); err != nil {
		t.Fatal(err)
	}
	fewer := full
	fewer.Administrators = []string{}
	for _, after := range []contract.Governance{fewer, {}} {
		if err := s.open(t.Context(), full.Databases, full.Before); err != nil {
			t.Fatal(err)
		}
		if _, err := s.settle(t.Context(), full, after); err != nil {
			t.Fatal(err)
		}
		if got, want := s.seen(t), "theirs 0 0"; got != want {
			t.Errorf("after %q: %s, want %s", after.Mode, got, want)
		}
	}
}

// Hybrid mode leaves the defaults as they are.
func TestSettleHybrid(t *testing.T) {
	t.Parallel()
	s, _ := newSettlement(t, "eu-west-3")
	s.admins(t, ourAdmin)
	s.database(t, "ours")
	hybrid := contract.Governance{Mode: "hybrid", Administrators: []string{ourAdmin}, Databases: []string{"ours"}}
	for _, before := range []contract.Governance{{}, hybrid} {
		if changed, err := s.settle(t.Context(), before, hybrid); changed || err != nil {
			t.Errorf("changed %t, error %v", changed, err)
		}
	}
	if got, want := s.seen(t), "ours 1 1 ours ours.t"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestGovernanceOf(t *testing.T) {
	t.Parallel()
	found, err := governanceOf(state.Checkpoint{Resources: []state.Resource{
		{Type: "aws:s3/bucketV2:BucketV2", URN: "other"},
		{Type: "aws:lakeformation/dataLakeSettings:DataLakeSettings", URN: "settings"},
		{Type: contract.GovernanceType, URN: "component", Outputs: map[string]any{
			"mode": "full", "administrators": []any{ourAdmin}, "databases": []any{"a", "b"},
			"before": map[string]any{"administrators": []any{theirAdmin}, "databaseDefaults": true, "tableDefaults": false},
		}},
	}})
	want := governed{settings: "settings", Governance: contract.Governance{
		Mode: "full", Administrators: []string{ourAdmin}, Databases: []string{"a", "b"},
		Before: contract.GovernanceBefore{Administrators: []string{theirAdmin}, DatabaseDefaults: true},
	}}
	if err != nil || fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v, error %v", found, want, err)
	}
}

func TestConfiguredMode(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, test := range map[string]struct{ content, want string }{
		"none": {"config:\n  datalake:settings: {organization: x}\n", "off"},
		"full": {"config:\n  datalake:settings: {lakeFormation: {mode: full, administrators: []}}\n", "full"},
		"off":  {"config:\n  datalake:settings: {lakeFormation: {mode: \"off\"}}\n", "off"},
		// YAML 1.1 reads this as false; the parser here and Pulumi's read the word.
		"bare": {"config:\n  datalake:settings: {lakeFormation: {mode: off}}\n", "off"},
	} {
		if err := os.WriteFile(filepath.Join(folder, "Pulumi."+name+".yaml"), []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := configuredMode(Project{Folder: folder}, name); string(got) != test.want || err != nil {
			t.Errorf("%s: %q, want %q, error %v", name, got, test.want, err)
		}
	}
	if _, err := configuredMode(Project{Folder: folder}, "missing"); err == nil {
		t.Error("nobody misses the stack file")
	}
}
