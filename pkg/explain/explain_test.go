package explain

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/state"
)

const (
	iam      = "arn:aws:iam::123456789012:"
	lakeKey  = "arn:aws:kms:eu-west-1:123456789012:key/lake"
	analyst  = iam + "role/tarn/dev/tarn-dev-persona-analyst"
	job      = iam + "role/tarn/dev/tarn-dev-flights-job"
	given    = iam + "role/team/given"
	boundary = iam + "policy/tarn/dev.deploy/tarn-dev-workload-boundary"
)

func render(t *testing.T, statements ...policy.Statement) string {
	t.Helper()
	text, err := policy.Document{Statements: statements}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func allow(sid string, actions, resources []string) policy.Statement {
	return policy.Statement{Sid: sid, Effect: policy.Allow, Actions: actions, Resources: resources}
}

// checkpoint is a small environment as a state file has it.
func checkpoint(t *testing.T) state.Checkpoint {
	t.Helper()
	type outputs = map[string]any
	everyone := &policy.Principal{Everyone: true}
	keepOut := policy.Statement{
		Sid: "OthersMayNotRead", Effect: policy.Deny, Principal: everyone, Actions: []string{"s3:GetObject*", "s3:ListBucket*"},
		Resources:  []string{"arn:aws:s3:::lake-raw", "arn:aws:s3:::lake-raw/*"},
		Conditions: policy.Conditions{"ArnNotLike": {"aws:PrincipalArn": {iam + "root", iam + "role/tarn/dev/*", given, iam + "role/Admin"}}},
	}
	network := policy.Statement{
		Sid: "DenyOtherVpc", Effect: policy.Deny, Principal: everyone, Actions: []string{"s3:*"}, Resources: []string{"arn:aws:s3:::lake-staged/*"},
		Conditions: policy.Conditions{"StringNotEquals": {"aws:SourceVpce": {"vpce-1"}}},
	}
	account := policy.Statement{
		Sid: "AccountDecidesByIAM", Effect: policy.Allow, Principal: &policy.Principal{AWS: []string{iam + "root"}},
		Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"*"},
	}
	readers := policy.Statement{
		Sid: "ReadersMayNotWrite", Effect: policy.Deny, Principal: everyone, Actions: []string{"kms:GenerateDataKey"}, Resources: []string{"*"},
		Conditions: policy.Conditions{"ArnLike": {"aws:PrincipalArn": {analyst}}},
	}
	var resources []any
	add := func(kind, name string, values outputs) {
		resources = append(resources, map[string]any{
			"urn": "urn:pulumi:dev::datalake::" + kind + "::" + name, "type": kind, "custom": strings.HasPrefix(kind, "aws:"), "outputs": values,
		})
	}
	for _, zone := range []string{"raw", "staged"} {
		add(typeBucket, zone, outputs{"bucket": "lake-" + zone, "arn": "arn:aws:s3:::lake-" + zone, "region": "eu-west-1"})
		add(typeEncryption, zone+"-encryption", outputs{"bucket": "lake-" + zone, "rules": []any{
			map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"kmsMasterKeyId": lakeKey}},
		}})
	}
	add(typeBucketPolicy, "raw-policy", outputs{"bucket": "lake-raw", "policy": render(t, keepOut)})
	add(typeBucketPolicy, "staged-policy", outputs{"bucket": "lake-staged", "policy": render(t, network)})
	add(typeKey, "data", outputs{"arn": lakeKey, "policy": render(t, account)})
	add(typeKeyPolicy, "data-key-policy", outputs{"keyId": "lake", "policy": render(t, account, readers)})
	add(typePolicy, "workload-boundary", outputs{"arn": boundary, "name": "tarn-dev-workload-boundary", "policy": render(t,
		allow("Data", []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt", "kms:GenerateDataKey"}, []string{"*"}))})
	role := func(arn string, limit string, statements ...policy.Statement) {
		name := arn[strings.LastIndex(arn, "/")+1:]
		add(typeRole, name, outputs{"arn": arn, "name": name, "permissionsBoundary": limit})
		add(typeRolePolicy, name+"-policy", outputs{"role": name, "name": "access", "policy": render(t, statements...)})
	}
	all := []string{"arn:aws:s3:::lake-raw/*", "arn:aws:s3:::lake-staged/*"}
	role(analyst, boundary,
		allow("ReadRaw", []string{"s3:GetObject", "s3:DeleteObject", "s3:PutObject"}, all), allow("UseKey", []string{"kms:Decrypt", "kms:GenerateDataKey"}, []string{lakeKey}),
		policy.Statement{Sid: "ListFlights", Effect: policy.Allow, Actions: []string{"s3:ListBucket"}, Resources: []string{"arn:aws:s3:::lake-raw"}, Conditions: policy.Conditions{"StringLike": {"s3:prefix": {"flights/*"}}}})
	role(job, boundary, allow("ReadFlights", []string{"s3:GetObject"}, []string{"arn:aws:s3:::lake-raw/flights/*"}))
	role(iam+"role/tarn/dev/attached", iam+"policy/elsewhere", allow("ReadRaw", []string{"s3:GetObject"}, all), allow("UseKey", []string{"kms:Decrypt"}, []string{lakeKey}))
	add(typeAttachment, "attached", outputs{"role": "tarn-dev-flights-job", "policyArn": boundary})
	add(typeUser, "ci", outputs{"arn": iam + "user/tarn/dev.deploy/ci", "name": "ci"})
	add(typeMembership, "ci", outputs{"user": "ci", "groups": []any{"deployers"}})
	add(typeGroupPolicy, "deployers", outputs{"group": "deployers", "name": "assume", "policy": render(t, allow("Assume", []string{"sts:AssumeRole"}, []string{"*"}))})
	add(typePersonas, "personas", outputs{"roleArns": map[string]any{"analyst": analyst, "scientist": given}})
	content, err := json.Marshal(map[string]any{"version": 3, "checkpoint": map[string]any{"latest": map[string]any{"resources": resources}}})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := state.ParseCheckpoint(content)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func read(t *testing.T) *Deployed {
	t.Helper()
	deployed, err := Read(checkpoint(t).Resources)
	if err != nil {
		t.Fatal(err)
	}
	return deployed
}

func TestExplain(t *testing.T) {
	t.Parallel()
	d := read(t)
	tests := map[string]struct {
		who, path, action string
		outcome           Outcome
		decidedBy         string // what Says has
	}{
		"a persona reads":           {"analyst", "raw/flights/x.csv", "read", Allowed, "statement ReadRaw of the policy access of the role"},
		"the same by URL":           {analyst, "s3://lake-raw/flights/x.csv", "read", Allowed, "statement ReadRaw of"},
		"a session of its role":     {"arn:aws:sts::123456789012:assumed-role/tarn-dev-persona-analyst/bob", "raw/x", "read", Allowed, "statement ReadRaw of"},
		"lists its folder":          {"analyst", "raw/flights/", "list", Allowed, "statement ListFlights of the policy access of the role"},
		"lists nothing else":        {"analyst", "raw", "list", Denied, "no statement allows it"},
		"the key denies":            {"analyst", "raw/x", "write", Denied, "statement ReadersMayNotWrite of the key policy of " + lakeKey},
		"the boundary is silent":    {"analyst", "raw/x", "delete", Denied, "statement ReadRaw allows it, but no statement of the permission boundary does"},
		"nothing allows":            {"analyst", "raw/x", "delete-version", Denied, "no statement allows it"},
		"a job, with two policies":  {"tarn-dev-flights-job", "raw/flights/x", "read", Allowed, "statement ReadFlights of"},
		"by an attached policy":     {"tarn-dev-flights-job", "staged/x", "read", Allowed, "statement Data of the policy tarn-dev-workload-boundary"},
		"through an endpoint":       {"analyst", "staged/x", "read", Allowed, "statement ReadRaw of"},
		"a user":                    {"ci", "raw/x", "read", Denied, "statement OthersMayNotRead of the bucket policy of lake-raw"},
		"a stranger":                {iam + "role/Somebody", "raw/x", "read", Denied, "statement OthersMayNotRead of the bucket policy of lake-raw"},
		"a stranger who is exempt":  {iam + "role/Admin", "raw/x", "read", Depends, "its own IAM policies decide"},
		"a stranger writes":         {iam + "role/Somebody", "raw/x", "write", Depends, "its own IAM policies decide"},
		"root":                      {iam + "root", "raw/x", "read", Allowed, "the account's root user"},
		"a role that was given":     {"scientist", "raw/x", "read", Depends, "its own IAM policies decide"},
		"a boundary made elsewhere": {"attached", "raw/x", "read", Depends, iam + "policy/elsewhere"},
		"and nothing allows":        {"attached", "raw/x", "list", Denied, "no statement allows it"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who, err := d.Find(test.who)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := d.Explain(who, test.path, test.action)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Outcome != test.outcome || !strings.Contains(answer.Deciding().Says(), test.decidedBy) {
				t.Errorf("%s by %q, want %s by %q", answer.Outcome, answer.Deciding().Says(), test.outcome, test.decidedBy)
			}
		})
	}
}

func TestEveryPrincipalIsKnown(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range read(t).Principals() {
		names = append(names, p.Name())
	}
	if got, want := strings.Join(names, " "), "attached tarn-dev-flights-job analyst scientist ci"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	t.Parallel()
	d := read(t)
	analyst, err := d.Find("analyst")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Find("nobody"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "analyst") {
		t.Errorf("error %v", err)
	}
	for path, want := range map[string]string{
		"s3://raw/x": "zones are raw, staged", "lake/x": "zones are raw, staged", "/x": "want s3://BUCKET/KEY", "raw": "names no object",
	} {
		if _, err := d.Explain(analyst, path, "read"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	if _, err := d.Explain(analyst, "raw/x", "own"); err == nil || !strings.Contains(err.Error(), "delete, delete-version, list, read, write") {
		t.Errorf("error %v", err)
	}
	d.keys = nil
	answer, err := d.Explain(analyst, "raw/x", "read")
	if err != nil || answer.Outcome != Depends || !strings.Contains(answer.Deciding().Says(), "the policy of the key") {
		t.Errorf("with a key made elsewhere: %+v, %v", answer, err)
	}
	broken := checkpoint(t).Resources
	for _, resource := range broken {
		if resource.Type == typeRolePolicy {
			resource.Outputs["policy"] = "{"
		}
	}
	if _, err := Read(broken); err == nil {
		t.Error("a broken policy was read")
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	d := read(t)
	if notes := strings.Join(d.Unknown("staged/x"), "\n"); !strings.Contains(notes, "service control policies") || !strings.Contains(notes, "vpce-1") {
		t.Error(notes)
	}
	d.governed = true
	if notes := strings.Join(d.Unknown("raw/x"), "\n"); !strings.Contains(notes, "Lake Formation") || strings.Contains(notes, "vpce-1") {
		t.Error(notes)
	}
}
