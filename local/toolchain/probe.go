package toolchain

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// probeLimit is generous because the first start of a big program from a cold disk is slow.
const probeLimit = 30 * time.Second

// probe is what a program said about itself, and how its file looked then.
type probe struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Said     string    `json:"said"`
}

// probing keeps the goroutines of this process from overwriting each other's answers in the file. Another process may
// still do so, which costs a question more.
var probing sync.Mutex

// ask runs a short command, such as one that prints a version, unless the same file has answered it before. Some
// programs take half a second to answer, and every use of the local environment would pay for it.
func (p Paths) ask(ctx context.Context, c command) (string, error) {
	program := c.args[0]
	info, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	question := strings.Join(c.args, " ")
	if known, ok := p.readProbes()[question]; ok && known.Size == info.Size() && known.Modified.Equal(info.ModTime()) {
		return known.Said, nil
	}
	ctx, stop := context.WithTimeout(ctx, probeLimit)
	defer stop()
	said, err := c.output(ctx)
	// A script may be a version manager's, which runs now this program and now that one.
	if err == nil && !isScript(program) {
		p.remember(question, probe{Size: info.Size(), Modified: info.ModTime(), Said: said})
	}
	return said, err
}

func (p Paths) probeFile() string { return filepath.Join(p.Cache, "probes.json") }

// readProbes gives the known answers; an unreadable file is an empty one.
func (p Paths) readProbes() map[string]probe {
	known := map[string]probe{}
	content, err := os.ReadFile(p.probeFile())
	if err != nil || json.Unmarshal(content, &known) != nil {
		return map[string]probe{}
	}
	return known
}

// remember adds an answer to the file, if there is a cache yet. When that fails the question is only asked again.
func (p Paths) remember(question string, answer probe) {
	probing.Lock()
	defer probing.Unlock()
	known := p.readProbes()
	known[question] = answer
	if content, err := json.MarshalIndent(known, "", "  "); err == nil {
		_ = writeAtomically(p.probeFile(), append(content, '\n'))
	}
}

func isScript(program string) bool {
	file, err := os.Open(program)
	if err != nil {
		return false
	}
	defer file.Close()
	var start [2]byte
	_, err = io.ReadFull(file, start[:])
	return err == nil && bytes.Equal(start[:], []byte("#!"))
}
