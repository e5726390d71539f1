package toolchain

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Progress shows what goes on. It is a part of console.Console, which also says how long a task has been silent.
type Progress interface {
	Start(task string)
	Detail(task, detail string)
	Line(task, text string)
	Finish(task, result string, err error)
}

// task is one piece of work to show.
type task struct {
	progress Progress
	name     string
	log      string // file that gets all output of the commands
}

// task describes work whose commands write to that log of the cache.
func (p Paths) task(progress Progress, name, log string) task {
	return task{progress: progress, name: name, log: p.logFile(log)}
}

// detail says what the task is doing right now.
func (t task) detail(text string) { t.progress.Detail(t.name, text) }

// line says something to keep.
func (t task) line(text string) { t.progress.Line(t.name, text) }

// clearLog forgets what an earlier attempt wrote.
func (t task) clearLog() error {
	if err := os.Remove(t.log); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (t task) openLog() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(t.log), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(t.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}
