package program_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// What the roles of a pipeline may and may not do, over the policies the program really renders.
func TestRolesAreLimitedToTheirPrefixes(t *testing.T) {
	t.Parallel()
	p := projects()[2]
	recorder := &pulumitest.Recorder{Upstream: upstream("test")}
	if err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn"}); err != nil {
		t.Fatal(err)
	}
	const table = "arn:aws:glue:us-east-1:123456789012:table/"
	tests := []struct {
		role, action, resource, prefix string
		allowed                        bool
	}{
		{"job", "s3:GetObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", true},
		{"job", "s3:GetObject", "arn:aws:s3:::raw/payroll/salaries.csv", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::staged/flights/weather/data/x.parquet", "", true},
		{"job", "s3:PutObject", "arn:aws:s3:::staged/sales/orders/data/x.parquet", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::analytics/flights/worst_routes/data/x.parquet", "", true},
		{"job", "s3:PutObject", "arn:aws:s3:::analytics/sales/x", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::quarantine/rejected_rows/data/x.parquet", "", true},
		{"job", "s3:GetObject", "arn:aws:s3:::artifacts/code/0123/raw_to_staged.py", "", true},
		{"job", "s3:PutObject", "arn:aws:s3:::artifacts/code/0123/raw_to_staged.py", "", false},
		{"job", "s3:GetObject", "arn:aws:s3:::artifacts/manifests/sales/1.json", "", false},
		{"job", "s3:PutObject", "arn:aws:s3:::artifacts/manifests/flights/1.json", "", false},
		{"job", "s3:DeleteObjectVersion", "arn:aws:s3:::staged/flights/weather/data/x.parquet", "", false},
		{"job", "s3:ListBucket", "arn:aws:s3:::raw", "nycflights13/flights/", true},
		{"job", "s3:ListBucket", "arn:aws:s3:::raw", "payroll/", false},
		{"job", "s3:ListBucket", "arn:aws:s3:::raw", "", false},
		{"job", "glue:UpdateTable", table + "staged_db/flights", "", true},
		{"job", "glue:UpdateTable", table + "raw_db/flights", "", false},
		{"job", "glue:DeleteTable", table + "staged_db/flights", "", false},
		{"job", "iam:PassRole", "arn:aws:iam::123456789012:role/x", "", false},
		{"job", "logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/flights/output:log-stream:x", "", true},
		{"job", "logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/sales/output:log-stream:x", "", false},
		{"crawler", "s3:GetObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", true},
		{"crawler", "s3:GetObject", "arn:aws:s3:::staged/flights/x", "", false},
		{"crawler", "s3:PutObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", false},
		{"crawler", "s3:DeleteObject", "arn:aws:s3:::raw/nycflights13/flights/flights.csv", "", false},
		{"crawler", "glue:CreateTable", table + "raw_db/flights", "", true},
		{"crawler", "glue:CreateTable", table + "staged_db/flights", "", false},
		{"crawler", "kms:Encrypt", "arn:aws:kms:us-east-1:123456789012:key/k", "", false},
	}
	for _, test := range tests {
		statements := policyOf(t, recorder, "flights-"+test.role+"-role-policy")
		if got := allows(t, statements, test.action, test.resource, test.prefix); got != test.allowed {
			t.Errorf("%s role: %s on %s with prefix %q: allowed is %v", test.role, test.action, test.resource, test.prefix, got)
		}
	}
}

func policyOf(t *testing.T, recorder *pulumitest.Recorder, name string) []pulumitest.Statement {
	t.Helper()
	for _, resource := range recorder.OfType("aws:iam/rolePolicy:RolePolicy") {
		if resource.Name == name {
			return pulumitest.Statements(t, resource)
		}
	}
	t.Fatalf("there is no policy %s", name)
	return nil
}

// allows decides as IAM does, as far as these policies go: names, wildcards and s3:prefix.
func allows(t *testing.T, statements []pulumitest.Statement, action, resource, prefix string) bool {
	t.Helper()
	allowed := false
	for _, s := range statements {
		if !slices.Contains(s.Action, action) || !slices.ContainsFunc(s.Resource, func(p string) bool { return like(t, p, resource) }) {
			continue
		}
		if wanted, limited := s.Condition["StringLike"]["s3:prefix"]; limited &&
			!slices.ContainsFunc(wanted, func(p string) bool { return like(t, p, prefix) }) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

// like matches IAM's wildcards, in which a star also stands for slashes.
func like(t *testing.T, pattern, text string) bool {
	t.Helper()
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	matched, err := path.Match(flat(pattern), flat(text))
	if err != nil {
		t.Fatal(err)
	}
	return matched
}
