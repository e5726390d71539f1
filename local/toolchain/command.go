package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// stopGrace is how long a stopped command may take to clean up before it is killed.
	stopGrace = 5 * time.Second
	// tailLines is how much of a failed command's output its error shows.
	tailLines = 15
)

// command is a program to run.
type command struct {
	dir  string
	env  []string // added to this process's own
	args []string
}

// run runs the command, shows its last line of output as the task's detail and keeps all of it in the task's log. A
// cancelled context stops the command together with every process it has started.
func (c command) run(ctx context.Context, t task) error {
	log, err := t.openLog()
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer log.Close()
	fmt.Fprintf(log, "$ %s\n", strings.Join(c.args, " "))

	output := &tail{show: t.detail}
	cmd := c.prepare(ctx)
	cmd.Stdout = io.MultiWriter(output, log)
	cmd.Stderr = cmd.Stdout
	err = cmd.Run()
	if ctx.Err() != nil {
		// Whatever has not obeyed by now must not go on writing into folders that are about to be removed.
		_ = killGroup(cmd, syscall.SIGKILL) // fails when all have obeyed
		return context.Cause(ctx)
	}
	if err != nil {
		return &commandError{command: c.args, cause: err, lines: output.last(), log: log.Name()}
	}
	return nil
}

// output runs a short command and gives what it printed, standard error included: some programs tell their version
// there.
func (c command) output(ctx context.Context) (string, error) {
	cmd := c.prepare(ctx)
	printed, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(printed)), err
}

func (c command) prepare(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...) //nolint:gosec // running tools is its purpose
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.ExtraFiles = heldLocks(ctx)
	// A group of its own, so that compilers go with the go command that started them.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd, syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	return cmd
}

func killGroup(cmd *exec.Cmd, signal syscall.Signal) error {
	if cmd.Process == nil {
		return nil
	}
	return syscall.Kill(-cmd.Process.Pid, signal)
}

// commandError is a failed command with the end of its output, where the reason is.
type commandError struct {
	command []string
	cause   error
	lines   []string
	log     string
}

// Error is several lines long: what the command printed helps most.
func (e *commandError) Error() string {
	return fmt.Sprintf("%s: %v\n%s\nwhole output: %s",
		strings.Join(e.command, " "), e.cause, strings.Join(e.lines, "\n"), e.log)
}

// Unwrap gives the reason why the command counts as failed.
func (e *commandError) Unwrap() error { return e.cause }

// tail keeps the last lines written to it and shows each as it comes.
type tail struct {
	show    func(string)
	partial []byte
	lines   []string
}

// Write implements io.Writer. A carriage return ends a line too: progress bars use it.
func (t *tail) Write(data []byte) (int, error) {
	t.partial = append(t.partial, data...)
	for {
		end := bytes.IndexAny(t.partial, "\r\n")
		if end < 0 {
			return len(data), nil
		}
		t.add(string(t.partial[:end]))
		t.partial = t.partial[end+1:]
	}
}

func (t *tail) add(line string) {
	line = strings.TrimSpace(line)
	if line == "" {
		return
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
	t.show(line)
}

// last gives the lines that were kept, with one that has no end yet.
func (t *tail) last() []string {
	t.add(string(t.partial))
	t.partial = nil
	return t.lines
}
