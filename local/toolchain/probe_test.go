package toolchain

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// echo copies a program that is no script and that prints its arguments.
func echo(t *testing.T, f *fixture) string {
	t.Helper()
	content, err := os.ReadFile("/bin/echo")
	if err != nil {
		t.Skip("there is no /bin/echo to copy")
	}
	check(t, os.MkdirAll(f.paths.Cache, 0o755))
	return f.file("bin/said", string(content))
}

func TestAskRemembers(t *testing.T) {
	f := newFixture(t)
	program := echo(t, f)
	question := command{args: []string{program, "version", "1"}}
	said, err := f.paths.ask(t.Context(), question)
	if err != nil || said != "version 1" {
		t.Fatalf("got %q, %v", said, err)
	}
	known := f.paths.readProbes()
	answer := known[program+" version 1"]
	answer.Said = "remembered"
	f.paths.remember(program+" version 1", answer)
	if said, _ := f.paths.ask(t.Context(), question); said != "remembered" {
		t.Errorf("it was asked again: %q", said)
	}
	check(t, os.Chtimes(program, time.Now(), time.Now().Add(-time.Hour)))
	if said, _ := f.paths.ask(t.Context(), question); said != "version 1" {
		t.Errorf("another program was not asked: %q", said)
	}
}

func TestAskDoesNotRemember(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"scripts, which may start another program each time": {"#!/bin/sh\necho $ANSWER\n", "second"},
		"failures": {"#!/bin/sh\necho $ANSWER\nexit 1\n", "second"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			check(t, os.MkdirAll(f.paths.Cache, 0o755))
			f.tool("tool", c.script)
			question := command{args: []string{filepath.Join(f.bin, "tool")}}
			t.Setenv("ANSWER", "first")
			_, _ = f.paths.ask(t.Context(), question)
			t.Setenv("ANSWER", "second")
			if said, _ := f.paths.ask(t.Context(), question); said != c.want {
				t.Errorf("got %q", said)
			}
		})
	}
}

func TestDamagedAnswersAreAskedAgain(t *testing.T) {
	f := newFixture(t)
	program := echo(t, f)
	f.file("cache/probes.json", "{")
	if said, err := f.paths.ask(t.Context(), command{args: []string{program, "x"}}); err != nil || said != "x" {
		t.Errorf("got %q, %v", said, err)
	}
	if len(f.paths.readProbes()) != 1 {
		t.Error("the answer was not remembered")
	}
}
