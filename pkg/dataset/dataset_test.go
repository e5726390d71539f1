package dataset

import (
	"bytes"
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
		"datasets/orders.yaml": {Data: []byte(dataset)},
		"analytics/totals.yaml":   {Data: []byte(table)},
		"analytics/totals.sql":    {Data: []byte(query)},
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

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	with := func(old, replacement string) string { return strings.Replace(goodDataset, old, replacement, 1) }
	tests := map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"unknown field":     {files(with("key:", "keys:"), goodTable, "x"), []string{"datasets/orders.yaml", "keys", "[9:1]"}},
		"unknown type":      {files(with("bigint", "number"), goodTable, "x"), []string{`columns[0].type "number" of id: want one of`}},
		"bad column":        {files(with("name: id", "name: Order-ID"), goodTable, "x"), []string{`columns[0].name "Order-ID"`, `there is no column "id"`}},
		"column twice":      {files(with("name: price", "name: id"), goodTable, "x"), []string{`columns[1].name "id" is there twice`}},
		"no key":            {files(with("key: [id]", "key: []"), goodTable, "x"), []string{"key: name the columns"}},
		"unknown key":       {files(with("key: [id]", "key: [nr]"), goodTable, "x"), []string{`key: there is no column "nr"`}},
		"unknown option":    {files(with(`header: "true"`, `header: "true", quote: x`), goodTable, "x"), []string{"source.options.quote: want one of"}},
		"no header":         {files(with(`header: "true"`, `sep: ";"`), goodTable, "x"), []string{"source.options.header"}},
		"unknown transform": {files(with(`"bucket(16, id)"`, "weeks(id)"), goodTable, "x"), []string{`partition_by[0] "weeks(id)"`}},
		"unknown partition": {files(with(`(16, id)`, "(4, nr)"), goodTable, "x"), []string{`partition_by[0] "bucket(4, nr)"`}},
		"absolute path":     {files(with("sales/orders/", "/orders/"), goodTable, "x"), []string{`source.path "/orders/"`}},
		"path out of zone":  {files(with("sales/orders/", "../x/"), goodTable, "x"), []string{`source.path "../x/"`}},
		"unknown format":    {files(with("format: csv", "format: xls"), goodTable, "x"), []string{`source.format "xls"`}},
		"other name":        {files(with("name: orders", "name: order"), goodTable, "x"), []string{`name "order": want "orders"`}},
		"table alone":       {files(goodDataset, strings.Replace(goodTable, "sales", "other", 1), "x"), []string{`pipeline "other" has tables but no data set`}},
		"empty query":       {files(goodDataset, goodTable, " \n"), []string{"analytics/totals.yaml: the query file totals.sql is empty"}},
		"query is missing":  {fstest.MapFS{"analytics/totals.yaml": {Data: []byte(goodTable)}}, []string{"analytics/totals.yaml: its query"}},
		"not YAML":          {files(":\n -", goodTable, "x"), []string{"datasets/orders.yaml"}},
		"all at once":       {files(with("bigint", "number"), goodTable, ""), []string{"orders.yaml", "totals.yaml"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(test.files, DefaultFolders())
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v\nhas no %q", err, want)
				}
			}
		})
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

// Whatever a file holds, loading ends in a data set that can be rendered or in an error.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(goodDataset))
	f.Add([]byte("columns: [*a]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lake, err := Load(fstest.MapFS{"datasets/orders.yaml": {Data: raw}}, DefaultFolders())
		if err != nil {
			return
		}
		for _, p := range lake.Pipelines {
			if _, err := p.Manifest(); err != nil {
				t.Errorf("%q passed, but has no manifest: %v", raw, err)
			}
		}
	})
}
