package driver

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Observer is told how a command goes on. Its methods are called from one goroutine at a time.
type Observer interface {
	// StackStarted says that work on a project's stack begins.
	StackStarted(project string)
	// Working says which resources are being worked on, for a display that can change.
	Working(project, detail string)
	// Line is something worth keeping: a resource that changed, a warning, an error.
	Line(project, text string)
	// Waiting says for whom the command waits before it begins; empty when the wait is over.
	Waiting(detail string)
	// StackFinished gives the result.
	StackFinished(report StackReport)
}

// progress turns the engine's events into words.
type progress struct {
	project  string
	observer Observer
	active   []string // resources under way, oldest first

	mu     sync.Mutex
	errors []string // error messages, for the report
}

func (p *progress) messages() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

// follow reads events until the channel is closed.
func (p *progress) follow(stream <-chan events.EngineEvent) {
	for event := range stream {
		switch {
		case event.ResourcePreEvent != nil:
			p.begin(event.ResourcePreEvent.Metadata)
		case event.ResOutputsEvent != nil:
			p.end(event.ResOutputsEvent.Metadata, "")
		case event.ResOpFailedEvent != nil:
			p.end(event.ResOpFailedEvent.Metadata, " failed")
		case event.DiagnosticEvent != nil:
			p.diagnose(event.DiagnosticEvent)
		}
	}
}

var doing = map[apitype.OpType]string{
	apitype.OpCreate: "creating", apitype.OpUpdate: "updating", apitype.OpDelete: "deleting",
	apitype.OpReplace: "replacing", apitype.OpCreateReplacement: "creating replacement of", apitype.OpDeleteReplaced: "deleting replaced",
}

var done = map[apitype.OpType]string{
	apitype.OpCreate: "created", apitype.OpUpdate: "updated", apitype.OpDelete: "deleted",
	apitype.OpCreateReplacement: "replaced", apitype.OpDeleteReplaced: "deleted replaced",
}

func (p *progress) begin(step apitype.StepEventMetadata) {
	if verb := doing[step.Op]; verb != "" {
		p.active = append(p.active, verb+" "+resourceName(step))
	}
	p.show()
}

func (p *progress) end(step apitype.StepEventMetadata, suffix string) {
	name := resourceName(step)
	for i, active := range p.active {
		if strings.HasSuffix(active, " "+name) {
			p.active = append(p.active[:i], p.active[i+1:]...)
			break
		}
	}
	verb := done[step.Op]
	if suffix != "" {
		verb = doing[step.Op]
	}
	// Components have nothing at AWS; saying that they were created tells nobody anything.
	if verb != "" && step.Provider != "" {
		p.observer.Line(p.project, verb+" "+name+suffix)
	}
	p.show()
}

func (p *progress) show() {
	switch len(p.active) {
	case 0:
		p.observer.Working(p.project, "")
	case 1:
		p.observer.Working(p.project, p.active[0])
	default:
		p.observer.Working(p.project, fmt.Sprintf("%s and %d more", p.active[0], len(p.active)-1))
	}
}

func (p *progress) diagnose(event *apitype.DiagnosticEvent) {
	text := strings.TrimSpace(stripColor(event.Message))
	switch event.Severity {
	case "error":
		// The engine repeats an error of the program once for the program and once for the update.
		if text != "" && !strings.HasPrefix(text, "update failed") && !strings.HasPrefix(text, "preview failed") {
			p.mu.Lock()
			p.errors = append(p.errors, text)
			p.mu.Unlock()
			p.observer.Line(p.project, "error: "+text)
		}
	case "warning":
		p.observer.Line(p.project, "warning: "+text)
	}
}

// plannedChanges names the resources that a preview would change, with the properties.
func plannedChanges(stream <-chan events.EngineEvent) []string {
	var named []string
	for event := range stream {
		if event.ResourcePreEvent == nil || doing[event.ResourcePreEvent.Metadata.Op] == "" {
			continue
		}
		step := event.ResourcePreEvent.Metadata
		text := string(step.Op) + " " + resourceName(step)
		if len(step.Diffs) > 0 {
			text += ": " + strings.Join(step.Diffs, ", ")
		}
		named = append(named, text)
	}
	return named
}

func resourceName(step apitype.StepEventMetadata) string { return shortName(step.Type, step.URN) }

// shortName is short and still unique enough: the type's last part and the logical name.
func shortName(kind, urn string) string {
	if at := strings.LastIndex(urn, "::"); at >= 0 {
		urn = urn[at+2:]
	}
	return kind[strings.LastIndex(kind, ":")+1:] + " " + urn
}

// stripColor removes the engine's colour directives, such as <{%reset%}>.
func stripColor(text string) string {
	for {
		before, rest, found := strings.Cut(text, "<{%")
		if !found {
			return text
		}
		_, after, closed := strings.Cut(rest, "%}>")
		if !closed {
			return text
		}
		text = before + after
	}
}
