package policy

import (
	"strings"
	"testing"
)

func TestDocumentIsChecked(t *testing.T) {
	t.Parallel()
	good := Statement{Sid: "A", Effect: Allow, Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::b/*"}}
	change := func(f func(*Statement)) Statement { s := good; f(&s); return s }
	tests := map[string]struct {
		statements []Statement
		want       string
	}{
		"empty":            {nil, "policy has no statement"},
		"no sid":           {[]Statement{change(func(s *Statement) { s.Sid = "" })}, "the Sid is empty"},
		"sid twice":        {[]Statement{good, good}, `"A": the Sid is empty or used twice`},
		"no action":        {[]Statement{change(func(s *Statement) { s.Actions = nil })}, "A has no action"},
		"all actions":      {[]Statement{change(func(s *Statement) { s.Actions = []string{"*"} })}, `allows "*": name the actions`},
		"a whole service":  {[]Statement{change(func(s *Statement) { s.Actions = []string{"s3:*"} })}, `allows "s3:*"`},
		"deny a service":   {[]Statement{change(func(s *Statement) { s.Effect, s.Actions = Deny, []string{"s3:*"} })}, ""},
		"good":             {[]Statement{good}, ""},
		"service is named": {ServiceTrust("glue.amazonaws.com", "123456789012").Statements, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Document{Statements: test.statements}.JSON()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	got, err := Document{Statements: []Statement{DenyInsecureTransport("arn:aws:s3:::b")}}.JSON()
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"DenyInsecureTransport","Effect":"Deny","Principal":"*",` +
		`"Action":["s3:*"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	if err != nil || got != want {
		t.Errorf("got  %s\nwant %s\nerror %v", got, want, err)
	}
}
