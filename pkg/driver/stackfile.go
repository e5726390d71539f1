package driver

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// secretsKeys are what Pulumi writes into a stack file about the encryption of its secrets.
var secretsKeys = []string{"secretsprovider:", "encryptedkey:", "encryptionsalt:"}

// forgetSecrets removes from a stack file what belongs to a stack that is gone: its data key is encrypted
// with a KMS key that is to be deleted, and a new stack of the name could not be made with it.
func forgetSecrets(folder, environment string) error {
	file := stackFile(folder, environment)
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(content)) {
		if !slices.ContainsFunc(secretsKeys, func(key string) bool { return strings.HasPrefix(line, key) }) {
			kept.WriteString(line)
		}
	}
	if kept.Len() == len(content) {
		return nil
	}
	return replaceFile(file, kept.String(), 0o644)
}

// replaceFile writes a file in one step, so that being killed leaves the old or the new one.
func replaceFile(file, content string, mode os.FileMode) error {
	draft := file + ".tarn"
	if err := os.WriteFile(draft, []byte(content), mode); err != nil {
		return err
	}
	return os.Rename(draft, file)
}
