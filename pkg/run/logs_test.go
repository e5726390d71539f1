package run

import "testing"

func TestPartOf(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string]string{
		"jr_1":                  "",
		"jr_1-driver":           "",
		"jr_1-1":                "executor 1",
		"jr_1_2":                "executor 2",
		"jr_1_attempt_1":        "attempt 1",
		"jr_1_attempt_1-driver": "attempt 1",
		"jr_1_attempt_12-3":     "attempt 12, executor 3",
	} {
		if got := partOf(stream, firstAttempt("jr_1_attempt_1")); got != want {
			t.Errorf("%s: got %q, want %q", stream, got, want)
		}
	}
}
