package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// step is what one node of a workflow does and what it waits for.
type step struct {
	name    string // of a job, its kind or the name the user gave
	crawler bool
	after   string // name of the step that has to succeed before; empty starts with the workflow
}

// maxActions is how many jobs one trigger can start (AWS General Reference, "AWS Glue endpoints and quotas").
const maxActions = 50

// graph is the steps of a workflow. Each waits for one other at most, so there is one way to each.
type graph []step

// edge is what one trigger does: it starts the steps when the one before has succeeded.
type edge struct {
	after  string // empty for the trigger that starts the workflow
	starts []string
}

// edges gives the triggers of the workflow, that of the start first. There is one for each step that something waits
// for.
func (g graph) edges() []edge {
	var edges []edge
	for _, s := range g {
		at := slices.IndexFunc(edges, func(e edge) bool { return e.after == s.after })
		if at < 0 {
			at = len(edges)
			edges = append(edges, edge{after: s.after})
		}
		edges[at].starts = append(edges[at].starts, s.name)
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return order(a) - order(b) })
	return edges
}

func order(e edge) int {
	if e.after == "" {
		return 0
	}
	return 1
}

// validate refuses graphs in which a step is never reached, and what Glue would refuse.
func (g graph) validate() error {
	var problems []error
	known := map[string]bool{}
	for _, s := range g {
		if known[s.name] {
			problems = append(problems, fmt.Errorf("there are two jobs %q", s.name))
		}
		known[s.name] = true
	}
	reached := g.reached()
	var lost []string
	for _, s := range g {
		switch {
		case s.after != "" && !known[s.after]:
			problems = append(problems, fmt.Errorf("job %q is after %q, which this pipeline does not have", s.name, s.after))
		case !reached[s.name]:
			lost = append(lost, s.name)
		}
	}
	if len(problems) == 0 && len(lost) > 0 {
		problems = append(problems, fmt.Errorf("jobs wait for each other: %s", strings.Join(lost, ", ")))
	}
	for _, e := range g.edges() {
		if len(e.starts) > maxActions {
			problems = append(problems, fmt.Errorf("%d jobs start after %q, Glue allows %d", len(e.starts), e.after, maxActions))
		}
	}
	return errors.Join(problems...)
}

// reached gives the steps that a run gets to when every step succeeds.
func (g graph) reached() map[string]bool {
	reached := map[string]bool{}
	for more := true; more; {
		more = false
		for _, s := range g {
			if !reached[s.name] && (s.after == "" || reached[s.after]) {
				reached[s.name], more = true, true
			}
		}
	}
	return reached
}
