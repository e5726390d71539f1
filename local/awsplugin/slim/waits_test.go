package slim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCopyShortensOnlyTheWaits(t *testing.T) {
	target := filepath.Join(t.TempDir(), "slim")
	if _, err := Copy(fixture, target, []string{"s3"}); err != nil {
		t.Fatal(err)
	}
	for file, pauses := range map[string][]string{
		"internal/service/s3/bucket_lifecycle_configuration.go": {"5 * time.Second", "10 * time.Second"},
		"internal/service/s3/bucket_versioning.go":              {"1 * time.Second"},
		"internal/service/s3/s3.go":                             nil,
	} {
		want := read(t, filepath.Join(fixture, file))
		for _, pause := range pauses {
			want = strings.Replace(want, pause, "100 * time.Millisecond /* upstream: "+pause+" */", 1)
		}
		if got := read(t, filepath.Join(target, file)); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", file, got, want)
		}
	}
}

func TestShortenFailsWhenTheCodeIsNotTheExpectedOne(t *testing.T) {
	w := wait{"internal/service/s3/wait.go", "waitReady", "MinTimeout", "10 * time.Second"}
	for name, test := range map[string]struct{ code, problem string }{
		"another value":     {"func waitReady() any { return conf{MinTimeout: 5 * time.Second} }", "MinTimeout of waitReady is 5 * time.Second"},
		"no such field":     {"func waitReady() any { return conf{Delay: 10 * time.Second} }", "waitReady has 0 pauses named MinTimeout"},
		"several fields":    {"func waitReady() any { return []conf{{MinTimeout: 1}, {MinTimeout: 2}} }", "waitReady has 2 pauses named MinTimeout"},
		"no such function":  {"func waitOther() any { return conf{MinTimeout: 10 * time.Second} }", "waitReady has 0 pauses named MinTimeout"},
		"not a Go file":     {"func waitReady(", "internal/service/s3/wait.go:2"},
		"constant unset":    {"func waitReady() { var MinTimeout time.Duration }", "waitReady has 0 pauses named MinTimeout"},
		"already shortened": {"func waitReady() any { return conf{MinTimeout: " + shortPause + "} }", "MinTimeout of waitReady is " + shortPause},
		"only in a comment": {"func waitReady() any { return conf{ /* MinTimeout: 10 * time.Second */ } }", "waitReady has 0 pauses named MinTimeout"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.shorten([]byte("package s3\n" + test.code + "\n"))
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error %v, want one with %q", err, test.problem)
			}
		})
	}
}

func TestCopyFailsWhenTheFileOfAWaitIsGone(t *testing.T) {
	source := filepath.Join(t.TempDir(), "provider")
	if err := os.CopyFS(source, os.DirFS(fixture)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(source, "internal/service/s3/bucket_versioning.go")); err != nil {
		t.Fatal(err)
	}
	_, err := Copy(source, filepath.Join(t.TempDir(), "slim"), []string{"s3"})
	if err == nil || !strings.Contains(err.Error(), "waitForBucketVersioningStatus") {
		t.Errorf("error %v, want one that names waitForBucketVersioningStatus", err)
	}
}
