package scan

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
)

// run gives what a program wrote to its standard output.
func run(ctx context.Context, folder string, variables []string, args ...string) ([]byte, error) {
	var problems bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), variables...)
	cmd.Stderr = &problems
	output, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(lastLines(problems.String())))
	}
	return output, nil
}

// lastLines is where a program says why it failed.
func lastLines(output string) string {
	const most = 15
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
