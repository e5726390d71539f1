package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What Pulumi 3.259 wrote for three stacks, shortened to what decides something.
const (
	emptyStack = `{"version":3,"checkpoint":{"stack":"organization/mpp/dev"}}`

	passphraseStack = `{"version":3,"checkpoint":{"stack":"organization/bootstrap/local","latest":{
		"manifest":{"time":"2026-11-25T04:29:11.847566623Z","magic":"ab35","version":"v3.259.0"},
		"secrets_providers":{"type":"passphrase","state":{"salt":"v1:9N61K3CRxE0=:v1:JWKYYQjRhcuyO1iz:swDAkjh32ETZDfcrn02YbQRBQKO4GA=="}},
		"resources":[
			{"urn":"urn:pulumi:local::bootstrap::pulumi:pulumi:Stack::bootstrap-local","custom":false,"type":"pulumi:pulumi:Stack","outputs":{"lockTable":"tarn-local-locks"}},
			{"urn":"urn:pulumi:local::bootstrap::pulumi:providers:aws::default_6_83_2","custom":true,"id":"714177b8","type":"pulumi:providers:aws","inputs":{"region":"us-east-1"}},
			{"urn":"urn:pulumi:local::bootstrap::tarn:encryption:Key::key","custom":false,"type":"tarn:encryption:Key"},
			{"urn":"urn:pulumi:local::bootstrap::tarn:encryption:Key$aws:kms/key:Key::key","custom":true,"id":"e3b8b159","type":"aws:kms/key:Key","protect":true,
			 "inputs":{"deletionWindowInDays":7},"outputs":{"arn":"arn:aws:kms:us-east-1:123456789012:key/e3b8b159"},"parent":"urn:pulumi:local::bootstrap::tarn:encryption:Key::key"},
			{"urn":"urn:pulumi:local::bootstrap::aws:iam/role:Role::read","custom":true,"external":true,"id":"somebody-elses","type":"aws:iam/role:Role"}
		],"metadata":{}}}}`

	killedStack = `{"version":3,"checkpoint":{"stack":"organization/mpp/dev","latest":{
		"manifest":{"time":"2026-11-25T03:48:13Z","magic":"","version":""},
		"secrets_providers":{"type":"cloud","state":{"url":"awskms://alias/tarn-dev-platform?region=eu-west-1","encryptedkey":"ZTc5"}},
		"pending_operations":[
			{"resource":{"urn":"urn:pulumi:dev::mpp::aws:iam/role:Role::flights","custom":true,"type":"aws:iam/role:Role","inputs":{"name":"tarn-dev-flights"}},"type":"creating"},
			{"resource":{"urn":"urn:pulumi:dev::mpp::aws:glue/job:Job::flights","custom":true,"id":"flights","type":"aws:glue/job:Job"},"type":"updating"}
		]}}}`
)

