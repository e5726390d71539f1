package settings

import (
	"errors"
	"strings"
	"testing"
)

type example struct {
	Name  string            `json:"name"`
	Days  int               `json:"days"`
	Inner map[string]nested `json:"inner"`
}

type nested struct {
	On bool `json:"on"`
}

var errNegative = errors.New("days is negative")

func (e *example) Validate() error {
	if e.Days < 0 {
		return errNegative
	}
	return nil
}

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ raw, want string }{
		"good":               {`{"name":"x","inner":{"a":{"on":true}}}`, ""},
		"keeps defaults":     {`{}`, ""},
		"unknown field":      {`{"nam":"x"}`, `unknown field "nam"; known fields: days, inner, inner.<name>.on, name`},
		"unknown in a map":   {`{"inner":{"a":{"off":true}}}`, `unknown field "off"`},
		"text for a number":  {`{"days":"7"}`, `field "days" is a string, want int`},
		"text for an object": {`{"inner":"x"}`, `field "inner" is a string, want an object`},
		"number for a bool":  {`{"inner":{"a":{"on":1}}}`, `field "inner.on" is a number, want true or false`},
		"two values":         {`{} {}`, "more than one value"},
		"not an object":      {`[]`, "is a array, want an object"},
		"invalid":            {`{"days":-1}`, "days is negative"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := example{Days: 7}
			err := Decode([]byte(test.raw), &target)
			if test.want == "" {
				if err != nil || target.Days != 7 {
					t.Fatalf("error %v, days %d", err, target.Days)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// Whatever a stack file holds, decoding ends in a value or an error.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"x","inner":{"a":{"on":true}}}`))
	f.Add([]byte(`{"days":1e400}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var target example
		if err := Decode(raw, &target); err == nil && target.Days < 0 {
			t.Fatalf("%q passed although it is invalid", raw)
		}
	})
}
