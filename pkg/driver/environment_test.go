package driver

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/naming"
)

const goodStack = "config:\n  aws:region: eu-west-1\n  bootstrap:settings:\n    organization: acme\n"

func TestDescribe(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		content string
		check   func(Described) bool
		want    string // in the error
	}{
		"good":            {goodStack, func(d Described) bool { return d.Region == "eu-west-1" && d.Accounts == nil && d.KeyARN == "" }, ""},
		"accounts":        {goodStack + "  aws:allowedAccountIds: [\"123456789012\", \"210987654321\"]\n", func(d Described) bool { return slices.Equal(d.Accounts, []string{"123456789012", "210987654321"}) }, ""},
		"a given key":     {goodStack + "    keyArn: arn:aws:kms:eu-west-1:123456789012:key/x\n", func(d Described) bool { return d.KeyARN == "arn:aws:kms:eu-west-1:123456789012:key/x" }, ""},
		"a KMS key":       {"secretsprovider: awskms://alias/x\nencryptedkey: AQIC\n" + goodStack, func(d Described) bool { return d.KeyARN == "" }, ""},
		"more settings":   {goodStack + "    deploy: {github: {repository: a/b}}\n  aws:maxRetries: \"2\"\nother: [1]\n", func(d Described) bool { return d.Scope.Organization == "acme" }, ""},
		"no region":       {"config:\n  bootstrap:settings: {organization: acme}\n", nil, "aws:region is not set"},
		"no organization": {"config:\n  aws:region: eu-west-1\n", nil, `organization ""`},
		"nothing":         {"", nil, "aws:region is not set"},
		"bad one":         {strings.Replace(goodStack, "acme", "My Company", 1), nil, `organization "My Company"`},
		"no YAML":         {"config: [\n", nil, "Pulumi.dev.yaml"},
		"a list":          {"- config\n", nil, "Pulumi.dev.yaml"},
		"another type":    {"config: {aws:region: [x]}\n", nil, "Pulumi.dev.yaml"},
		"a secret region": {"config:\n  aws:region: {secure: AAAA}\n  bootstrap:settings: {organization: acme}\n", nil, "Pulumi.dev.yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, filepath.Join(root, "bootstrap", "Pulumi.dev.yaml"), test.content)
			got, err := Describe(root, "dev")
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || got.Region != "" {
					t.Errorf("got %+v, error %v; want %q", got, err, test.want)
				}
				return
			}
			if err != nil || got.Scope != (naming.Scope{Organization: "acme", Environment: "dev"}) || !test.check(got) {
				t.Errorf("got %+v, error %v", got, err)
			}
		})
	}
}

func TestDescribeNamesTheEnvironments(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "bootstrap", "Pulumi.dev.yaml"), goodStack)
	write(t, filepath.Join(root, "bootstrap", "Pulumi.prod.yaml"), goodStack)
	write(t, filepath.Join(root, "bootstrap", "Pulumi.yaml"), "name: bootstrap\n")
	if _, err := Describe(root, "stagng"); err == nil || !strings.Contains(err.Error(), `no environment "stagng"`) || !strings.Contains(err.Error(), "(environments: dev, prod)") {
		t.Errorf("error %v", err)
	}
}

func TestTheShippedEnvironmentsAreDescribed(t *testing.T) {
	t.Parallel()
	for _, environment := range environmentNames("../../bootstrap") {
		if _, err := Describe("../..", environment); err != nil {
			t.Errorf("%s: %v", environment, err)
		}
		for _, project := range Projects("../..") {
			content, err := os.ReadFile(stackFile(project.Folder, environment))
			if err != nil {
				t.Fatal(err)
			}
			// A passphrase that everybody knows is for the emulator only; a data key belongs to one account.
			if salted := strings.Contains("\n"+string(content), "\nencryptionsalt:"); salted != (environment == "local") {
				t.Errorf("%s of %s names a passphrase: %v", project.Name, environment, salted)
			}
			if strings.Contains(string(content), "encryptedkey:") {
				t.Errorf("%s of %s has a data key", project.Name, environment)
			}
		}
	}
}

