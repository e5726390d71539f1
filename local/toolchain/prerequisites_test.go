package toolchain

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParseJavaVersion(t *testing.T) {
	for name, c := range map[string]struct {
		told, version string
		usable        bool
	}{
		"openjdk 17":     {"openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment", "17.0.15", true},
		"first release":  {`openjdk version "17" 2021-09-14`, "17", true},
		"early access":   {`openjdk version "17-ea" 2021-09-14`, "17-ea", true},
		"a message":      {"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"17.0.1\" 2021-10-19", "17.0.1", true},
		"oracle 8":       {`java version "1.8.0_402"`, "1.8.0_402", false},
		"newer":          {`openjdk version "25" 2025-09-16`, "25", false},
		"not quite 17":   {`openjdk version "170.1"`, "170.1", false},
		"release file":   {"IMPLEMENTOR=\"Debian\"\nJAVA_RUNTIME_VERSION=\"18+1\"\nJAVA_VERSION=\"17.0.15\"\n", "17.0.15", true},
		"release of 21":  {"JAVA_VERSION=\"21.0.2\"\n", "21.0.2", false},
		"something else": {"command not found", "of unknown version", false},
		"nothing":        {"", "of unknown version", false},
	} {
		t.Run(name, func(t *testing.T) {
			if version, usable := parseJavaVersion(c.told); version != c.version || usable != c.usable {
				t.Errorf("got %q, %v, want %q, %v", version, usable, c.version, c.usable)
			}
		})
	}
}

func TestFindJava(t *testing.T) {
	prints := func(version string) string { return "#!/bin/sh\necho 'openjdk version \"" + version + "\"' >&2\n" }
	for name, c := range map[string]struct {
		set     func(*fixture)
		version string
		missing bool
	}{
		"told by the release file": {set: func(f *fixture) { f.java() }, version: "17.0.15"},
		"asked when there is no such file": {
			set: func(f *fixture) { f.tool("java", prints("17.0.2")) }, version: "17.0.2",
		},
		"too new": {set: func(f *fixture) { f.tool("java", prints("25")) }, missing: true},
		"JAVA_HOME comes first": {
			set: func(f *fixture) { f.tool("java", prints("17.0.2")); f.java() }, version: "17.0.15",
		},
		"JAVA_HOME without Java": {
			set:     func(f *fixture) { f.tool("java", prints("17.0.2")); f.t.Setenv("JAVA_HOME", f.bin+"-none") },
			missing: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			c.set(f)
			found := findJava(t.Context(), f.paths)
			if found.Missing() != c.missing || found.Version != c.version {
				t.Errorf("got %+v", found)
			}
			if found.Missing() && found.Fix == "" {
				t.Error("it does not say how to get Java")
			}
		})
	}
}

func TestFindPython(t *testing.T) {
	f := newFixture(t)
	f.tool("python3.11", strings.Replace(fakePython, "3.11.9", "3.12.1", 1))
	f.tool("python3", fakePython)
	found := findPython(t.Context(), f.paths)
	if found.Missing() || found.Path != filepath.Join(f.bin, "python3") || found.Version != "3.11.9" {
		t.Errorf("got %+v", found)
	}
}
