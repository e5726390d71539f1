package tagging

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/naming"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range maxTags {
		many[fmt.Sprint("key", i)] = "x"
	}
	tests := map[string]struct {
		owner string
		extra map[string]string
		want  string // part of the error; empty for none
	}{
		"fine":           {"data-platform@example.com", map[string]string{"cost-center": "42 / EU"}, ""},
		"nobody":         {"", nil, "owner is required"},
		"owner's form":   {"Bob;", nil, `owner "Bob;"`},
		"long owner":     {strings.Repeat("x", 257), nil, "want at most 256"},
		"empty key":      {"data", map[string]string{"": "x"}, `key "": want 1 to 128`},
		"long key":       {"data", map[string]string{strings.Repeat("k", 129): "x"}, "want 1 to 128"},
		"reserved key":   {"data", map[string]string{"AWS:team": "x"}, "AWS keeps what begins with aws:"},
		"value's form":   {"data", map[string]string{"team": "a,b"}, `tags.team "a,b"`},
		"too many":       {"data", many, "there are 50, AWS allows 43"},
		"several at one": {"", map[string]string{"": "x"}, "owner is required"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Check(test.owner, test.extra)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestExtraTagsWin(t *testing.T) {
	t.Parallel()
	scope := naming.Scope{Organization: "tarn", Environment: "dev"}
	tags := New(scope, "datalake", "data", map[string]string{KeyManagedBy: "us"})
	if tags[KeyManagedBy] != "us" || tags[KeyOwner] != "data" {
		t.Errorf("got %v", tags)
	}
	if more := tags.With(KeyDomain, "sales"); more[KeyDomain] != "sales" || tags[KeyDomain] != "" {
		t.Errorf("got %v, and before %v", more, tags)
	}
}
