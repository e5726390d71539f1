package lease

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"time"
)

// gitLimit bounds the question for the commit: no deployment waits for a slow disk to fill in a name.
const gitLimit = 2 * time.Second

// Owner says who holds a lease, for people who find it taken and for the proof that it died.
type Owner struct {
	User    string `json:"user"`  // the person, as the CI system or this machine names them
	Login   string `json:"login"` // the account of this machine the process runs as
	Host    string `json:"host"`
	PID     int    `json:"pid"`
	RunURL  string `json:"runUrl,omitempty"`  // of the CI job
	Commit  string `json:"commit,omitempty"`  // of the programs that are deployed
	Command string `json:"command,omitempty"` // such as "tarn up"

	// Machine and Started tell the process from one of the same number on another machine, in another
	// container, after a reboot or later. Both are empty where /proc does not tell them.
	Machine string `json:"machine,omitempty"`
	Started string `json:"started,omitempty"`
}

// CurrentOwner describes this process. On GitHub Actions and GitLab it names the person who started
// the job and the job's address. What cannot be found is left empty: a missing name is no reason not
// to deploy.
func CurrentOwner(ctx context.Context, command string) Owner {
	o := Owner{
		User:    firstVariable("GITHUB_ACTOR", "GITLAB_USER_LOGIN"),
		PID:     os.Getpid(),
		RunURL:  runURL(),
		Commit:  firstVariable("GITHUB_SHA", "CI_COMMIT_SHA"),
		Command: command,
		Machine: thisMachine(),
	}
	o.Host, _ = os.Hostname()
	if process, ok := readProcess(o.PID); ok {
		o.Started = process.started
	}
	if u, err := user.Current(); err == nil {
		o.Login = u.Username
	}
	if o.User == "" {
		o.User = o.Login
	}
	if o.Commit == "" {
		o.Commit = headCommit(ctx)
	}
	return o
}

// String gives, for example, "alice@laptop (process 4242, tarn up)".
func (o Owner) String() string {
	what := fmt.Sprintf("process %d", o.PID)
	if o.Command != "" {
		what += ", " + o.Command
	}
	return fmt.Sprintf("%s@%s (%s)", o.User, o.Host, what)
}

func runURL() string {
	server, repository, run := os.Getenv("GITHUB_SERVER_URL"), os.Getenv("GITHUB_REPOSITORY"), os.Getenv("GITHUB_RUN_ID")
	if server != "" && repository != "" && run != "" {
		return server + "/" + repository + "/actions/runs/" + run
	}
	return os.Getenv("CI_JOB_URL")
}

func firstVariable(names ...string) string {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}

func headCommit(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, gitLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
