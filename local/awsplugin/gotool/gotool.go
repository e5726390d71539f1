// Package gotool runs the go command for one module.
package gotool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Module is a Go module in a folder.
type Module struct {
	Folder string
	// Messages gets what the go command says while it works; without it, that becomes part of the error.
	Messages io.Writer
}

// Dependency gives the folder with the source of a module that this one requires, downloading it if need be.
func (m Module) Dependency(modulePath string) (string, error) {
	answer, err := m.Run("mod", "download", "-json", modulePath)
	if err != nil {
		return "", err
	}
	var found struct{ Dir, Error string }
	if err := json.Unmarshal(answer, &found); err != nil {
		return "", fmt.Errorf("reading the answer about %s: %w", modulePath, err)
	}
	if found.Error != "" {
		return "", fmt.Errorf("%s: %s", modulePath, found.Error)
	}
	return found.Dir, nil
}

// Run runs a go command and returns what it prints.
func (m Module) Run(arguments ...string) ([]byte, error) {
	command := exec.Command("go", arguments...)
	command.Dir = m.Folder
	command.Env = environment()
	var out, messages bytes.Buffer
	command.Stdout = &out
	command.Stderr = &messages
	if m.Messages != nil {
		command.Stderr = m.Messages
	}
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(arguments, " "), err, messages.Bytes())
	}
	return out.Bytes(), nil
}

// environment keeps a workspace around this repository, and flags of the user's own, from changing what is built.
// Without cgo a C compiler is not needed.
func environment() []string {
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false", "CGO_ENABLED=0")
}
