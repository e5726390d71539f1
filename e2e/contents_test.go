package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// aws gives the settings of a client of this lake's emulator.
func (l *lake) aws(t *testing.T) aws.Config {
	t.Helper()
	settings, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"),
		config.WithBaseEndpoint(l.endpoint(t)),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIATARNLOCALEXAMPLE", "local", "")))
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// compareWithDuckDB computes every answer a second time, from the CSV files, with SQL that shares
// nothing with the pipeline's.
func (l *lake) compareWithDuckDB(t *testing.T, report runReport) {
	t.Helper()
	script := exec.CommandContext(t.Context(), l.tool(t, "python environment"),
		filepath.Join(l.root, "mpp", "jobs", "tests", "expected_analytics.py"), l.tool(t, "sample data"))
	var problems bytes.Buffer
	script.Stderr = &problems
	out, err := script.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, problems.String())
	}
	var expected struct {
		Staged    map[string]int64
		Analytics map[string][]map[string]any
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	decoder.UseNumber()
	if err := decoder.Decode(&expected); err != nil {
		t.Fatal(err)
	}
	if len(expected.Staged) != 5 || len(expected.Analytics) != 3 {
		t.Fatalf("the computation gave %d data sets and %d tables", len(expected.Staged), len(expected.Analytics))
	}
	for name, rows := range expected.Staged {
		if count := report.dataset(t, name); count.Total != rows {
			t.Errorf("%s has %d rows, want %d", name, count.Total, rows)
		}
	}
	for name, rows := range expected.Analytics {
		got := l.allRows(t, name, report.Answers[name].Columns)
		if len(got) != len(rows) {
			t.Errorf("%s has %d rows, want %d", name, len(got), len(rows))
			continue
		}
		var want []string
		for _, row := range rows {
			var cells []string
			for _, column := range report.Answers[name].Columns {
				value, found := row[column]
				if !found {
					t.Fatalf("%s: the computation has no column %s", name, column)
				}
				cells = append(cells, canonical(value))
			}
			want = append(want, strings.Join(cells, "|"))
		}
		slices.Sort(want)
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s, row %d:\ngot  %s\nwant %s", name, i, got[i], want[i])
				break
			}
		}
	}
	l.compareView(t, report)
}

// compareView asks the shipped view, whose rows must be those of the data set it adds up.
func (l *lake) compareView(t *testing.T, report runReport) {
	t.Helper()
	var asked answer
	decode(t, l.run(t, 0, "query", "flights", `SELECT count(DISTINCT flight_month), sum(flights), count(carrier_name) = count(*)
		FROM monthly_delays`), &asked)
	want := fmt.Sprintf("[[12 %d true]]", report.dataset(t, "flights").Total)
	if got := fmt.Sprint(asked.Rows); got != want {
		t.Errorf("the view monthly_delays gives %s, want %s", got, want)
	}
}

