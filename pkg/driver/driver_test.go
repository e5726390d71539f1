package driver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// recorder remembers what it is told.
type recorder struct {
	lines   []string
	working string
	reports []StackReport
}

func (r *recorder) StackStarted(project string)      { r.lines = append(r.lines, project+" started") }
func (r *recorder) Working(_, detail string)         { r.working = detail }
func (r *recorder) Waiting(detail string)            { r.lines = append(r.lines, "waiting: "+detail) }
func (r *recorder) Line(project, text string)        { r.lines = append(r.lines, project+": "+text) }
func (r *recorder) StackFinished(report StackReport) { r.reports = append(r.reports, report) }

func TestProjectsComeAfterThoseTheyNeed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, project := range Projects("/x") {
		for _, need := range project.Needs {
			if !seen[need] {
				t.Errorf("%s comes before %s, which it needs", project.Name, need)
			}
		}
		seen[project.Name] = true
	}
}

func TestAFailureStopsTheChain(t *testing.T) {
	t.Parallel()
	observer := &recorder{}
	d := &Driver{environment: Environment{Name: "test"}, observer: observer}
	broken := errors.New("boom")
	report, err := d.each(t.Context(), "up", Projects("/x"), nil,
		func(_ context.Context, project Project, stream chan<- events.EngineEvent) (map[string]int, error) {
			close(stream)
			if project.Name == "datalake" {
				return nil, broken
			}
			return map[string]int{"create": 2, "same": 1}, nil
		})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "datalake") {
		t.Errorf("error %v", err)
	}
	var results []string
	for _, stack := range report.Stacks {
		results = append(results, stack.Project+" "+string(stack.Result))
	}
	if want := []string{"bootstrap succeeded", "datalake failed", "mpp not run"}; !slices.Equal(results, want) {
		t.Errorf("got %v, want %v", results, want)
	}
	if !report.Changed() || report.Stacks[0].Summary() != "2 created, 1 unchanged" {
		t.Errorf("summary %q", report.Stacks[0].Summary())
	}
}

func TestAnInterruptedChainRunsNothingMore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	d := &Driver{environment: Environment{Name: "test"}, observer: &recorder{}}
	report, err := d.each(ctx, "up", Projects("/x"), nil,
		func(_ context.Context, _ Project, stream chan<- events.EngineEvent) (map[string]int, error) {
			close(stream)
			cancel()
			return nil, nil
		})
	if !errors.Is(err, context.Canceled) || report.Stacks[1].Result != NotRun {
		t.Errorf("error %v, report %+v", err, report)
	}
}

func TestNewNamesTheEnvironments(t *testing.T) {
	t.Parallel()
	_, err := New(Projects("../.."), Environment{Name: "nowhere"}, &recorder{})
	if err == nil || !strings.Contains(err.Error(), `no environment "nowhere"`) || !strings.Contains(err.Error(), "dev, local, prod, rehearsal, staging") {
		t.Errorf("error %v", err)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	step := func(op apitype.OpType, name, provider string) apitype.StepEventMetadata {
		return apitype.StepEventMetadata{
			Op: op, Type: "aws:s3/bucketV2:BucketV2", URN: "urn:pulumi:s::p::aws:s3/bucketV2:BucketV2::" + name, Provider: provider,
		}
	}
	begin := func(m apitype.StepEventMetadata) events.EngineEvent {
		return events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m}}}
	}
	end := func(m apitype.StepEventMetadata) events.EngineEvent {
		return events.EngineEvent{EngineEvent: apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: m}}}
	}
	fail := func(m apitype.StepEventMetadata) events.EngineEvent {
		return events.EngineEvent{EngineEvent: apitype.EngineEvent{ResOpFailedEvent: &apitype.ResOpFailedEvent{Metadata: m}}}
	}
	diagnose := func(severity, text string) events.EngineEvent {
		return events.EngineEvent{EngineEvent: apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: severity, Message: text}}}
	}
	observer := &recorder{}
	p := &progress{project: "p", observer: observer}
	stream := make(chan events.EngineEvent, 20)
	for _, event := range []events.EngineEvent{
		begin(step(apitype.OpCreate, "a", "aws")), begin(step(apitype.OpCreate, "b", "aws")),
		end(step(apitype.OpCreate, "a", "aws")), end(step(apitype.OpSame, "c", "aws")), end(step(apitype.OpCreate, "component", "")),
		diagnose("error", "<{%reset%}>no such key<{%reset%}>\n"), diagnose("error", "update failed"), diagnose("info", "hello"),
		fail(step(apitype.OpCreate, "b", "aws")), begin(step(apitype.OpDelete, "d", "aws")),
	} {
		stream <- event
	}
	close(stream)
	p.follow(stream)
	want := []string{"p: created BucketV2 a", "p: error: no such key", "p: creating BucketV2 b failed"}
	if !slices.Equal(observer.lines, want) {
		t.Errorf("got  %q\nwant %q", observer.lines, want)
	}
	if got := p.messages(); !slices.Equal(got, []string{"no such key"}) {
		t.Errorf("messages %q", got)
	}
	if observer.working != "deleting BucketV2 d" {
		t.Errorf("working %q", observer.working)
	}
}
