package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// stopGrace is how long Pulumi may take to finish the calls under way after it was told to stop.
// Killed before, it would leave resources that its state does not know.
const stopGrace = 2 * time.Minute

// pulumiCommand runs the Pulumi command line in a process group of its own. Without that, Ctrl-C
// reaches it twice, from the terminal and from us, and the second signal means "do not clean up".
type pulumiCommand struct {
	path    string
	version semver.Version
}

var _ auto.PulumiCommand = pulumiCommand{}

// findPulumi looks for the command line on the search path. Older versions than the Automation API
// supports are refused.
func findPulumi() (pulumiCommand, error) {
	found, err := auto.NewPulumiCommand(nil)
	if err != nil {
		return pulumiCommand{}, fmt.Errorf("looking for the Pulumi command line (see `tarn doctor`): %w", err)
	}
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return pulumiCommand{}, fmt.Errorf("looking for the Pulumi command line (see `tarn doctor`): %w", err)
	}
	return pulumiCommand{path: path, version: found.Version()}, nil
}

// Version implements auto.PulumiCommand.
func (p pulumiCommand) Version() semver.Version {
	return p.version
}

// Run implements auto.PulumiCommand.
func (p pulumiCommand) Run(
	ctx context.Context, folder string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, p.path, append(args, "--non-interactive")...)
	cmd.Dir = folder
	cmd.Stdin = stdin
	cmd.Stdout = io.MultiWriter(append(stdout, &out)...)
	cmd.Stderr = io.MultiWriter(append(stderr, &problems)...)
	cmd.Env = append(append(os.Environ(), env...), "PULUMI_AUTOMATION_API=true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopGrace
	err := cmd.Run()
	code := -1
	if cmd.ProcessState != nil {
		code = cmd.ProcessState.ExitCode()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return out.String(), problems.String(), code, fmt.Errorf("running %s: %w", p.path, err)
	}
	return out.String(), problems.String(), code, err
}
