package yamlfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

type Place struct {
	Street string `yaml:"street"`
}

type person struct {
	Name   string            `yaml:"name"`
	Places []Place           `yaml:"places"`
	Labels map[string]string `yaml:"labels"`
	Home   *Place            `yaml:"home"`
	Place  `yaml:",inline"`
	Hidden string `yaml:"-"`
}

const text = `# a comment
name: x
places:
  - street: a
  - {street: b}
labels:
  a.b: "1"
  a.c[0]: "2"
home:
  street: c
`

func TestLinesOfFields(t *testing.T) {
	t.Parallel()
	document, err := Parse("file.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]int{
		"name": 2, "places": 3, "places[0]": 4, "places[0].street": 4, "places[1].street": 5, "places[2].street": 3,
		"places[1].city": 5, "labels.a.b": 7, "labels.a.c[0]": 8, "home.street": 10, "home.city": 9, "city": 0, "": 0,
		"places[x]": 3, "name.x": 2,
	} {
		if got := document.Problem(field, "bad").Line; got != want {
			t.Errorf("%s: line %d, want %d", field, got, want)
		}
	}
	if got, want := document.Problem("home.street", "%q: want another", "c").Error(), `file.yaml:10: home.street: "c": want another`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDecodeFindsEveryUnknownField(t *testing.T) {
	t.Parallel()
	var got person
	if err := Decode([]byte(text+"street: d\n"), &got); err != nil || got.Places[1].Street != "b" || got.Street != "d" {
		t.Errorf("got %+v, error %v", got, err)
	}
	err := Decode([]byte("nam: x\nplaces: [{street: a}, {strete: b}]\nHidden: x\nhome:\n  number: 1\nlabels: {any: x}\n"), &got)
	var lines []string
	for _, problem := range Problems(err) {
		lines = append(lines, fmt.Sprint(problem.Line, " ", problem.Field))
	}
	if got, want := strings.Join(lines, ", "), "1 nam, 2 places[1].strete, 3 Hidden, 5 home.number"; got != want {
		t.Errorf("got %s, want %s; error %v", got, want, err)
	}
	if !strings.Contains(err.Error(), "did you mean street?") || !strings.Contains(err.Error(), "fields are home, labels, name, places, street") {
		t.Errorf("error %v has no advice", err)
	}
}

func TestEachNamesTheFileOfEveryProblem(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	files := fstest.MapFS{"a/x.yaml": {}, "a/y.yaml": {}, "a/z.txt": {}}
	err := Each(files, "a", func(file string, _ []byte) error {
		if file == "a/y.yaml" {
			return nil
		}
		return errors.Join(boom, errors.Join(Problem{Line: 3, Field: "f", Text: "bad"}, fmt.Errorf("more: %w", boom)))
	})
	want := "a/x.yaml: boom\na/x.yaml:3: f: bad\na/x.yaml: more: boom"
	if err == nil || err.Error() != want || !errors.Is(err, boom) {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := Problems(err); len(got) != 3 || got[1] != (Problem{"a/x.yaml", 3, "f", "bad"}) || got[2].Text != "a/x.yaml: more: boom" {
		t.Errorf("got %+v", got)
	}
	if Each(files, "nowhere", nil) != nil || Problems(nil) != nil {
		t.Error("nothing is a problem")
	}
}

// Whatever a file holds, it is decoded or there is an error; the lines are those of the file.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{text, "name: !x 1", "a: &a [*a]", "? {a: b}\n: c", "<<: {name: x}", "---\na\n---\nb", "places: !!map [1]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		document, err := Parse("f", raw)
		if err == nil {
			var got person
			err = document.Decode(&got)
			_ = document.Problem("places[0].street", "x")
		}
		for _, problem := range Problems(err) {
			if problem.Line < 0 || problem.Line > strings.Count(string(raw), "\n")+strings.Count(string(raw), "\r")+1 {
				t.Errorf("%q: %v", raw, problem)
			}
		}
	})
}
