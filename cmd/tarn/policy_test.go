package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		code int
		want []string
	}{
		"everything":        {[]string{"policy"}, exitOK, []string{`"tarn-local-deploy-access-1"`, `"tarn-local-workload-boundary"`, `"tarn-local-deploy-trust"`}},
		"one document":      {[]string{"policy", "boundary"}, exitOK, []string{`"Version": "2012-10-17"`, "arn:aws:s3:::tarn-local-raw-123456789012-us-east-1"}},
		"one as JSON":       {[]string{"policy", "boundary", "--json"}, exitOK, []string{`"tarn-local-workload-boundary": {`}},
		"one layer":         {[]string{"policy", "deploy", "--layer", "mpp"}, exitOK, []string{"PipelinesOfMpp", "ledger/local/mpp"}},
		"an environment":    {[]string{"policy", "deploy", "--env", "prod", "--account", "210987654321"}, exitOK, []string{"KeepKeys", "210987654321", "eu-west-1"}},
		"another region":    {[]string{"policy", "state", "--region", "ap-southeast-2"}, exitOK, []string{"tarn-local-state-123456789012-ap-southeast-2"}},
		"no account":        {[]string{"policy", "deploy", "--env", "prod"}, exitUsage, []string{"with --account"}},
		"not an account":    {[]string{"policy", "deploy", "--account", "12"}, exitUsage, []string{`account "12"`}},
		"no such document":  {[]string{"policy", "nope"}, exitUsage, []string{`no document "nope"`, "deploy-boundary"}},
		"no such layer":     {[]string{"policy", "deploy", "--layer", "bootstrap"}, exitUsage, []string{"want one of [datalake mpp]"}},
		"no such env":       {[]string{"policy", "--env", "nowhere"}, exitUsage, []string{`no environment "nowhere"`}},
		"nobody is trusted": {[]string{"policy", "trust", "--layer", "mpp"}, exitUsage, []string{"names neither a user nor a repository"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, problems := tarn(t, test.args...)
			if code != test.code {
				t.Errorf("exit code %d\n%s", code, problems)
			}
			for _, want := range test.want {
				if !strings.Contains(out+problems, want) {
					t.Errorf("no %q in\n%s%s", want, out, problems)
				}
			}
		})
	}
}

// Each document that is printed is one that IAM would accept.
func TestPrintedPoliciesAreDocuments(t *testing.T) {
	t.Parallel()
	_, out, _ := tarn(t, "policy", "--json")
	var documents map[string]json.RawMessage
	if err := json.Unmarshal([]byte(out), &documents); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(documents) < 9 {
		t.Errorf("only %d documents", len(documents))
	}
	for name, text := range documents {
		document, err := policy.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := document.CheckManaged(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