// allRows reads a whole analytics table in pages of what one answer of Athena holds.
func (l *lake) allRows(t *testing.T, table string, columns []string) []string {
	t.Helper()
	const page = 900
	var rows []string
	for {
		var part answer
		decode(t, l.run(t, 0, "query", "flights", fmt.Sprintf("SELECT %s FROM %s ORDER BY %s OFFSET %d LIMIT %d",
			strings.Join(columns, ", "), table, strings.Join(columns, ", "), len(rows), page)), &part)
		for _, row := range part.Rows {
			var cells []string
			for _, cell := range row {
				cells = append(cells, canonical(cell))
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
		if len(part.Rows) < page {
			slices.Sort(rows)
			return rows
		}
	}
}

// canonical writes a value the same way whichever program printed it: 1.50 is 1.5, NULL is empty.
func canonical(value any) string {
	if value == nil {
		return ""
	}
	text := fmt.Sprint(value)
	if number, ok := new(big.Rat).SetString(text); ok {
		return number.RatString()
	}
	return text
}

func (l *lake) tool(t *testing.T, name string) string {
	t.Helper()
	var found struct{ Path string }
	decode(t, l.run(t, 0, "doctor", "--which", name), &found)
	return found.Path
}

// checkRawCatalog reads what the crawler wrote.
func (l *lake) checkRawCatalog(t *testing.T) {
	t.Helper()
	tables, err := glue.NewFromConfig(l.aws(t)).GetTables(t.Context(), &glue.GetTablesInput{DatabaseName: aws.String("tarn_local_raw_flights")})
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]int{}
	for _, table := range tables.TableList {
		columns[aws.ToString(table.Name)] = len(table.StorageDescriptor.Columns)
	}
	for name, want := range map[string]int{"airlines": 2, "airports": 8, "flights": 19, "planes": 9, "weather": 15} {
		if columns[name] != want {
			t.Errorf("raw table %s has %d columns, want %d", name, columns[name], want)
		}
	}
}

// snapshots gives the metadata file of every Iceberg table: each commit writes another.
func (l *lake) snapshots(t *testing.T) map[string]string {
	t.Helper()
	client := glue.NewFromConfig(l.aws(t))
	locations := map[string]string{}
	for _, database := range []string{"tarn_local_staged_flights", "tarn_local_analytics_flights", "tarn_local_quarantine"} {
		tables, err := client.GetTables(t.Context(), &glue.GetTablesInput{DatabaseName: aws.String(database)})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables.TableList {
			locations[database+"."+aws.ToString(table.Name)] = table.Parameters["metadata_location"]
		}
	}
	if len(locations) < 8 {
		t.Fatalf("only %d tables: %v", len(locations), locations)
	}
	return locations
}

// plainPreview runs the Pulumi command line in each project folder with the variables that
// `tarn local env` documents.
func (l *lake) plainPreview(t *testing.T) {
	t.Helper()
	l.pulumi(t, "preview", "--stack", "local", "--expect-no-changes", "--non-interactive")
}

// pulumi runs the Pulumi command line in each project folder.
func (l *lake) pulumi(t testing.TB, args ...string) {
	t.Helper()
	var variables map[string]string
	decode(t, l.run(t, 0, "local", "env"), &variables)
	env := os.Environ()
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	bin, _, _ := strings.Cut(variables["PATH"], string(os.PathListSeparator))
	for _, project := range []string{"bootstrap", "datalake", "mpp"} {
		command := exec.CommandContext(t.Context(), filepath.Join(bin, "pulumi"), args...)
		command.Dir = filepath.Join(l.root, project)
		command.Env = env
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", project, err, out)
		}
	}
}

