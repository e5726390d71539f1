package toolchain

import (
	"bytes"
	"context"
	"fmt"
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

// run runs the command, shows its last line of output as the task's detail, and puts the end of the output into the
// error when it fails. A cancelled context stops the command together with every process it has started.
func (c command) run(ctx context.Context, t task) error {
	output := &tail{show: t.detail}
	cmd := c.prepare(ctx)
	cmd.Stdout, cmd.Stderr = output, output
	err := cmd.Run()
	if ctx.Err() != nil {
		// Whatever has not obeyed by now must not go on writing into folders that are about to be removed.
		killGroup(cmd, syscall.SIGKILL)
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, output.text())
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
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
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

func (t *tail) text() string {
	t.add(string(t.partial))
	t.partial = nil
	return strings.Join(t.lines, "\n")
}