func TestParseCheckpoint(t *testing.T) {
	t.Parallel()
	saved := time.Date(2026, time.November, 25, 4, 29, 11, 847566623, time.UTC)
	tests := map[string]struct {
		content                      string
		resources, deployed, pending int
		provider                     string
		saved                        time.Time
	}{
		"empty stack":                 {content: emptyStack},
		"null instead of a stack":     {content: `{"version":3,"checkpoint":{"latest":null}}`},
		"a passphrase":                {passphraseStack, 5, 1, 0, "passphrase", saved},
		"a KMS key, killed":           {killedStack, 0, 0, 2, "awskms://alias/tarn-dev-platform?region=eu-west-1", time.Date(2026, time.November, 25, 3, 48, 13, 0, time.UTC)},
		"no secrets provider":         {content: `{"version":3,"checkpoint":{"latest":{"resources":[{"urn":"u","type":"aws:s3/bucketV2:BucketV2","custom":true}]}}}`, resources: 1, deployed: 1},
		"a later version":             {content: strings.Replace(emptyStack, `"version":3`, `"version":4,"features":["refreshBeforeUpdate"]`, 1)},
		"fields nobody knows of here": {content: `{"version":3,"checkpoint":{"latest":{"snippets":[1],"resources":[]}},"more":{}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseCheckpoint([]byte(test.content))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Resources) != test.resources || len(got.Deployed()) != test.deployed || len(got.Pending) != test.pending ||
				got.SecretsProvider != test.provider || !got.Saved.Equal(test.saved) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestParseCheckpointKeepsWhatDecides(t *testing.T) {
	t.Parallel()
	got, err := ParseCheckpoint([]byte(passphraseStack))
	if err != nil {
		t.Fatal(err)
	}
	key := got.Deployed()[0]
	if key.Type != "aws:kms/key:Key" || key.ID != "e3b8b159" || !key.Protect || !strings.HasSuffix(key.URN, "::key") ||
		key.Inputs["deletionWindowInDays"] != 7.0 || key.Outputs["arn"] == nil {
		t.Errorf("the key is %+v", key)
	}
	killed, err := ParseCheckpoint([]byte(killedStack))
	if err != nil {
		t.Fatal(err)
	}
	creating, updating := killed.Pending[0], killed.Pending[1]
	if creating.Type != "creating" || creating.Resource.Inputs["name"] != "tarn-dev-flights" || updating.Type != "updating" || updating.Resource.ID != "flights" {
		t.Errorf("pending operations %+v", killed.Pending)
	}
}

func TestWhatIsNoStateFileIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ content, want string }{
		"nothing":                        {"", "not a state file"},
		"cut short":                      {passphraseStack[:len(passphraseStack)-40], "not a state file"},
		"something behind it":            {emptyStack + "}", "not a state file"},
		"two of them":                    {emptyStack + emptyStack, "not a state file"},
		"no JSON":                        {"<?xml version='1.0'?><Error/>", "not a state file"},
		"compressed":                     {"\x1f\x8b\x08\x00", "not a state file"},
		"an array":                       {"[]", "not a state file"},
		"null":                           {"null", "known version (0)"},
		"no version":                     {`{"checkpoint":{"latest":{}}}`, "known version (0)"},
		"an old version":                 {`{"version":2,"checkpoint":{"latest":{}}}`, "known version (2)"},
		"what `pulumi stack export` has": {`{"version":"3","deployment":{}}`, "not a state file"},
		"a resource that is none":        {`{"version":3,"checkpoint":{"latest":{"resources":["x"]}}}`, "not a state file"},
		"a key without URL":              {`{"version":3,"checkpoint":{"latest":{"secrets_providers":{"type":"cloud"}}}}`, "secrets provider"},
		"a key that is none":             {`{"version":3,"checkpoint":{"latest":{"secrets_providers":{"type":"cloud","state":"x"}}}}`, "secrets provider"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := ParseCheckpoint([]byte(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %+v, error %v; want %q", got, err, test.want)
			}
		})
	}
}

// Whatever the file holds: no panic, no half of a result beside an error, and no resource of Pulumi's own as deployed.
func FuzzParseCheckpoint(f *testing.F) {
	for _, seed := range []string{emptyStack, passphraseStack, killedStack, "null", `{"version":3}`, `{"version":3,"checkpoint":{"latest":{"secrets_providers":{"type":"cloud","state":{"url":"x"}}}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := ParseCheckpoint(content)
		if err != nil {
			if len(got.Resources)+len(got.Pending) > 0 || got.SecretsProvider != "" {
				t.Errorf("an error and yet %+v", got)
			}
			return
		}
		for _, resource := range got.Deployed() {
			if !resource.Custom || strings.HasPrefix(resource.Type, "pulumi:") {
				t.Errorf("%+v was made by no provider", resource)
			}
		}
	})
}

func TestReadCheckpoint(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files   map[string]string // below .pulumi/stacks/mpp
		pending int
		want    string
		missing bool
	}{
		"there":       {files: map[string]string{"dev.json": killedStack}, pending: 2},
		"missing":     {files: map[string]string{"prod.json": killedStack, "dev.json.bak": killedStack}, want: "mpp/dev.json", missing: true},
		"no folder":   {missing: true, want: "mpp/dev.json"},
		"compressed":  {files: map[string]string{"dev.json.gz": "\x1f\x8b"}, want: "unset PULUMI_DIY_BACKEND_GZIP"},
		"cut short":   {files: map[string]string{"dev.json": "{"}, want: ".pulumi/stacks/mpp/dev.json: not a state file"},
		"both":        {files: map[string]string{"dev.json": emptyStack, "dev.json.gz": "\x1f\x8b"}},
		"only a .bak": {files: map[string]string{"dev.json.bak": emptyStack}, want: "mpp/dev.json", missing: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for file, content := range test.files {
				writeFile(t, filepath.Join(folder, ".pulumi", "stacks", "mpp", file), content)
			}
			got, err := ReadCheckpoint(t.Context(), Folder(folder), "mpp", "dev")
			if len(got.Pending) != test.pending || errors.Is(err, ErrNotFound) != test.missing {
				t.Errorf("got %+v, error %v", got, err)
			}
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func writeFile(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
