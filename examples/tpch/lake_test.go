// Package tpch checks the lake of this folder as a deployment would.
package tpch

import (
	"os"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// TestTheFilesAreALake loads the files with the code of the deployment, which refuses what AWS or a job would.
func TestTheFilesAreALake(t *testing.T) {
	lake, err := dataset.Load(os.DirFS("."), dataset.DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	if len(lake.Pipelines) != 1 {
		t.Fatalf("%d pipelines, want one", len(lake.Pipelines))
	}
	pipeline := lake.Pipelines[0]
	if len(pipeline.Datasets) != 8 || len(pipeline.Rulesets) != 2 {
		t.Errorf("%d data sets and %d rulesets, want 8 and 2", len(pipeline.Datasets), len(pipeline.Rulesets))
	}
	questions := map[string]bool{}
	for _, table := range pipeline.Tables {
		number, _, _ := strings.Cut(table.Name, "_")
		questions[number] = true
	}
	if len(questions) != 22 {
		t.Errorf("tables for %d questions, want 22", len(questions))
	}
	if _, err := pipeline.Manifest(); err != nil {
		t.Error(err)
	}
}
