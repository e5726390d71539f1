package emulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answering serves an emulator's health as the named instance.
func answering(t *testing.T, instance string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"instance": instance, "jobs_running": 0})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestStatus(t *testing.T) {
	t.Parallel()
	state := func(endpoint, instance string) string {
		raw, _ := json.Marshal(Instance{PID: os.Getpid(), Endpoint: endpoint, ID: instance})
		return string(raw)
	}
	tests := map[string]struct {
		file string
		runs bool
	}{
		"it answers with its name":           {state(answering(t, "a"), "a"), true},
		"another program has taken its port": {state(answering(t, "b"), "a"), false},
		"nobody answers":                     {state("http://127.0.0.1:1", "a"), false},
		"the file is cut off":                {`{"pid": 12`, false},
		"there is no file":                   {"", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if test.file != "" {
				if err := os.WriteFile(stateFile(folder), []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Status(t.Context(), folder)
			if test.runs != (err == nil) || err != nil && !errors.Is(err, ErrNotRunning) {
				t.Errorf("error %v", err)
			}
			if !test.runs {
				if err := Stop(t.Context(), folder); !errors.Is(err, ErrNotRunning) {
					t.Errorf("stop: %v", err)
				}
			}
		})
	}
}

func TestStartTwiceIsHarmless(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	raw, _ := json.Marshal(Instance{Endpoint: answering(t, "a"), ID: "a"})
	if err := os.WriteFile(stateFile(folder), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	instance, started, err := Start(t.Context(), Options{StateDir: folder, Python: "/nonexistent"})
	if err != nil || started || instance.ID != "a" {
		t.Errorf("instance %+v, started %v, error %v", instance, started, err)
	}
}

func TestAProcessThatDiesIsExplained(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	python := filepath.Join(folder, "python")
	if err := os.WriteFile(python, []byte("#!/bin/sh\necho No module named moto >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	// What a crash left must not be taken for the new process.
	if err := os.WriteFile(stateFile(folder), []byte(`{"pid":1,"endpoint":"http://127.0.0.1:1","instance":"old"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Start(t.Context(), Options{StateDir: folder, Python: python})
	if err == nil || !strings.Contains(err.Error(), "No module named moto") {
		t.Errorf("error %v", err)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	options := Options{StateDir: "state", Jars: "jars"}
	plain := strings.Join(arguments(options), " ")
	if want := "-m tarn_emulator --port 0 --state-dir state --jars jars"; plain != want {
		t.Errorf("%q, not %q", plain, want)
	}
	options.EnforceIAM, options.RecordCalls = true, "calls.jsonl"
	if got, want := strings.Join(arguments(options), " "), plain+" --enforce-iam --record-calls calls.jsonl"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