// Whatever stands in the file: an error or names that can be used, and no panic.
func FuzzDescribe(f *testing.F) {
	for _, seed := range []string{goodStack, "", "config: [", "encryptionsalt: v1\n" + goodStack, "a: &a [*a]", "config: {aws:region: 1}", "? x\n: y", "config: !!binary x"} {
		f.Add(seed)
	}
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, content string) {
		write(t, filepath.Join(root, "bootstrap", "Pulumi.dev.yaml"), content)
		described, err := Describe(root, "dev")
		if err != nil {
			return
		}
		if described.Region == "" || described.Scope.Validate() != nil {
			t.Errorf("%q gives %+v", content, described)
		}
	})
}

func TestBackendURL(t *testing.T) {
	t.Parallel()
	d := Described{Scope: naming.Scope{Organization: "acme", Environment: "dev"}, Region: "eu-west-1"}
	for endpoint, want := range map[string]url.Values{
		"":                      {"region": {"eu-west-1"}, "awssdk": {"v2"}},
		"http://127.0.0.1:4566": {"region": {"eu-west-1"}, "awssdk": {"v2"}, "endpoint": {"http://127.0.0.1:4566"}, "s3ForcePathStyle": {"true"}},
	} {
		parsed, err := url.Parse(d.BackendURL("123456789012", endpoint))
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Scheme != "s3" || parsed.Host != d.StateBucket("123456789012") || parsed.Path != "" || parsed.Query().Encode() != want.Encode() {
			t.Errorf("endpoint %q: %s", endpoint, parsed)
		}
	}
	if d.StateBucket("123456789012") != "acme-dev-state-123456789012-eu-west-1" || d.LockTable() != "acme-dev-locks" {
		t.Errorf("bucket %s, table %s", d.StateBucket("123456789012"), d.LockTable())
	}
}

// The form is gocloud's (package awskms): an alias is the host and the path, an ARN is the path.
func TestSecretsProvider(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
	for key, want := range map[string]struct{ host, path string }{"": {"alias", "/acme-dev-platform"}, arn: {"", "/" + arn}} {
		d := Described{Scope: naming.Scope{Organization: "acme", Environment: "dev"}, Region: "eu-west-1", KeyARN: key}
		parsed, err := url.Parse(d.SecretsProvider())
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Scheme != "awskms" || parsed.Host != want.host || parsed.Path != want.path || parsed.RawQuery != "region=eu-west-1" {
			t.Errorf("key %q: %s", key, parsed)
		}
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	bucket := Environment{Name: "dev", Backend: "s3://b", SecretsProvider: "awskms://alias/x", Home: "/home/of/dev", Bucket: "b", LockTable: "l", Region: "r"}
	if got := bucket.variables(); got["PULUMI_BACKEND_URL"] != "s3://b" || len(got) != 3 {
		t.Errorf("variables %v", got)
	}
	if _, set := bucket.variables()["PULUMI_CONFIG_PASSPHRASE"]; set {
		t.Error("an empty passphrase would hide that of the process's environment")
	}
	folder := bucket.local("secret")
	if got := folder.variables(); got["PULUMI_BACKEND_URL"] != "file:///home/of/dev/state?metadata=skip" || got["PULUMI_CONFIG_PASSPHRASE"] != "secret" {
		t.Errorf("variables %v", got)
	}
	if folder.SecretsProvider != "passphrase" || folder.Bucket != "b" || folder.LockTable != "l" || folder.Region != "r" || folder.Name != "dev" {
		t.Errorf("environment %+v", folder)
	}
	if bucket.Backend != "s3://b" || bucket.Passphrase != "" {
		t.Errorf("the environment itself was changed: %+v", bucket)
	}
}
