package dataset

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// generated is a lake of many data sets in a twentieth as many pipelines.
func generated(datasets int) fstest.MapFS {
	files := fstest.MapFS{}
	var columns strings.Builder
	for i := range 19 {
		fmt.Fprintf(&columns, "  - {name: value_%d, type: double, description: Value %d.}\n", i, i)
	}
	for i := range datasets {
		pipeline := fmt.Sprintf("team_%03d", i%max(datasets/50, 1))
		files[fmt.Sprintf("datasets/d_%05d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"name: d_%05d\npipeline: %s\nsource: {format: csv, path: %s/d_%05d/}\ncolumns:\n  - {name: id, type: bigint}\n%skey: [id]\n",
			i, pipeline, pipeline, i, columns.String())}
	}
	return files
}

func BenchmarkLoad(b *testing.B) {
	for _, count := range []int{10, 100, 1000, 5000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			files := generated(count)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(files, DefaultFolders()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
