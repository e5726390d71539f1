package toolchain

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
}

// detail says what the task is doing right now.
func (t task) detail(text string) { t.progress.Detail(t.name, text) }

// line says something to keep.
func (t task) line(text string) { t.progress.Line(t.name, text) }
