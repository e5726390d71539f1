package driver

import "testing"

func TestSummary(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		report  StackReport
		want    string
		changed bool
	}{
		"a step":             {StackReport{Result: Succeeded}, "done", false},
		"no changes":         {StackReport{Result: Succeeded, Changes: changes{"same": 7, "read": 1}}, "no changes (7 resources)", false},
		"an empty stack":     {StackReport{Result: Succeeded, Changes: changes{}}, "no changes (0 resources)", false},
		"created":            {StackReport{Result: Succeeded, Changes: changes{"create": 2}}, "2 created", true},
		"everything":         {StackReport{Result: Succeeded, Changes: changes{"delete": 4, "create": 1, "same": 5, "replace": 3, "update": 2}}, "1 created, 2 updated, 3 replaced, 4 deleted, 5 unchanged", true},
		"failed":             {StackReport{Result: Failed, Changes: changes{"same": 1}}, "failed", false},
		"failed in a step":   {StackReport{Result: Failed}, "failed", false},
		"failed half way on": {StackReport{Result: Failed, Changes: changes{"create": 1}}, "failed", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.report.Summary(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if got := (Report{Stacks: []StackReport{{Result: NotRun}, test.report}}).Changed(); got != test.changed {
				t.Errorf("changed %v, want %v", got, test.changed)
			}
		})
	}
}
