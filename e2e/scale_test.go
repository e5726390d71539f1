package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestScale deploys lakes of more and more data sets and destroys them again. What it costs must follow the
// pipelines, not the data sets. TARN_SCALE gives the sizes; `make soak` goes to a thousand in twenty pipelines.
func TestScale(t *testing.T) {
	sizes, mostPipelines := []int{2, 40}, 2
	if given := os.Getenv("TARN_SCALE"); given != "" {
		sizes, mostPipelines = nil, 20
		for text := range strings.SplitSeq(given, ",") {
			size, err := strconv.Atoi(text)
			if err != nil {
				t.Fatalf("TARN_SCALE: %v", err)
			}
			sizes = append(sizes, size)
		}
	}
	type cost struct {
		resources int
		state     int64
	}
	perPipeline := map[int][]cost{} // by number of pipelines: what each size took
	for _, size := range sizes {
		step(t, fmt.Sprintf("%d data sets", size), func(t *testing.T) {
			lake := newGoverned(t)
			pipelines := min(size, mostPipelines)
			lake.generate(t, size, pipelines)
			lake.run(t, 0, "local", "up")
			var took cost
			for _, command := range [][]string{
				{"up", "--project", "bootstrap", "--project", "datalake"}, {"preview", "--project", "mpp"}, {"up"}, {"up"},
				{"destroy", "--delete-data"},
			} {
				report, peak := lake.measured(t, command...)
				changes := report.Stacks[len(report.Stacks)-1].Changes
				if command[0] == "destroy" {
					changes = report.Stacks[0].Changes
				}
				t.Logf("%d data sets, %d pipelines: tarn %s: %.1f s, %d MB, mpp %v, state %d kB",
					size, pipelines, strings.Join(command, " "), report.Seconds, peak>>20, changes, lake.stateSize(t)>>10)
				if changes["create"] > 0 && command[0] == "up" && len(command) == 1 {
					took = cost{changes["create"], lake.stateSize(t)}
				} else if len(command) == 1 {
					lake.expectNoChanges(t, report)
				}
			}
			lake.checkEmpty(t)
			perPipeline[pipelines] = append(perPipeline[pipelines], took)
		})
	}
	for pipelines, costs := range perPipeline {
		first := costs[0]
		// The state has the names of the data sets, in the outputs, and nothing else of them.
		if slices.ContainsFunc(costs, func(c cost) bool { return c.resources != first.resources || c.state > first.state*5/4 }) {
			t.Errorf("%d pipelines took %+v: resources and state must not grow with the data sets", pipelines, costs)
		}
	}
}

// generate replaces the data sets of the lake.
func (l *lake) generate(t *testing.T, datasets, pipelines int) {
	t.Helper()
	folder := filepath.Join(l.root, "mpp")
	for _, old := range []string{"datasets", "analytics", "pipelines", "quality"} {
		if err := os.RemoveAll(filepath.Join(folder, old)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(folder, old), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(name)), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("quality/generated.dqdl", "Rules = [\n  RowCount > 0,\n  IsPrimaryKey \"id\"\n]\n")
	for i := range datasets {
		var columns strings.Builder
		for column := range 19 {
			fmt.Fprintf(&columns, "  - {name: value_%d, type: double, description: Measured value %d.}\n", column, column)
		}
		pipeline := fmt.Sprintf("team_%02d", i%pipelines)
		write(fmt.Sprintf("datasets/measurements_%04d.yaml", i), fmt.Sprintf(`name: measurements_%04d
description: Generated data set %d.
pipeline: %s
source: {format: csv, path: %s/measurements_%04d/, options: {header: "true"}}
columns:
  - {name: id, type: bigint, required: true, description: The key.}
%skey: [id]
quality: generated
`, i, i, pipeline, pipeline, i, columns.String()))
	}
	for i := range pipelines {
		write(fmt.Sprintf("analytics/totals_%02d.yaml", i),
			fmt.Sprintf("name: totals_%02d\ndescription: Totals.\npipeline: team_%02d\nkey: [id]\n", i, i))
		write(fmt.Sprintf("analytics/totals_%02d.sql", i),
			fmt.Sprintf("SELECT id, sum(value_0) AS total FROM measurements_%04d GROUP BY id\n", i))
	}
}

// measured runs a command and gives the most memory that it and the processes below it held at one time.
func (l *lake) measured(t *testing.T, args ...string) (report deployReport, peak int64) {
	t.Helper()
	command := l.command(args...)
	var out, problems strings.Builder
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
				peak = max(peak, memory(command.Process.Pid))
			}
		}
	})
	err := command.Wait()
	close(done)
	watching.Wait()
	if err != nil {
		t.Fatalf("tarn %v: %v\n%s\n%s", args, err, out.String(), problems.String())
	}
	decode(t, out.String(), &report)
	return report, peak
}

// memory gives the bytes that a process and all those below it hold; a process that has just ended holds none.
func memory(pid int) int64 {
	total := int64(0)
	if fields := strings.Fields(fileText(fmt.Sprintf("/proc/%d/statm", pid))); len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64) // the kernel writes numbers
		total += pages * int64(os.Getpagesize())
	}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // only a bad pattern is an error
	for _, task := range tasks {
		for child := range strings.FieldsSeq(fileText(task)) {
			if number, err := strconv.Atoi(child); err == nil {
				total += memory(number)
			}
		}
	}
	return total
}

func fileText(name string) string {
	content, _ := os.ReadFile(name) // may be gone
	return string(content)
}

// stateSize gives the bytes of the mpp stack's state, without its history.
func (l *lake) stateSize(t *testing.T) int64 {
	t.Helper()
	size := int64(0)
	err := fs.WalkDir(os.DirFS(l.state), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(name, ".pulumi/stacks/mpp/") {
			return err
		}
		if base := filepath.Base(name); base != "local.json" && base != "local.json.gz" {
			return nil
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
