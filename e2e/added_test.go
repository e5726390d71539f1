package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// How many blocks "sh add" the pages must have: what a reader types to add data sets.
const fewestAdditions = 8

// TestAddedByFiles adds what the documentation adds to a lake: a first data set, and a second lake of another shape.
// No code is written for either.
func TestAddedByFiles(t *testing.T) {
	lake := newRehearsal(t)
	lake.environment = "local"
	// The tests' own modules are left out of copies, and the example compares with one of them.
	for _, folder := range []string{"examples", filepath.Join("mpp", "jobs", "tests")} {
		if err := os.Symlink(filepath.Join(repository(t), folder), filepath.Join(lake.root, folder)); err != nil {
			t.Fatal(err)
		}
	}
	// With IAM enforced the new pipelines work with the rights that follow from their files.
	lake.run(t, 0, "local", "up", "--enforce-iam")
	lake.runDocs(t, "sh add", fewestAdditions)
	if t.Failed() {
		return
	}
	report := lake.deploy(t, "up")
	lake.expectNoChanges(t, report)
	lake.run(t, 0, "destroy", "--delete-data")
	lake.checkEmpty(t)
}
