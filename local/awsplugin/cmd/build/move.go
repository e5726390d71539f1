package main

import (
	"errors"
	"io"
	"os"
)

// move gives a file its final name in one step. The folder may be on another file system, so the content is first
// copied beside the final name.
func move(from, to string) error {
	if err := os.Rename(from, to); err == nil {
		return nil
	}
	partial := to + ".partial"
	if err := copyFile(from, partial); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	if err := os.Rename(partial, to); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return os.Remove(from)
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
