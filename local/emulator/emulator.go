// Package emulator starts and stops the local AWS emulator, a Python process (tarn_emulator in this
// folder) that serves AWS's interfaces on the loopback address and really runs Glue jobs.
package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNotRunning is returned when no emulator answers.
var ErrNotRunning = errors.New("the emulator is not running")

// Instance is a running emulator. Everything in it is in memory: another instance is another,
// empty AWS account.
type Instance struct {
	PID      int    `json:"pid"`
	Port     int    `json:"port"`
	Endpoint string `json:"endpoint"`
	ID       string `json:"instance"`
	Started  string `json:"started"`
	Log      string `json:"log,omitempty"`
	// EnforceIAM tells that it refuses what IAM does not allow the caller.
	EnforceIAM bool `json:"enforceIam"`
}

// Options say how to start an emulator.
type Options struct {
	Root     string // the repository
	StateDir string // where the emulator says where it is, and its log
	Python   string // interpreter with the emulator's requirements
	Jars     string // folder of Spark's jars
	Port     int    // 0 chooses a free one

	EnforceIAM  bool   // refuse what IAM does not allow the caller
	RecordCalls string // file to which each call is appended; empty for none
}

// How long things may take. A start loads the whole of moto, which takes longer on a busy machine.
const (
	startLimit  = 90 * time.Second
	stopLimit   = 30 * time.Second
	answerLimit = 3 * time.Second
	poll        = 100 * time.Millisecond
)

// Start gives the running emulator of the state folder, or starts one. The second result tells
// whether it was started. The process outlives the caller.
func Start(ctx context.Context, options Options) (Instance, bool, error) {
	if running, err := Status(ctx, options.StateDir); err == nil {
		return running, false, nil
	}
	if err := os.MkdirAll(options.StateDir, 0o700); err != nil {
		return Instance{}, false, fmt.Errorf("emulator: %w", err)
	}
	// Whatever it says, nobody answers there: a crash or a reboot left it.
	if err := os.Remove(stateFile(options.StateDir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Instance{}, false, fmt.Errorf("emulator: %w", err)
	}
	exited, err := spawn(options)
	if err != nil {
		return Instance{}, false, fmt.Errorf("starting the emulator: %w", err)
	}
	deadline := time.After(startLimit)
	for {
		if running, err := Status(ctx, options.StateDir); err == nil {
			return running, true, nil
		}
		select {
		case <-ctx.Done():
			return Instance{}, false, ctx.Err()
		case <-exited:
			return Instance{}, false, fmt.Errorf("the emulator ended at once; its log %s ends with:\n%s",
				logFile(options.StateDir), lastLines(logFile(options.StateDir)))
		case <-deadline:
			return Instance{}, false, fmt.Errorf("the emulator did not answer within %s; its log %s ends with:\n%s",
				startLimit, logFile(options.StateDir), lastLines(logFile(options.StateDir)))
		case <-time.After(poll):
		}
	}
}

// Status gives the running emulator of a state folder, or ErrNotRunning. A process that has taken
// over the number of a dead emulator is not mistaken for it: the instance must answer with its name.
func Status(ctx context.Context, stateDir string) (Instance, error) {
	raw, err := os.ReadFile(stateFile(stateDir))
	if err != nil {
		return Instance{}, ErrNotRunning
	}
	var instance Instance
	if err := json.Unmarshal(raw, &instance); err != nil {
		return Instance{}, ErrNotRunning
	}
	answered, err := health(ctx, instance.Endpoint)
	if err != nil || answered != instance.ID {
		return Instance{}, ErrNotRunning
	}
	instance.Log = logFile(stateDir)
	return instance, nil
}

// Stop ends the emulator and the Spark jobs it runs. It returns ErrNotRunning when there is none.
func Stop(ctx context.Context, stateDir string) error {
	instance, err := Status(ctx, stateDir)
	if err != nil {
		return err
	}
	if err := syscall.Kill(instance.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping the emulator (process %d): %w", instance.PID, err)
	}
	deadline := time.After(stopLimit)
	for {
		if syscall.Kill(instance.PID, 0) != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			if err := syscall.Kill(-instance.PID, syscall.SIGKILL); err != nil {
				return fmt.Errorf("killing the emulator (process %d): %w", instance.PID, err)
			}
			return os.Remove(stateFile(stateDir))
		case <-time.After(poll):
		}
	}
}

// spawn starts the process in a session of its own, so that Ctrl-C in the terminal of the first
// command does not reach it. The channel is closed when it ends.
func spawn(options Options) (<-chan struct{}, error) {
	log, err := os.OpenFile(logFile(options.StateDir), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(options.Python, arguments(options)...) // no context: it outlives us
	cmd.Env = append(os.Environ(),
		"PYTHONPATH="+filepath.Join(options.Root, "local", "emulator"), "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // its log says why; here only that it ended matters
	}()
	return exited, nil
}

// arguments are those the process is started with.
func arguments(options Options) []string {
	given := []string{"-m", "tarn_emulator",
		"--port", strconv.Itoa(options.Port), "--state-dir", options.StateDir, "--jars", options.Jars}
	if options.EnforceIAM {
		given = append(given, "--enforce-iam")
	}
	if options.RecordCalls != "" {
		given = append(given, "--record-calls", options.RecordCalls)
	}
	return given
}

// health asks an emulator for its name.
func health(ctx context.Context, endpoint string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/tarn/health", nil)
	if err != nil {
		return "", err
	}
	// Loopback must never go through a proxy that the environment names.
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		Instance string `json:"instance"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	return answer.Instance, nil
}

func stateFile(stateDir string) string { return filepath.Join(stateDir, "emulator.json") }
func logFile(stateDir string) string   { return filepath.Join(stateDir, "emulator.log") }

// lastLines gives the end of a log for an error message.
func lastLines(file string) string {
	const most = 15
	raw, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
