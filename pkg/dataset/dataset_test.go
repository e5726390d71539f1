package dataset

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

const goodDataset = `
name: orders
description: Orders
pipeline: sales
source: {format: csv, path: sales/orders/, options: {header: "true"}}
columns:
  - {name: id, type: bigint, required: true}
  - {name: price, type: "decimal(10,2)"}
key: [id]
partition_by: ["bucket(16, id)", "truncate(10,price)", id]
`

const goodTable = `
name: totals
description: Totals
pipeline: sales
key: [id]
order_by: [id]
`

func files(dataset, table, query string) fstest.MapFS {
	return fstest.MapFS{
		"datasets/orders.yaml":  {Data: []byte(dataset)},
		"analytics/totals.yaml": {Data: []byte(table)},
		"analytics/totals.sql":  {Data: []byte(query)},
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	lake, err := Load(files(goodDataset, goodTable, "SELECT 1 < 2"), DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	pipelines := lake.Pipelines
	if len(pipelines) != 1 || pipelines[0].Name != "sales" || len(pipelines[0].Datasets) != 1 || len(pipelines[0].Tables) != 1 {
		t.Fatalf("got %+v", pipelines)
	}
	manifest, err := pipelines[0].Manifest()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := pipelines[0].Manifest()
	if !bytes.Equal(manifest, again) {
		t.Error("the manifest differs from call to call")
	}
	for _, want := range []string{`"SELECT 1 < 2"`, `"type": "decimal(10,2)"`, `"version": 2`} {
		if !strings.Contains(string(manifest), want) {
			t.Errorf("the manifest has no %s:\n%s", want, manifest)
		}
	}
}

func TestShippedDatasetsAreGood(t *testing.T) {
	t.Parallel()
	lake, err := Load(os.DirFS("../../mpp"), DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	pipelines := lake.Pipelines
	if len(pipelines) != 1 || len(pipelines[0].Datasets) != 5 || len(pipelines[0].Tables) != 3 {
		t.Errorf("got %d pipelines", len(pipelines))
	}
}

// Whatever a file holds, loading ends in pipelines that can be rendered or in an error.
func FuzzLoad(f *testing.F) {
	places := []string{orders, totals, web, standard, "quality/orders.dqdl"}
	for i, file := range places {
		// In the pipeline of the small data set that is loaded with it.
		f.Add([]byte(strings.NewReplacer("sales", "web", "source: orders", "source: visits").Replace(goodLake[file])), uint(i))
	}
	f.Add([]byte(goodDataset), uint(0))
	f.Add([]byte("columns: [*a]"), uint(0))
	f.Add([]byte("name: standard\nextends: standard\n"), uint(3))
	f.Fuzz(func(t *testing.T, raw []byte, place uint) {
		file := places[place%uint(len(places))]
		lake, err := Load(fstest.MapFS{
			"datasets/visits.yaml": {Data: []byte(goodLake["datasets/visits.yaml"])},
			"analytics/totals.sql": {Data: []byte("SELECT 1")},
			file:                   {Data: raw},
		}, DefaultFolders())
		if err != nil {
			return
		}
		for _, p := range lake.Pipelines {
			if _, err := p.Manifest(); err != nil {
				t.Errorf("%s: %q passed, but has no manifest: %v", file, raw, err)
			}
		}
		for name := range lake.Templates {
			if _, err := lake.Templates.Merged(name); err != nil {
				t.Errorf("%s: %q passed, but has no capacity: %v", file, raw, err)
			}
		}
	})
}

// goldenManifest is read by mpp/jobs/tests/test_manifest_contract.py, too: both sides mean the same by it.
const goldenManifest = "testdata/manifest.json"

var update = flag.Bool("update", false, "write "+goldenManifest+" anew")

func TestManifestIsWhatTheJobsRead(t *testing.T) {
	t.Parallel()
	lake, err := Load(lakeFiles(nil), DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	got, err := lake.Pipelines[0].Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(goldenManifest, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenManifest)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the manifest is not %s (-update writes it; raise manifestVersion if jobs cannot read both), error %v:\n%s",
			goldenManifest, err, got)
	}
}
