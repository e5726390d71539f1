package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTriggersOfAWorkflow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		graph graph
		want  string // triggers in their order: what they wait for and what they start
	}{
		"one job": {graph{{name: "a"}}, "->a"},
		"a chain": {graph{{name: "crawl", crawler: true}, {name: "a", after: "crawl"}, {name: "b", after: "a"}}, "->crawl crawl->a a->b"},
		"several after one": {
			graph{{name: "a"}, {name: "b", after: "a"}, {name: "c", after: "b"}, {name: "d", after: "a"}},
			"->a a->b,d b->c",
		},
		"listed backwards": {graph{{name: "c", after: "b"}, {name: "b", after: "a"}, {name: "a"}}, "->a b->c a->b"},
		"two at the start": {graph{{name: "a"}, {name: "b"}}, "->a,b"},
	} {
		if err := test.graph.validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		starts := 0
		for _, e := range test.graph.edges() {
			got = append(got, e.after+"->"+strings.Join(e.starts, ","))
			if e.after == "" {
				starts++
			}
		}
		if strings.Join(got, " ") != test.want || starts != 1 {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
		for _, s := range test.graph {
			if !test.graph.reached()[s.name] {
				t.Errorf("%s: %s is not reached", name, s.name)
			}
		}
	}
}

func TestWorkflowsThatCannotBe(t *testing.T) {
	t.Parallel()
	var wide graph
	for i := range maxActions + 1 {
		wide = append(wide, step{name: fmt.Sprint("j", i)})
	}
	for want, g := range map[string]graph{
		`there are two jobs "a"`:                                 {{name: "a"}, {name: "a"}},
		`job "b" is after "x", which this pipeline does not`:     {{name: "a"}, {name: "b", after: "x"}},
		"jobs wait for each other: b, c":                         {{name: "a"}, {name: "b", after: "c"}, {name: "c", after: "b"}},
		"jobs wait for each other: a":                            {{name: "a", after: "a"}},
		`51 jobs start after "", Glue allows 50`:                 wide,
		`job "c" is after "b", which this pipeline does not hav`: {{name: "c", after: "b"}},
	} {
		if err := g.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Whatever the order and the edges, a graph is refused or each of its steps is started by exactly one trigger, and only
// one trigger waits for nothing.
func FuzzGraph(f *testing.F) {
	f.Add("a:,b:a,c:b")
	f.Add("a:b,b:a")
	f.Add("a:,a:")
	f.Fuzz(func(t *testing.T, text string) {
		var g graph
		for part := range strings.SplitSeq(text, ",") {
			name, after, _ := strings.Cut(part, ":")
			if name != "" {
				g = append(g, step{name: name, after: after})
			}
		}
		if len(g) == 0 || g.validate() != nil {
			return
		}
		var started []string
		starts := 0
		for _, e := range g.edges() {
			started = append(started, e.starts...)
			if e.after == "" {
				starts++
			} else if !slices.ContainsFunc(g, func(s step) bool { return s.name == e.after }) {
				t.Errorf("a trigger waits for %q, which is no step", e.after)
			}
		}
		slices.Sort(started)
		if len(started) != len(g) || len(slices.Compact(started)) != len(g) || starts != 1 || len(g.reached()) != len(g) {
			t.Errorf("%q: started %v by %d starts", text, started, starts)
		}
	})
}
