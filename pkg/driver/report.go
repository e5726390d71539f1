package driver

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Result of one stack.
type Result string

// The results. A stack is not run when one before it failed.
const (
	Succeeded Result = "succeeded"
	Failed    Result = "failed"
	NotRun    Result = "not run"
)

// Report is what a command did to an environment.
type Report struct {
	Command     string        `json:"command"`
	Environment string        `json:"environment"`
	Stacks      []StackReport `json:"stacks"`
	Data        []Contents    `json:"data,omitempty"` // what a destroy has found in buckets before it deleted anything
	Seconds     float64       `json:"seconds"`
	Error       string        `json:"error,omitempty"` // also one that is of no stack, such as a lease that was not had
}

// StackReport is what a command did to one stack.
type StackReport struct {
	Project string         `json:"project"`
	Result  Result         `json:"result"`
	Changes map[string]int `json:"changes"` // number of resources by operation: create, update, delete, replace, same
	Seconds float64        `json:"seconds"`
	Error   string         `json:"error,omitempty"`
}

// Changed reports whether any resource of any stack was or would be changed.
func (r Report) Changed() bool {
	return slices.ContainsFunc(r.Stacks, func(s StackReport) bool { return s.changed() > 0 })
}

func (s StackReport) changed() int {
	total := 0
	for operation, count := range s.Changes {
		if operation != "same" && operation != "read" {
			total += count
		}
	}
	return total
}

// Summary says in words what changed.
func (s StackReport) Summary() string {
	if s.Result == Failed {
		return "failed"
	}
	if s.Changes == nil {
		return "done" // a step that has no resources
	}
	if s.changed() == 0 {
		return fmt.Sprintf("no changes (%d resources)", s.Changes["same"])
	}
	var parts []string
	for _, op := range []struct{ name, done string }{
		{"create", "created"}, {"update", "updated"}, {"replace", "replaced"}, {"delete", "deleted"}, {"same", "unchanged"},
	} {
		if n := s.Changes[op.name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, op.done))
		}
	}
	return strings.Join(parts, ", ")
}

func seconds(since time.Time) float64 {
	return float64(time.Since(since).Milliseconds()) / 1000
}
