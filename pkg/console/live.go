package console

import (
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// live keeps a row for each task at the bottom of the terminal; lines scroll above them.
type live struct {
	program *tea.Program
	done    chan struct{}
}

// The messages of the live view, one for each call of Console.
type (
	startMsg  struct{ task string }
	detailMsg struct{ task, detail string }
	lineMsg   struct{ task, text string }
	finishMsg struct {
		task, result string
		err          error
	}
	tickMsg time.Time
)

func newLive(out io.Writer) *live {
	// Ctrl-C stays a signal, which the command handles: the view must not swallow it.
	l := &live{
		program: tea.NewProgram(&rows{}, tea.WithOutput(out), tea.WithInput(nil), tea.WithoutSignalHandler()),
		done:    make(chan struct{}),
	}
	go func() {
		defer close(l.done)
		_, _ = l.program.Run() // a view that cannot draw is no reason to fail a deployment
	}()
	return l
}

func (l *live) Start(task string)          { l.program.Send(startMsg{task}) }
func (l *live) Detail(task, detail string) { l.program.Send(detailMsg{task, detail}) }
func (l *live) Line(task, text string)     { l.program.Send(lineMsg{task, text}) }
func (l *live) Finish(task, result string, err error) {
	l.program.Send(finishMsg{task, result, err})
}

func (l *live) Close() {
	l.program.Quit()
	<-l.done
}

var (
	faint  = lipgloss.NewStyle().Faint(true)
	good   = lipgloss.NewStyle().Foreground(lipgloss.Green)
	bad    = lipgloss.NewStyle().Foreground(lipgloss.Red)
	bold   = lipgloss.NewStyle().Bold(true)
	frames = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
)

type row struct {
	task, detail string
	started      time.Time
	ended        time.Time
	failed       bool
}

// rows is the view's model.
type rows struct {
	all   []*row
	frame int
	width int
}

func tick() tea.Cmd {
	return tea.Tick(100*time.Millisecond, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Init implements tea.Model.
func (r *rows) Init() tea.Cmd { return tick() }

// Update implements tea.Model.
func (r *rows) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case tickMsg:
		r.frame++
		return r, tick()
	case tea.WindowSizeMsg:
		r.width = m.Width
	case startMsg:
		r.all = append(r.all, &row{task: m.task, started: time.Now()})
	case detailMsg:
		if found := r.find(m.task); found != nil {
			found.detail = m.detail
		}
	case lineMsg:
		return r, tea.Println(faint.Render(fmt.Sprintf("%-12s ", m.task)) + m.text)
	case finishMsg:
		if found := r.find(m.task); found != nil {
			found.ended, found.detail, found.failed = time.Now(), m.result, m.err != nil
		}
	}
	return r, nil
}

// View implements tea.Model.
func (r *rows) View() tea.View {
	var out strings.Builder
	for _, row := range r.all {
		mark, until := frames[r.frame%len(frames)], time.Now()
		if !row.ended.IsZero() {
			mark, until = good.Render("✓"), row.ended
			if row.failed {
				mark = bad.Render("✗")
			}
		}
		line := fmt.Sprintf("%s %s %s %s", mark, bold.Render(fmt.Sprintf("%-12s", row.task)),
			faint.Render(fmt.Sprintf("%8s", elapsed(until.Sub(row.started)))), row.detail)
		if r.width > 0 {
			line = lipgloss.NewStyle().MaxWidth(r.width).Render(line)
		}
		out.WriteString(line + "\n")
	}
	return tea.NewView(out.String())
}

// find gives the latest row of a task that is not finished.
func (r *rows) find(task string) *row {
	for i := len(r.all) - 1; i >= 0; i-- {
		if r.all[i].task == task && r.all[i].ended.IsZero() {
			return r.all[i]
		}
	}
	return nil
}
