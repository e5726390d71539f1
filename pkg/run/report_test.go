package run

import (
	"io"
	"strings"
	"testing"
)

func TestReportOfTheQualityGate(t *testing.T) {
	t.Parallel()
	report, err := decodeReport(io.NopCloser(strings.NewReader(`{
		"job": "quality-gate", "ok": false, "error": null,
		"datasets": [{"name": "flights", "published": false, "error": "2 rules failed", "rules": [
			{"rule": "RowCount > 10", "passed": false, "observed": 3},
			{"rule": "IsComplete \"id\"", "passed": false, "observed": "2 of 3"},
			{"rule": "IsUnique \"id\"", "passed": true, "observed": null}
		]}]
	}`)))
	if err != nil {
		t.Fatal(err)
	}
	d := report.Datasets[0]
	if report.OK || d.Published || d.Error != "2 rules failed" || len(d.Rules) != 3 {
		t.Errorf("%+v", report)
	}
	for i, want := range []string{"3", "2 of 3", ""} {
		if got := d.Rules[i].Seen(); got != want {
			t.Errorf("rule %d: observed %q, want %q", i, got, want)
		}
	}
}
