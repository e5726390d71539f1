package run

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tarn-data/tarn/pkg/contract"
)

func TestParseWindow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ from, to, want string }{
		"days":        {"2026-01-01", "2026-01-31", ""},
		"one day":     {"2026-01-01", "2026-01-01", ""},
		"backwards":   {"2026-02-01", "2026-01-31", "--from 2026-02-01 is after --to 2026-01-31"},
		"no from":     {"", "2026-01-31", "--from \"\": want a date"},
		"no such day": {"2026-02-30", "31.1.2026", "--to \"31.1.2026\": want a date"},
	} {
		w, err := ParseWindow(test.from, test.to)
		switch {
		case test.want == "" && (err != nil || w.From.Format(time.DateOnly) != test.from || w.To.Format(time.DateOnly) != test.to):
			t.Errorf("%s: %v, error %v", name, w, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	if _, err := ParseWindow("x", "y"); err == nil || !strings.Contains(err.Error(), "--from") || !strings.Contains(err.Error(), "--to") {
		t.Errorf("not all problems at once: %v", err)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from, to string
		days     int
		want     string
	}{
		"whole":              {"2026-01-01", "2026-03-31", 0, "2026-01-01 to 2026-03-31"},
		"even":               {"2026-01-01", "2026-01-04", 2, "2026-01-01 to 2026-01-02, 2026-01-03 to 2026-01-04"},
		"a rest":             {"2026-02-27", "2026-03-01", 2, "2026-02-27 to 2026-02-28, 2026-03-01"},
		"days":               {"2024-02-28", "2024-03-01", 1, "2024-02-28, 2024-02-29, 2024-03-01"},
		"longer than all":    {"2026-01-01", "2026-01-02", 30, "2026-01-01 to 2026-01-02"},
		"one day, one a run": {"2026-01-01", "2026-01-01", 1, "2026-01-01"},
	} {
		whole, err := ParseWindow(test.from, test.to)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, window := range whole.Split(test.days) {
			got = append(got, window.String())
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
	}
}

// FuzzSplit checks that every day is in exactly one window.
func FuzzSplit(f *testing.F) {
	f.Add(0, 10, 3)
	f.Add(365, 0, 1)
	f.Fuzz(func(t *testing.T, offset, length, days int) {
		offset, length = abs(offset)%100_000, abs(length)%1000
		from := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, offset)
		whole := Window{from, from.AddDate(0, 0, length)}
		next := whole.From
		for _, w := range whole.Split(days) {
			if !w.From.Equal(next) || w.To.Before(w.From) || w.To.After(whole.To) {
				t.Fatalf("window %s of %s by %d", w, whole, days)
			}
			next = w.To.AddDate(0, 0, 1)
		}
		if !next.Equal(whole.To.AddDate(0, 0, 1)) {
			t.Fatalf("%s by %d ends before %s", whole, days, next)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

func TestRequest(t *testing.T) {
	t.Parallel()
	window, err := ParseWindow("2026-01-01", "2026-01-31")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		request Request
		want    map[string]string
	}{
		"normal":   {Request{}, map[string]string{}},
		"full":     {Request{Full: true}, map[string]string{"tarn_full": "true"}},
		"backfill": {Request{Window: window}, map[string]string{"tarn_from": "2026-01-01", "tarn_to": "2026-01-31"}},
		"both":     {Request{window, true}, map[string]string{"tarn_from": "2026-01-01", "tarn_to": "2026-01-31", "tarn_full": "true"}},
	} {
		if got := test.request.properties(); !maps.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestCheckDated(t *testing.T) {
	t.Parallel()
	dated, other := contract.Dataset{Name: "sales", Dates: "dt=%Y-%m-%d"}, contract.Dataset{Name: "shops"}
	if err := CheckDated("shop", contract.Pipeline{Datasets: []contract.Dataset{dated}}); err != nil {
		t.Error(err)
	}
	err := CheckDated("shop", contract.Pipeline{Datasets: []contract.Dataset{other, dated}})
	if err == nil || !strings.Contains(err.Error(), "(shops)") || !strings.Contains(err.Error(), "source.dates") {
		t.Errorf("error %v", err)
	}
}
