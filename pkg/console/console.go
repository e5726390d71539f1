// Package console shows how long work goes on: rows that change on a terminal, plain lines
// everywhere else.
package console

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Console shows tasks. Its methods may be called from several goroutines.
type Console interface {
	// Start shows a task as under way.
	Start(task string)
	// Detail says what the task is doing right now; empty for nothing in particular.
	Detail(task, detail string)
	// Line keeps a line of the task's output.
	Line(task, text string)
	// Finish shows the task's result; err nil means success.
	Finish(task, result string, err error)
	// Close stops showing. It must be called before anything else is printed.
	Close()
}

// New gives a live console when out is a terminal, and one that prints lines otherwise.
func New(out io.Writer) Console {
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		return newLive(out)
	}
	return Plain(out)
}

// Plain gives a console that prints lines whatever out is.
func Plain(out io.Writer) Console {
	return newPlain(out, heartbeat)
}

// heartbeat is how often a plain console says that a silent task is still alive: build systems stop
// a job that prints nothing for some minutes, and people give up sooner.
const heartbeat = 30 * time.Second

// plain prints one line for each thing that happens.
type plain struct {
	mu     sync.Mutex
	out    io.Writer
	tasks  map[string]*plainTask
	stop   chan struct{}
	closed sync.Once
}

type plainTask struct {
	started, spoke time.Time
	detail         string
}

func newPlain(out io.Writer, beat time.Duration) *plain {
	p := &plain{out: out, tasks: map[string]*plainTask{}, stop: make(chan struct{})}
	go p.beat(beat)
	return p
}

func (p *plain) beat(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-ticker.C:
			p.mu.Lock()
			for name, task := range p.tasks {
				if now.Sub(task.spoke) >= every {
					p.print(name, "still working"+after(task.detail)+" ("+elapsed(now.Sub(task.started))+")")
				}
			}
			p.mu.Unlock()
		}
	}
}

func (p *plain) Start(task string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tasks[task] = &plainTask{started: time.Now(), spoke: time.Now()}
	p.print(task, "started")
}

func (p *plain) Detail(task, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.tasks[task]; t != nil {
		t.detail = detail
	}
}

func (p *plain) Line(task, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(task, text)
}

func (p *plain) Finish(task, result string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	word := "done"
	if err != nil {
		word = "failed"
	}
	took := ""
	if t := p.tasks[task]; t != nil {
		took = " in " + elapsed(time.Since(t.started))
	}
	p.print(task, word+took+after(result))
	delete(p.tasks, task)
}

func (p *plain) Close() {
	p.closed.Do(func() { close(p.stop) })
}

func (p *plain) print(task, text string) {
	if t := p.tasks[task]; t != nil {
		t.spoke = time.Now()
	}
	fmt.Fprintf(p.out, "%-12s %s\n", task, text)
}

func after(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// elapsed is short and does not jump about.
func elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}
