package naming

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	scope := Scope{Organization: "acme", Environment: "dev"}
	for got, want := range map[string]string{
		scope.Name("flights", "job"):                        "acme-dev-flights-job",
		scope.Bucket("raw", "123456789012", "eu-central-1"): "acme-dev-raw-123456789012-eu-central-1",
		scope.Database("access-logs"):                       "acme_dev_access_logs",
		scope.Path():                                        "/acme/dev/",
		scope.DeployPath():                                  "/acme/dev.deploy/",
		scope.Secret("ci-access-key"):                       "acme/dev/ci-access-key",
		scope.LogGroup("flights"):                           "/acme/dev/flights",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestScopeValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scope Scope
		want  string
	}{
		"good":              {Scope{"tarn", "local"}, ""},
		"hyphen":            {Scope{"my-org", "pre-prod"}, ""},
		"upper case":        {Scope{"Tarn", "local"}, `organization "Tarn"`},
		"double hyphen":     {Scope{"a--b", "local"}, `organization "a--b"`},
		"digit first":       {Scope{"1a", "local"}, `organization "1a"`},
		"empty":             {Scope{"", "local"}, `organization ""`},
		"bad stack":         {Scope{"tarn", "Local_1"}, `stack name "Local_1"`},
		"too long together": {Scope{strings.Repeat("a", 15), strings.Repeat("b", 15)}, "S3 allows 63"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.scope.Validate()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// A scope that is accepted gives names that S3 accepts, whatever the zone.
func FuzzScope(f *testing.F) {
	f.Add("tarn", "local")
	f.Fuzz(func(t *testing.T, organization, environment string) {
		scope := Scope{organization, environment}
		if scope.Validate() != nil {
			return
		}
		name := scope.Bucket(longestPurpose, "123456789012", longestRegion)
		if len(name) > MaxBucket || strings.ToLower(name) != name || strings.ContainsAny(name, "_. /") {
			t.Errorf("bucket name %q", name)
		}
	})
}