// checkEmpty looks for anything left in the services the platform uses.
func (l *lake) checkEmpty(t *testing.T) {
	t.Helper()
	settings, ctx := l.aws(t), t.Context()
	expectNone(t, "bucket", func() ([]string, error) {
		out, err := s3.NewFromConfig(settings).ListBuckets(ctx, &s3.ListBucketsInput{})
		return names(out.Buckets, err, func(i int) *string { return out.Buckets[i].Name })
	})
	g := glue.NewFromConfig(settings)
	expectNone(t, "Glue database", func() ([]string, error) {
		out, err := g.GetDatabases(ctx, &glue.GetDatabasesInput{})
		return names(out.DatabaseList, err, func(i int) *string { return out.DatabaseList[i].Name })
	})
	expectNone(t, "Glue job", func() ([]string, error) {
		out, err := g.ListJobs(ctx, &glue.ListJobsInput{})
		return out.JobNames, err
	})
	expectNone(t, "Glue crawler", func() ([]string, error) {
		out, err := g.ListCrawlers(ctx, &glue.ListCrawlersInput{})
		return out.CrawlerNames, err
	})
	expectNone(t, "Glue trigger", func() ([]string, error) {
		out, err := g.ListTriggers(ctx, &glue.ListTriggersInput{})
		return out.TriggerNames, err
	})
	expectNone(t, "Glue workflow", func() ([]string, error) {
		out, err := g.ListWorkflows(ctx, &glue.ListWorkflowsInput{})
		return out.Workflows, err
	})
	expectNone(t, "DynamoDB table", func() ([]string, error) {
		out, err := dynamodb.NewFromConfig(settings).ListTables(ctx, &dynamodb.ListTablesInput{})
		return out.TableNames, err
	})
	i := iam.NewFromConfig(settings)
	expectNone(t, "IAM user", func() ([]string, error) {
		out, err := i.ListUsers(ctx, &iam.ListUsersInput{})
		return names(out.Users, err, func(n int) *string { return out.Users[n].UserName })
	})
	expectNone(t, "IAM role", func() ([]string, error) {
		out, err := i.ListRoles(ctx, &iam.ListRolesInput{})
		return names(out.Roles, err, func(n int) *string { return out.Roles[n].RoleName })
	})
	expectNone(t, "IAM policy", func() ([]string, error) {
		out, err := i.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
		return names(out.Policies, err, func(n int) *string { return out.Policies[n].PolicyName })
	})
	expectNone(t, "IAM group", func() ([]string, error) {
		out, err := i.ListGroups(ctx, &iam.ListGroupsInput{})
		return names(out.Groups, err, func(n int) *string { return out.Groups[n].GroupName })
	})
	expectNone(t, "OIDC provider", func() ([]string, error) {
		out, err := i.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
		return names(out.OpenIDConnectProviderList, err, func(n int) *string { return out.OpenIDConnectProviderList[n].Arn })
	})
	expectNone(t, "secret", func() ([]string, error) {
		out, err := secretsmanager.NewFromConfig(settings).ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
		return names(out.SecretList, err, func(n int) *string { return out.SecretList[n].Name })
	})
	expectNone(t, "log group", func() ([]string, error) {
		out, err := cloudwatchlogs.NewFromConfig(settings).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{
			LogGroupNamePrefix: aws.String("/tarn/"), // Glue makes others for itself
		})
		return names(out.LogGroups, err, func(n int) *string { return out.LogGroups[n].LogGroupName })
	})
	elsewhere := settings.Copy()
	elsewhere.Region = "eu-west-1"
	expectNone(t, "KMS key of the copy that is not pending deletion", func() ([]string, error) {
		return livingKeys(ctx, kms.NewFromConfig(elsewhere))
	})
	expectNone(t, "KMS key that is not pending deletion", func() ([]string, error) { return livingKeys(ctx, kms.NewFromConfig(settings)) })
}

// livingKeys leaves out the keys that AWS, and the emulator like it, makes for itself: they have an
// alias below alias/aws/ and cannot be deleted.
func livingKeys(ctx context.Context, client *kms.Client) ([]string, error) {
	out, err := client.ListKeys(ctx, &kms.ListKeysInput{})
	if err != nil {
		return nil, err
	}
	aliases, err := client.ListAliases(ctx, &kms.ListAliasesInput{})
	if err != nil {
		return nil, err
	}
	managed := map[string]bool{}
	for _, alias := range aliases.Aliases {
		if strings.HasPrefix(aws.ToString(alias.AliasName), "alias/aws/") {
			managed[aws.ToString(alias.TargetKeyId)] = true
		}
	}
	var living []string
	for _, key := range out.Keys {
		if managed[aws.ToString(key.KeyId)] {
			continue
		}
		about, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: key.KeyId})
		if err != nil {
			return nil, err
		}
		if about.KeyMetadata.KeyState != kmstypes.KeyStatePendingDeletion {
			living = append(living, aws.ToString(key.KeyArn))
		}
	}
	return living, nil
}

func names[T any](items []T, err error, name func(i int) *string) ([]string, error) {
	var out []string
	for i := range items {
		out = append(out, aws.ToString(name(i)))
	}
	return out, err
}

func expectNone(t *testing.T, kind string, list func() ([]string, error)) {
	t.Helper()
	found, err := list()
	if err != nil {
		t.Errorf("%s: %v", kind, err)
	}
	for _, name := range found {
		t.Errorf("%s %s is left", kind, name)
	}
}
