package lease

import (
	"os"
	"os/exec"
	"testing"
)

func TestCurrentOwner(t *testing.T) {
	for _, name := range []string{
		"GITHUB_ACTOR", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_SHA",
		"GITLAB_USER_LOGIN", "CI_JOB_URL", "CI_COMMIT_SHA",
	} {
		t.Setenv(name, "")
	}
	t.Run("by hand", func(t *testing.T) {
		o := CurrentOwner(t.Context(), "tarn up")
		if o.User == "" || o.Host == "" || o.PID != os.Getpid() || o.Command != "tarn up" || o.RunURL != "" {
			t.Errorf("%+v", o)
		}
	})
	t.Run("GitHub", func(t *testing.T) {
		t.Setenv("GITHUB_ACTOR", "alice")
		t.Setenv("GITHUB_SERVER_URL", "https://github.com")
		t.Setenv("GITHUB_REPOSITORY", "tarn-data/tarn")
		t.Setenv("GITHUB_RUN_ID", "7")
		t.Setenv("GITHUB_SHA", "abc")
		o := CurrentOwner(t.Context(), "tarn up")
		if o.User != "alice" || o.RunURL != "https://github.com/tarn-data/tarn/actions/runs/7" || o.Commit != "abc" {
			t.Errorf("%+v", o)
		}
	})
	t.Run("GitLab", func(t *testing.T) {
		t.Setenv("GITLAB_USER_LOGIN", "bob")
		t.Setenv("CI_JOB_URL", "https://gitlab.com/tarn-data/tarn/-/jobs/7")
		t.Setenv("CI_COMMIT_SHA", "def")
		o := CurrentOwner(t.Context(), "tarn up")
		if o.User != "bob" || o.RunURL != "https://gitlab.com/tarn-data/tarn/-/jobs/7" || o.Commit != "def" {
			t.Errorf("%+v", o)
		}
	})
	t.Run("outside a repository", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if o := CurrentOwner(t.Context(), "tarn up"); o.Commit != "" || o.PID == 0 {
			t.Errorf("%+v", o)
		}
	})
}

func TestGone(t *testing.T) {
	t.Parallel()
	me := CurrentOwner(t.Context(), "test")
	if me.Machine == "" || me.Started == "" {
		t.Skip("without /proc nothing can be proved")
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	unreaped := exec.Command("cat")
	in, err := unreaped.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := unreaped.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := unreaped.Start(); err != nil {
		t.Fatal(err)
	}
	process, ok := readProcess(unreaped.Process.Pid)
	if !ok {
		t.Fatal("a running process is not there")
	}
	as := func(change func(*Owner)) Owner {
		o := me
		change(&o)
		return o
	}
	child := as(func(o *Owner) { o.PID, o.Started = unreaped.Process.Pid, process.started })
	if child.gone() {
		t.Error("a running child is gone")
	}
	in.Close()
	if _, err := out.Read(make([]byte, 1)); err == nil {
		t.Fatal("cat goes on")
	}
	if !waitUntil(child.gone) {
		t.Error("a child that has ended is not gone before its parent asks")
	}
	if err := unreaped.Wait(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		owner Owner
		gone  bool
	}{
		"this process":                 {me, false},
		"a child after its parent ask": {child, true},
		"a process that has ended":     {as(func(o *Owner) { o.PID = ended.Process.Pid }), true},
		"another took the number":      {as(func(o *Owner) { o.Started = "1" }), true},
		"another host":                 {as(func(o *Owner) { o.Host, o.PID = "elsewhere", ended.Process.Pid }), false},
		"another container or boot":    {as(func(o *Owner) { o.Machine, o.PID = "other", ended.Process.Pid }), false},
		"nothing recorded":             {as(func(o *Owner) { o.Machine, o.Started, o.PID = "", "", ended.Process.Pid }), false},
	}
	for name, test := range tests {
		if got := test.owner.gone(); got != test.gone {
			t.Errorf("%s: gone %v", name, got)
		}
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	rest := " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"
	tests := map[string]struct {
		line string
		want processState
		ok   bool
	}{
		"running":      {"12 (tarn) S" + rest, processState{started: "4711"}, true},
		"zombie":       {"12 (tarn) Z" + rest, processState{started: "4711", dead: true}, true},
		"name of hell": {"12 (a) Z (b) R" + rest, processState{started: "4711"}, true},
		"cut off":      {"12 (tarn) S 1 2", processState{}, false},
		"empty":        {"", processState{}, false},
	}
	for name, test := range tests {
		if got, ok := parseStat(test.line); got != test.want || ok != test.ok {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}
