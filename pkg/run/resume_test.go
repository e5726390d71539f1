package run

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
)

var flights = contract.Pipeline{Jobs: map[string]contract.Job{
	rawToStaged: {Name: "acme-raw-to-staged"}, qualityGate: {Name: "acme-quality-gate"},
	stagedToAnalytics: {Name: "acme-staged-to-analytics"}, "export": {Name: "acme-export"}, "abc": {Name: "acme-abc"},
	tableMaintenance: {Name: "acme-table-maintenance"},
}}

func TestKinds(t *testing.T) {
	t.Parallel()
	want := []string{rawToStaged, qualityGate, stagedToAnalytics, tableMaintenance, "abc", "export"}
	if got := Kinds(flights); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if kind := kindOf(flights, "acme-export"); kind != "export" {
		t.Errorf("got %s", kind)
	}
	if kind := kindOf(flights, "another"); kind != "another" {
		t.Errorf("got %s", kind)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	node := func(kind, name string, state State) Node {
		return Node{ID: "id of " + name, Name: name, Kind: kind, State: state}
	}
	crawl := func(state State) Node { return node("crawler", "acme-crawler", state) }
	stage := func(state State) Node { return node("job", "acme-raw-to-staged", state) }
	gate := func(state State) Node { return node("job", "acme-quality-gate", state) }
	analyse := func(state State) Node { return node("job", "acme-staged-to-analytics", state) }
	export := func(state State) Node { return node("job", "acme-export", state) }
	tests := map[string]struct {
		nodes    []Node
		want     []string
		heldBack bool
	}{
		"the crawler":             {[]Node{crawl(Failed), stage(Waiting), analyse(Waiting)}, []string{"acme-crawler"}, false},
		"staging":                 {[]Node{crawl(Succeeded), stage(Failed), gate(Waiting), analyse(Waiting)}, []string{"acme-raw-to-staged"}, false},
		"stopped":                 {[]Node{crawl(Succeeded), stage(Stopped), gate(Waiting)}, []string{"acme-raw-to-staged"}, false},
		"the gate":                {[]Node{crawl(Succeeded), stage(Succeeded), gate(Failed), analyse(Waiting)}, []string{"acme-quality-gate"}, false},
		"what the gate held back": {[]Node{crawl(Succeeded), stage(Succeeded), gate(Failed), analyse(Waiting)}, []string{"acme-raw-to-staged"}, true},
		"analytics":               {[]Node{stage(Succeeded), gate(Succeeded), analyse(Failed)}, []string{"acme-staged-to-analytics"}, false},
		"two side by side":        {[]Node{stage(Succeeded), analyse(Failed), export(Failed)}, []string{"acme-staged-to-analytics", "acme-export"}, false},
		"a gate without before":   {[]Node{gate(Failed)}, []string{"acme-quality-gate"}, true},
		"nothing":                 {[]Node{crawl(Succeeded), stage(Succeeded)}, nil, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chosen, err := restart(flights, "wr_1", test.nodes, test.heldBack)
			var names []string
			for _, node := range chosen {
				names = append(names, node.Name)
			}
			if !slices.Equal(names, test.want) || errors.Is(err, ErrNothingToResume) != (test.want == nil) {
				t.Errorf("got %v, error %v, want %v", names, err, test.want)
			}
		})
	}
}

func TestLastFailed(t *testing.T) {
	t.Parallel()
	runs := func(states ...State) []Summary {
		var all []Summary
		for i, state := range states {
			all = append(all, Summary{RunID: string(rune('a' + i)), State: state})
		}
		return all
	}
	tests := map[string]struct {
		runs  []Summary
		want  string
		error string
	}{
		"the newest":              {runs(Failed, Failed), "a", ""},
		"none":                    {nil, "", "has never run"},
		"all good":                {runs(Succeeded, Succeeded), "", "none of the last 2 runs"},
		"one has succeeded since": {runs(Succeeded, Failed), "", "the newest that failed is b"},
		"one runs now":            {runs(Running, Failed), "", "the newest that failed is b"},
		"stopped since":           {runs(Stopped, Failed), "", "the newest that failed is b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := lastFailed("flights", test.runs)
			if found.RunID != test.want {
				t.Errorf("got %q, want %q", found.RunID, test.want)
			}
			if test.error == "" && err != nil || test.error != "" && (!errors.Is(err, ErrNothingToResume) || !strings.Contains(err.Error(), test.error)) {
				t.Errorf("error %v, want %q", err, test.error)
			}
		})
	}
}

func TestHeldBack(t *testing.T) {
	t.Parallel()
	gate := func(rules ...Rule) []JobReport {
		return []JobReport{{Job: rawToStaged}, {Job: qualityGate, Datasets: []RowCount{{Name: "a"}, {Name: "b", Rules: rules}}}}
	}
	if heldBack(gate(Rule{Passed: true})) || heldBack(nil) || heldBack([]JobReport{{Job: qualityGate, Error: "no report of staging"}}) {
		t.Error("held back although every rule held")
	}
	if !heldBack(gate(Rule{Passed: true}, Rule{})) {
		t.Error("not held back although a rule failed")
	}
}
