package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParsePulumiVersion(t *testing.T) {
	for printed, want := range map[string]string{
		"v3.259.0":                       "3.259.0",
		"3.200.0\n":                      "3.200.0",
		"v3.300.1-dev.0":                 "3.300.1-dev.0",
		"warning: a newer one\nv3.259.0": "3.259.0",
		"v4.0.0":                         "4.0.0",
		"v3.199.9":                       "",
		"v3.200.0-alpha.1":               "", // before 3.200.0
		"v2.25.2":                        "",
		"":                               "",
		"segmentation fault":             "",
	} {
		got, err := parsePulumiVersion(printed)
		if want == "" {
			if err == nil {
				t.Errorf("%q: got %s, want an error", printed, got)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%q: got %s, %v, want %s", printed, got, err, want)
		}
	}
}

func TestFindPulumi(t *testing.T) {
	for name, c := range map[string]struct {
		script string // of pulumi on the PATH
		host   bool   // a language host beside it
		cli    Origin
		goHost Origin
	}{
		"both of the user's":                  {fakePulumi, true, OnPath, OnPath},
		"only the CLI":                        {fakePulumi, false, OnPath, Missing},
		"an old CLI counts for nothing":       {strings.Replace(fakePulumi, "v3.259.0", "v3.10.0", 1), true, Missing, Missing},
		"a broken CLI counts for nothing too": {"#!/bin/sh\nexit 3\n", true, Missing, Missing},
		"nothing":                             {"", false, Missing, Missing},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			if c.script != "" {
				f.tool("pulumi", c.script)
			}
			if c.host {
				f.tool("pulumi-language-go", "#!/bin/sh\n")
			}
			if got := (pulumiCLI{f.paths}).find(t.Context()); got.Origin != c.cli {
				t.Errorf("CLI: %+v", got)
			}
			if got := (languageHost{f.paths}).find(t.Context()); got.Origin != c.goHost {
				t.Errorf("language host: %+v", got)
			}
		})
	}
}

// The CLI and the host are made in two folders, and one has to serve for both.
func TestPulumiBinHasBoth(t *testing.T) {
	f := newFixture(t)
	if _, err := pulumiBin(t.Context(), f.paths); err == nil {
		t.Error("a missing CLI is no error")
	}
	check(t, pulumiProgram.build(t.Context(), f.paths, &recorder{}))
	check(t, languageHostProgram.build(t.Context(), f.paths, &recorder{}))
	for range 2 {
		bin, err := pulumiBin(t.Context(), f.paths)
		check(t, err)
		for _, name := range []string{"pulumi", "pulumi-language-go"} {
			if content, err := os.ReadFile(filepath.Join(bin, name)); err != nil || string(content) != "whole\n" {
				t.Errorf("%s: %q, %v", name, content, err)
			}
		}
	}
}

// The driver puts the made tools on the PATH of its own process; they are no user's.
func TestMadeToolsAreNotTheUsers(t *testing.T) {
	f := newFixture(t)
	check(t, pulumiProgram.build(t.Context(), f.paths, &recorder{}))
	t.Setenv("PATH", filepath.Dir(pulumiProgram.file(f.paths))+":"+os.Getenv("PATH"))
	if found := (pulumiCLI{f.paths}).find(t.Context()); found.Origin != Built {
		t.Errorf("got %+v", found)
	}
}
