package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Scanners says where the interpreters of the security scanners' environments are.
type Scanners struct {
	Checkov string
	Prowler string
}

// scanner is a virtual environment with one security scanner: what the two ask for contradicts each other, and what
// the emulator has.
type scanner struct {
	paths Paths
	name  string
	note  string
	pip   []string // further options
}

func checkov(paths Paths) scanner {
	return scanner{paths: paths, name: "checkov", note: "checkov judges the resources: about 1 minute, 300 MB, once"}
}

func prowler(paths Paths) scanner {
	return scanner{
		paths: paths, name: "prowler", note: "prowler judges the deployed account: about 1 minute, 250 MB, once",
		// Of what prowler asks for, the file lists what its checks of AWS need.
		pip: []string{"--no-deps"},
	}
}

// scannerStatuses reports on the scanners. Only a scan needs them, so that Ensure does not make them.
func scannerStatuses(ctx context.Context, paths Paths) []Status {
	var found []Status
	for _, s := range []scanner{checkov(paths), prowler(paths)} {
		status := s.find(ctx)
		status.Optional = true
		found = append(found, status)
	}
	return found
}

// EnsureScanners makes the scanners' environments unless they are there.
func EnsureScanners(ctx context.Context, paths Paths, progress Progress) (Scanners, error) {
	for _, s := range []scanner{checkov(paths), prowler(paths)} {
		if !s.find(ctx).Missing() {
			continue
		}
		if err := s.make(ctx, progress); err != nil {
			return Scanners{}, fmt.Errorf("making %s: %w", s.name, err)
		}
	}
	return Scanners{Checkov: venvPython(checkov(paths).dir()), Prowler: venvPython(prowler(paths).dir())}, nil
}

func (s scanner) find(context.Context) Status {
	absent := func(detail string) Status {
		status := missing(s.name, s.version(), detail)
		status.Fix += " --scan"
		return status
	}
	f, err := s.target()
	if err != nil {
		return absent(err.Error())
	}
	if !f.ready() {
		return absent("not made for the present requirements, or its interpreter is gone")
	}
	return Status{Name: s.name, Version: s.version(), Path: venvPython(f.dir), Origin: f.origin}
}

func (s scanner) make(ctx context.Context, progress Progress) (err error) {
	t := s.paths.task(progress, "make the environment of "+s.name, s.name)
	progress.Start(t.name)
	defer func() { progress.Finish(t.name, s.dir(), err) }()

	f, err := s.target()
	if err != nil {
		return err
	}
	f.fill = func(ctx context.Context, dir string) error {
		t.line(s.note)
		return s.paths.fillVenv(ctx, t, dir, s.requirements(), s.pip...)
	}
	return s.paths.install(ctx, t, f)
}

func (s scanner) target() (folder, error) {
	digest, err := fileDigest(s.requirements())
	if err != nil {
		return folder{}, err
	}
	return folder{
		name: s.name, dir: s.dir(), inputs: digest, origin: Registry, inPlace: true,
		needs: []string{venvPython(s.dir())},
	}, nil
}

// dir is the environment for the present requirements.
func (s scanner) dir() string {
	digest, err := fileDigest(s.requirements())
	if err != nil {
		digest = "no-requirements"
	}
	return filepath.Join(s.paths.Cache, "scanners", s.name+"-"+digest[:min(len(digest), 16)])
}

func (s scanner) requirements() string {
	return s.paths.local(s.name + "-requirements.txt")
}

// version is the one that the requirements pin.
func (s scanner) version() string {
	content, err := os.ReadFile(s.requirements())
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(content) {
		if pinned, ok := strings.CutPrefix(string(line), s.name+"=="); ok {
			return strings.TrimRight(strings.TrimSpace(pinned), ` \`)
		}
	}
	return ""
}
