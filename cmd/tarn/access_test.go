package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/explain"
	"github.com/tarn-data/tarn/pkg/state"
)

func TestAccessUsage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no path":     {[]string{"access", "explain"}, "--path is required"},
		"an argument": {[]string{"access", "explain", "raw/x"}, "takes no argument"},
		"no such env": {[]string{"access", "explain", "--path", "raw/x", "--env", "nowhere"}, `no environment "nowhere"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, out, problems := tarn(t, test.args...); code != exitUsage || !strings.Contains(out+problems, test.want) {
				t.Errorf("exit code %d\n%s%s", code, out, problems)
			}
		})
	}
}

// A bucket whose policy denies one of two roles that may read it.
func twoRoles(t *testing.T) *explain.Deployed {
	t.Helper()
	const bucketPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"NotB","Effect":"Deny","Principal":"*","Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::lake-raw/*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/b"}}}]}`
	const rolePolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake-raw/*"}]}`
	resource := func(kind, name string, outputs map[string]any) state.Resource {
		return state.Resource{URN: "urn:pulumi:dev::datalake::" + kind + "::" + name, Type: kind, Custom: true, Outputs: outputs}
	}
	resources := []state.Resource{
		resource("aws:s3/bucketV2:BucketV2", "raw", map[string]any{"bucket": "lake-raw", "arn": "arn:aws:s3:::lake-raw", "region": "eu-west-1"}),
		resource("aws:s3/bucketPolicy:BucketPolicy", "raw-policy", map[string]any{"bucket": "lake-raw", "policy": bucketPolicy}),
	}
	for _, name := range []string{"a", "b"} {
		resources = append(resources,
			resource("aws:iam/role:Role", name, map[string]any{"arn": "arn:aws:iam::123456789012:role/" + name, "name": name}),
			resource("aws:iam/rolePolicy:RolePolicy", name, map[string]any{"role": name, "name": "access", "policy": rolePolicy}))
	}
	deployed, err := explain.Read(resources)
	if err != nil {
		t.Fatal(err)
	}
	return deployed
}

func TestAccessAnswers(t *testing.T) {
	t.Parallel()
	deployed := twoRoles(t)
	all, err := ask(deployed, "", "raw/x", "read")
	if err != nil || len(all.Answers) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	one, err := ask(deployed, "b", "s3://lake-raw/x", "read")
	if err != nil {
		t.Fatal(err)
	}
	for text, wants := range map[string][]string{
		all.text(false): {"read of s3://lake-raw/x", "allowed", "statement Read of the policy access of the role", "denied", "statement NotB of the bucket policy of lake-raw", "Not known here"},
		one.text(true):  {"denied: read of s3://lake-raw/x by arn:aws:iam::123456789012:role/b", "s3:GetObject on arn:aws:s3:::lake-raw/x: denied (statement NotB of the bucket policy of lake-raw)"},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	var out bytes.Buffer
	if err := (&app{out: &out, json: true}).print(one, ""); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Answers []struct {
			ARN, Outcome string
			Steps        []struct{ Statement, Policy string }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Answers) != 1 || answer.Answers[0].Outcome != "denied" || answer.Answers[0].Steps[0].Statement != "NotB" || !strings.HasSuffix(answer.Answers[0].ARN, "role/b") {
		t.Errorf("%s", out.String())
	}
	for _, wrong := range [][3]string{{"nobody", "raw/x", "read"}, {"", "lake/x", "read"}, {"", "raw/x", "own"}} {
		if _, err := ask(deployed, wrong[0], wrong[1], wrong[2]); err == nil {
			t.Errorf("%v was answered", wrong)
		}
	}
}
