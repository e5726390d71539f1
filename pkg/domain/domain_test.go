package domain

import (
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		domains Domains
		want    string // part of the error; empty for none
	}{
		"nothing":       {nil, ""},
		"defaults":      {Domains{"sales": {}}, ""},
		"name":          {Domains{"Sales": {}}, "domains.Sales: want lower-case"},
		"class":         {Domains{"sales": {Classification: "secret"}}, `classification "secret": want one of [public internal`},
		"slash":         {Domains{"sales": {RawPrefixes: []string{"sales/"}}}, `rawPrefixes "sales/": want a folder`},
		"wildcard":      {Domains{"sales": {RawPrefixes: []string{"sa*"}}}, "want a folder"},
		"claimed twice": {Domains{"sales": {RawPrefixes: []string{"shop"}}, "stock": {RawPrefixes: []string{"shop/stock"}}}, `"shop" is of the domain sales`},
		"same start":    {Domains{"sales": {RawPrefixes: []string{"shop"}}, "stock": {RawPrefixes: []string{"shopping"}}}, ""},
		"own overlap":   {Domains{"sales": {RawPrefixes: []string{"shop", "shop/new"}}}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.domains.Validate()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestUpTo(t *testing.T) {
	t.Parallel()
	if got := Internal.UpTo(); len(got) != 2 || got[0] != Public || got[1] != Internal {
		t.Errorf("got %v", got)
	}
}

func TestHighest(t *testing.T) {
	t.Parallel()
	tests := map[Classification]Domains{
		Internal:   {"open": {Classification: Public}},
		Restricted: {"open": {Classification: Public}, "payroll": {Classification: Restricted}, "sales": {}},
	}
	for want, domains := range tests {
		if got := domains.Highest(); got != want {
			t.Errorf("%v: got %s, want %s", domains, got, want)
		}
	}
}
