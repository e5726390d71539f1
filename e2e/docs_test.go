package e2e

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// How many blocks of each kind the pages must have that are run: without it, a mistake in finding them
// would look like success.
const (
	fewestExamples   = 10 // "sh run", on a local lake that has run its pipeline
	fewestRehearsals = 8  // "sh rehearse", on a rehearsal lake with IAM enforced
)

// shells are the languages of blocks that a reader is to type.
var shells = []string{"sh", "sh run", "sh rehearse", "sh add"}

// runDocs runs the blocks of a kind of every page against this lake, which must be deployed, and leaves it
// as it was. The blocks of a page share one shell, as a reader's would.
//
// The pages say bin/tarn, which may be missing or older than the code; here it becomes tarn, found on
// the PATH as the binary of this test.
func (l *lake) runDocs(t *testing.T, kind string, atLeast int) {
	t.Helper()
	found := 0
	for _, page := range readPages(t, repository(t)) {
		var script strings.Builder
		for _, block := range page.blocks {
			if block.info == kind {
				found++
				fmt.Fprintf(&script, "echo '== %s:%d'\n%s", page.name, block.line, strings.ReplaceAll(block.text, "bin/tarn", "tarn"))
			}
		}
		if script.Len() == 0 {
			continue
		}
		start := time.Now()
		shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script.String())
		shell.Dir = l.root
		shell.Env = append(l.command().Env, "PATH="+filepath.Dir(l.binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
		if out, err := shell.CombinedOutput(); err != nil {
			t.Errorf("%s: %v; the block that failed is the last one named:\n%s", page.name, err, out)
		}
		t.Logf("%s: %.1f s", page.name, time.Since(start).Seconds())
	}
	if found < atLeast {
		t.Errorf("the pages have %d blocks %q, want at least %d", found, kind, atLeast)
	}
}

// repository is the folder of this repository; a lake's root can be a copy of a part of it.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestDocsAgreeWithTheCode needs no emulator.
func TestDocsAgreeWithTheCode(t *testing.T) {
	lake := newLake(t)
	pages := readPages(t, lake.root)

	t.Run("commands and options exist", func(t *testing.T) {
		tarn := lake.readHelp(t)
		for _, page := range pages {
			for _, line := range page.code(append([]string{"", "text"}, shells...)...) {
				for _, call := range tarnCall.FindAllStringSubmatch(line, -1) {
					if problem := tarn.refuses(strings.Fields(call[1])); problem != "" {
						t.Errorf("%s: %q: %s", page.name, strings.TrimSpace(call[0]), problem)
					}
				}
			}
		}
	})
	t.Run("make targets exist", func(t *testing.T) {
		makefile := readFile(t, lake.root, "Makefile")
		for _, page := range pages {
			for _, line := range page.code(append([]string{""}, shells...)...) {
				for _, call := range makeCall.FindAllStringSubmatch(line, -1) {
					if !strings.Contains(makefile, "\n"+call[1]+":") {
						t.Errorf("%s: there is no target %q", page.name, call[1])
					}
				}
			}
		}
	})
	t.Run("variables exist", func(t *testing.T) {
		sources := readSources(t, lake.root)
		for _, page := range pages {
			for _, name := range ownVariable.FindAllString(page.text, -1) {
				if !strings.Contains(sources, name) {
					t.Errorf("%s: nothing reads %s", page.name, name)
				}
			}
		}
	})
	t.Run("links lead somewhere", func(t *testing.T) {
		for _, page := range pages {
			for _, match := range link.FindAllStringSubmatch(page.prose, -1) {
				if problem := deadLink(lake.root, page.name, match[1]); problem != "" {
					t.Errorf("%s: link to %s: %s", page.name, match[1], problem)
				}
			}
		}
	})
	t.Run("Go programs compile", func(t *testing.T) { compileExamples(t, lake.root, pages) })
	t.Run("the tests that the security page names exist", func(t *testing.T) { checkCriteria(t, lake.root) })
	t.Run("the exit codes are those of the program", func(t *testing.T) { checkExitCodes(t, lake) })
	for _, project := range []string{"bootstrap", "datalake", "mpp"} {
		t.Run("settings and outputs of "+project, func(t *testing.T) { checkTables(t, lake.root, project) })
	}
}

var (
	tarnCall    = regexp.MustCompile("(?:^|[\\s\"'(|;&])(?:bin/)?tarn((?: +[^\\s|;&)\"'`]+)*)(?:$|[\\s|;&)\"'`])")
	makeCall    = regexp.MustCompile(`(?:^|[\s(|;&])make ([a-z][a-z0-9-]*)`)
	ownVariable = regexp.MustCompile(`\bTARN_[A-Z_]+\b`)
	link        = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	inlineCode  = regexp.MustCompile("`([^`\n]+)`")
	comment     = regexp.MustCompile(`(?:^|\s)#.*`)
	heading     = regexp.MustCompile(`(?m)^#+ (.*)$`)
	inNoSlug    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// page is a Markdown file.
type page struct {
	name   string // path below the repository
	text   string
	prose  string // without fenced blocks
	blocks []block
}

// block is a fenced block.
type block struct {
	info, text string
	line       int
}

func readPages(t *testing.T, root string) []page {
	t.Helper()
	var pages []page
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", ".tarn", "node_modules"}, entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && path.Ext(name) == ".md":
			pages = append(pages, parsePage(name, readFile(t, root, name)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func parsePage(name, text string) page {
	p := page{name: name, text: text}
	inside := false
	number := 0
	for line := range strings.Lines(text) {
		number++
		info, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && !inside:
			p.blocks = append(p.blocks, block{info: info, line: number + 1})
		case inside && !fence:
			p.blocks[len(p.blocks)-1].text += line
		case !fence:
			p.prose += line
		}
		inside = inside != fence
	}
	return p
}

// code gives the lines of the blocks of some languages, without comments. The language "" is code
// within the text.
func (p page) code(languages ...string) []string {
	var lines []string
	for _, block := range p.blocks {
		if slices.Contains(languages, block.info) {
			for line := range strings.Lines(block.text) {
				lines = append(lines, comment.ReplaceAllString(strings.TrimSpace(line), ""))
			}
		}
	}
	if slices.Contains(languages, "") {
		for _, match := range inlineCode.FindAllStringSubmatch(p.prose, -1) {
			lines = append(lines, match[1])
		}
	}
	return lines
}

// help is what a command's --help says.
type help struct {
	flags    []string
	commands map[string]help
}

var (
	helpCommands = regexp.MustCompile(`(?s)Available Commands:\n(.*?)\n\n`)
	helpCommand  = regexp.MustCompile(`(?m)^  (\S+)`)
	helpFlag     = regexp.MustCompile(`(?m)^ +(?:(-\w), )?(--[a-z-]+)`)
)

func (l *lake) readHelp(t *testing.T, command ...string) help {
	t.Helper()
	text := l.run(t, 0, append(slices.Clone(command), "--help")...)
	h := help{commands: map[string]help{}}
	for _, match := range helpFlag.FindAllStringSubmatch(text, -1) {
		h.flags = append(h.flags, match[1:]...)
	}
	if section := helpCommands.FindStringSubmatch(text); section != nil {
		for _, match := range helpCommand.FindAllStringSubmatch(section[1], -1) {
			if name := match[1]; name != "help" && name != "completion" { // cobra's own
				h.commands[name] = l.readHelp(t, append(slices.Clone(command), name)...)
			}
		}
	}
	return h
}

// refuses says what is wrong with the arguments of a call.
func (h help) refuses(args []string) string {
	for _, arg := range args {
		arg = strings.TrimRight(arg, ".,:")
		if strings.HasPrefix(arg, "-") {
			if name, _, _ := strings.Cut(arg, "="); !slices.Contains(h.flags, name) {
				return "there is no option " + name
			}
			continue
		}
		if len(h.commands) == 0 {
			continue // an argument
		}
		command, found := h.commands[arg]
		if !found {
			return "there is no command " + arg
		}
		h = command
	}
	return ""
}

func deadLink(root, from, target string) string {
	if strings.Contains(target, "://") {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	name := from
	if file != "" {
		name = path.Join(path.Dir(from), file)
	}
	if _, err := os.Stat(filepath.Join(root, name)); err != nil {
		return err.Error()
	}
	if anchor == "" {
		return ""
	}
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return err.Error()
	}
	for _, match := range heading.FindAllStringSubmatch(string(raw), -1) {
		// How GitHub names a heading.
		if strings.ReplaceAll(inNoSlug.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-") == anchor {
			return ""
		}
	}
	return "there is no such heading"
}

// compileExamples compiles the programs among the Go blocks as if they were in this module.
func compileExamples(t *testing.T, root string, pages []page) {
	t.Helper()
	folder := t.TempDir()
	replace := map[string]string{}
	var packages []string
	for _, page := range pages {
		for _, block := range page.blocks {
			if block.info != "go" || !strings.HasPrefix(block.text, "package ") {
				continue
			}
			name := "example" + strconv.Itoa(len(packages))
			file := filepath.Join(folder, name+".go")
			if err := os.WriteFile(file, []byte(block.text), 0o600); err != nil {
				t.Fatal(err)
			}
			replace[filepath.Join(root, "cmd", name, "main.go")] = file
			packages = append(packages, "./cmd/"+name)
		}
	}
	if len(packages) == 0 {
		t.Fatal("the pages have no Go program")
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	compile := exec.CommandContext(t.Context(), "go", // not go build, which would link them too
		append([]string{"list", "-export", "-f", "{{.Name}}", "-overlay", file}, packages...)...)
	compile.Dir = root
	if out, err := compile.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// checkTables compares the tables of a project's README with the Settings struct, the Pulumi.yaml and
// the contract.
func checkTables(t *testing.T, root, project string) {
	t.Helper()
	readme, described := readFile(t, root, project, "README.md"), readFile(t, root, project, "Pulumi.yaml")
	fields := onceEach(fieldsOf(t, root, filepath.Join("program", project), "Settings"))
	if rows := tableRows(readme, "Setting"); !reflect.DeepEqual(rows, fields) {
		t.Errorf("the README has the settings\n%v, the code has\n%v", rows, fields)
	}
	for _, field := range fields {
		for _, name := range regexp.MustCompile(`[A-Za-z]+`).FindAllString(field, -1) {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(described) {
				t.Errorf("Pulumi.yaml does not describe %s of %s", name, field)
			}
		}
	}
	if rows, outputs := tableRows(readme, "Output"), outputsOf(t, root, project); !reflect.DeepEqual(rows, outputs) {
		t.Errorf("the README has the outputs\n%v, the contract has\n%v", rows, outputs)
	}
}

// onceEach puts what can be said again for each pipeline into one row where it has rows of its own already.
func onceEach(fields []string) []string {
	var rows []string
	for _, field := range fields {
		before, rest, inMap := strings.Cut(field, ".*.")
		if group, _, nested := strings.Cut(rest, "."); inMap && nested && slices.Contains(fields, rest) {
			field = before + ".*." + group
		}
		rows = append(rows, field)
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// criteria are the numbers of the acceptance criteria that the security page must show a test for.
var criteria = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39", "40"}

// What a cell of the security page names: a test, perhaps a step of it, and its file.
var namedTest = regexp.MustCompile("^`(\\w+)`(?:, “([^”]+)”,)? in \\[[^\\]]+\\]\\(\\.\\./([^)]+)\\)$")

// checkCriteria looks up each test that docs/security.md names, separated by semicolons.
func checkCriteria(t *testing.T, root string) {
	t.Helper()
	var found []string
	for _, cells := range tableCells(readFile(t, root, "docs", "security.md"), "Criterion") {
		found = append(found, cells[0])
		for _, text := range strings.Split(cells[len(cells)-1], ";") {
			named := namedTest.FindStringSubmatch(strings.TrimSpace(text))
			if named == nil {
				t.Errorf("criterion %s: %q want `TestName` in [file](../file), or `TestName`, “a step”, in …", cells[0], text)
				continue
			}
			test, step, file := named[1], named[2], named[3]
			raw, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				t.Errorf("criterion %s: %v", cells[0], err)
				continue
			}
			source := string(raw)
			if !strings.Contains(source, "\nfunc "+test+"(t *testing.T)") && !strings.Contains(source, "\ndef "+test+"(") {
				t.Errorf("criterion %s: %s has no test %s", cells[0], file, test)
			}
			if step != "" && !strings.Contains(source, strconv.Quote(step)) {
				t.Errorf("criterion %s: %s has no step %q", cells[0], file, step)
			}
		}
	}
	slices.SortFunc(found, func(a, b string) int { return slices.Index(criteria, a) - slices.Index(criteria, b) })
	if !slices.Equal(found, criteria) {
		t.Errorf("the page has the criteria %v, want %v", found, criteria)
	}
}

// exitCode is how `tarn --help` and the README name one: a number and a meaning, before the next one.
var exitCode = regexp.MustCompile(`(?:Exit codes: |, )(\d+) `)

func checkExitCodes(t *testing.T, lake *lake) {
	t.Helper()
	codes := func(text string) []string {
		start := strings.Index(text, "Exit codes: ")
		if start < 0 {
			t.Fatal("there are no exit codes")
		}
		paragraph, _, _ := strings.Cut(text[start:], ".")
		var found []string
		for _, match := range exitCode.FindAllStringSubmatch(strings.Join(strings.Fields(paragraph), " "), -1) {
			found = append(found, match[1])
		}
		return found
	}
	program, page := codes(lake.run(t, 0, "--help")), codes(readFile(t, lake.root, "README.md"))
	if !slices.Equal(program, page) || len(program) < 6 {
		t.Errorf("the README has the exit codes %v, the program %v", page, program)
	}
}

// tableRows gives the first cells of the table with a heading, sorted.
func tableRows(text, heading string) []string {
	var rows []string
	for _, cells := range tableCells(text, heading) {
		rows = append(rows, strings.Trim(cells[0], "`"))
	}
	slices.Sort(rows)
	return rows
}

// tableCells gives the rows of the table with a heading, each as its cells.
func tableCells(text, heading string) [][]string {
	_, table, _ := strings.Cut(text, "\n| "+heading+" |")
	var rows [][]string
	for i, line := range strings.Split(table, "\n") {
		if i > 0 && !strings.HasPrefix(line, "|") {
			break
		}
		if i < 2 { // the heading and its rule
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

// fieldsOf gives the paths of a settings struct by its JSON names, sorted. In a map "*" stands for the
// key, and a list is marked with "[]". The package is a folder below pkg.
func fieldsOf(t *testing.T, root, pkg, name string) []string {
	t.Helper()
	var fields []string
	for _, field := range structOf(t, root, pkg, name).Fields.List {
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		json, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		for _, below := range pathsBelow(t, root, pkg, field.Type) {
			fields = append(fields, json+below)
		}
	}
	slices.Sort(fields)
	return fields
}

// pathsBelow gives what follows a field's name in the paths to its values.
func pathsBelow(t *testing.T, root, pkg string, kind ast.Expr) []string {
	t.Helper()
	name := ""
	switch kind := kind.(type) {
	case *ast.MapType:
		return marked(".*", pathsBelow(t, root, pkg, kind.Value))
	case *ast.StarExpr:
		return pathsBelow(t, root, pkg, kind.X)
	case *ast.ArrayType:
		return marked("[]", pathsBelow(t, root, pkg, kind.Elt))
	case *ast.SelectorExpr: // packages of ours have the name of their folder
		pkg, name = kind.X.(*ast.Ident).Name, kind.Sel.Name
	case *ast.Ident:
		name = kind.Name
	default:
		t.Fatalf("a setting of type %T", kind)
	}
	if structOf(t, root, pkg, name) == nil {
		return []string{""}
	}
	var paths []string
	for _, field := range fieldsOf(t, root, pkg, name) {
		paths = append(paths, "."+field)
	}
	return paths
}

// marked puts a mark before paths that go on; one that ends needs none.
func marked(mark string, paths []string) []string {
	var out []string
	for _, path := range paths {
		if path != "" {
			path = mark + path
		}
		out = append(out, path)
	}
	return out
}

// structOf finds a struct type in a package below pkg; nil when the name is no struct.
func structOf(t *testing.T, root, pkg, name string) *ast.StructType {
	t.Helper()
	for _, declared := range declarations(t, filepath.Join(root, "pkg", pkg, "*.go")) {
		if spec, ok := declared.(*ast.TypeSpec); ok && spec.Name.Name == name {
			found, _ := spec.Type.(*ast.StructType)
			return found
		}
	}
	return nil
}

// outputsOf gives the values of the constants out… of a project's contract, sorted.
func outputsOf(t *testing.T, root, project string) []string {
	t.Helper()
	var outputs []string
	for _, declared := range declarations(t, filepath.Join(root, "pkg", "contract", project+".go")) {
		spec, ok := declared.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "out") {
			continue
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, value)
	}
	slices.Sort(outputs)
	return outputs
}

// declarations gives the types, constants and variables of some files.
func declarations(t *testing.T, pattern string) []ast.Spec {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var specs []ast.Spec
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if group, ok := declaration.(*ast.GenDecl); ok {
				specs = append(specs, group.Specs...)
			}
		}
	}
	return specs
}

// readSources gives all programs of the repository as one text.
func readSources(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"cmd", "e2e", "local", "mpp", "pkg"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			if err == nil && slices.Contains([]string{".go", ".py"}, filepath.Ext(name)) {
				all.WriteString(readFile(t, name))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func readFile(t *testing.T, name ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(name...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
