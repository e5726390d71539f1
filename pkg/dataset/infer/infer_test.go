package infer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-data/tarn/pkg/dataset"
)

func infer(t *testing.T, file, content string) (Draft, dataset.Dataset, error) {
	t.Helper()
	d, err := Infer(strings.NewReader(content), int64(len(content)), Options{Name: "orders", Pipeline: "sales", File: file})
	if err != nil {
		return d, dataset.Dataset{}, err
	}
	lake, err := dataset.Load(fstest.MapFS{"datasets/orders.yaml": {Data: d.YAML}}, dataset.DefaultFolders())
	if err != nil {
		t.Fatalf("the draft is refused: %v\n%s", err, d.YAML)
	}
	return d, lake.Pipelines[0].Datasets[0], nil
}

// shown is what matters of a data set in one line.
func shown(d dataset.Dataset) string {
	var columns []string
	for _, c := range d.Columns {
		kind := c.Name + " " + c.Type
		if c.Required {
			kind += "!"
		}
		columns = append(columns, kind)
	}
	out := strings.Join(columns, ", ") + " key " + strings.Join(d.Key, ",")
	if sep := d.Source.Options["sep"]; sep != "" {
		out += fmt.Sprintf(" sep %q", sep)
	}
	if null := d.Source.Options["nullValue"]; null != "" {
		out += " null " + null
	}
	if d.Source.Dates != "" {
		out += " dates " + d.Source.Dates
	}
	return out
}

func TestInfer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, content, want string }{
		"plain":            {"a.csv", "id,name\n1,x\n2,y\n", "id bigint!, name string! key id"},
		"not the first":    {"a.csv", "kind,nr\n1,10\n1,11\n", "kind int!, nr int! key nr"},
		"two columns":      {"a.csv", "a,b,c\n1,1,1\n1,2,1\n2,1,1\n", "a int!, b int!, c int! key a,b"},
		"three columns":    {"a.csv", "a,b,c\n1,1,1\n1,1,2\n1,2,1\n2,1,1\n2,1,2\n", "a int!, b int!, c int! key a,b,c"},
		"joined apart":     {"a.csv", "a,b\nx,yz\nxy,z\nx,z\n", "a string!, b string! key a,b"},
		"no key":           {"a.csv", "a,b\nx,1\nx,1\n", "a string!, b int! key a"},
		"empty is no key":  {"a.csv", "a,b\n,x\n1,y\n", "a int, b string! key b"},
		"double is no key": {"a.csv", "a,b\n1.5,x\n2.25,y\n", "a double!, b string! key b"},
		"semicolon":        {"a.csv", "a;b\n1,5;x\n2,5;y\n", `a string!, b string! key a sep ";"`},
		"tab":              {"a.tsv", "a\tb\n1\tx, y\n2\ty\n", "a int!, b string! key a sep \"\\t\""},
		"pipe":             {"a.txt", "a|b\n1|x\n2|y\n", `a int!, b string! key a sep "|"`},
		"NA":               {"a.csv", "a,b\nx,NA\ny,7\n", "a string!, b int key a null NA"},
		"Hive's null":      {"a.csv", "a,b\nx,\\N\ny,z\n", `a string!, b string key a null \N`},
		"NA is a country":  {"a.csv", "country\nNA\nZA\n", "country string! key country"},
		"types": {
			"a.csv", "i,l,h,d,f,s,b,day,at,code,e\n1,3000000000,99999999999999999999,1.50,1.5,x,true,2024-01-31,2024-01-31T10:00:00Z,007,\n" +
				"2,1,1,22.75,1e3,,FALSE,2024-02-29,2024-01-31 10:00:00.5+02:00,010,\n",
			"i int!, l bigint!, h decimal(38,0)!, d decimal(18,2)!, f double!, s string, b boolean!, day date!, at timestamp!, code string!, e string key i",
		},
		"no date":          {"a.csv", "a\n2024-02-30\n", "a string! key a"},
		"no time":          {"a.csv", "a\n2024-01-31T25:00:00Z\n", "a string! key a"},
		"no int":           {"a.csv", "a\n1 \n", "a string! key a"},
		"infinity":         {"a.csv", "a\nInfinity\n", "a string! key a"},
		"too great":        {"a.csv", "a,b\n1e999,x\n", "a string!, b string! key a"},
		"names":            {"a.csv", "Order ID,orderId,1st,ä,null,order_id\n1,2,3,4,5,6\n", "order_id bigint!, order_id_2 int!, column_1st int!, column int!, null int!, order_id_3 int! key order_id"},
		"quotes":           {"a.csv", "a,b\n\"1,5\",\"x\ny\"\n\"2\"\"\",y\n", "a string!, b string! key a"},
		"records to drop":  {"a.csv", "a,b\n1,x\n2\n3,y,z\n4,w\n", "a int!, b string! key a"},
		"byte order mark":  {"a.csv", "\ufeffid\n1\n", "id bigint! key id"},
		"carriage returns": {"a.csv", "id,b\r\n1,x\r\n2,y\r\n", "id bigint!, b string! key id"},
		"JSON": {
			"a.jsonl", `{"id": 1, "name": "x", "tags": ["a"], "ok": true, "amount": 1.50, "at": "2024-01-31T10:00:00Z", "nr": "7"}` + "\n" +
				`{"id": 2, "name": null, "tags": [], "amount": 2.25, "more": 1}` + "\n",
			"id bigint!, name string, tags string!, ok boolean, amount decimal(18,2)!, at timestamp, nr string, more int key id",
		},
		"JSON, bad lines":  {"a.json", "{\"a\": 1}\nnonsense\n{\"a\": 2} {}\n\n{\"a\": 3}\n", "a int! key a"},
		"JSON, mixed":      {"a.json", "{\"a\": 1}\n{\"a\": \"x\"}\n", "a string! key a"},
		"Hive's folders":   {"raw/dt=2024-01-31/a.csv", "id\n1\n", "id bigint! key id dates dt=%Y-%m-%d"},
		"Hive's, compact":  {"raw/day=20240131/a.csv", "id\n1\n", "id bigint! key id dates day=%Y%m%d"},
		"folders of parts": {"raw/year=2024/month=01/day=31/a.csv", "id\n1\n", "id bigint! key id dates year=%Y/month=%m/day=%d"},
		"folders":          {"raw/2024/01/31/23/a.csv", "id\n1\n", "id bigint! key id dates %Y/%m/%d/%H"},
		"file name":        {"raw/orders_2024-01-31.csv", "id\n1\n", "id bigint! key id dates %Y-%m-%d"},
		"compact name":     {"orders20240131.csv", "id\n1\n", "id bigint! key id dates %Y%m%d"},
		"no date in name":  {"orders20241331.csv", "id\n1\n", "id bigint! key id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got, err := infer(t, test.file, test.content)
			if err != nil || shown(got) != test.want {
				t.Errorf("got  %s\nwant %s\nerror %v", shown(got), test.want, err)
			}
		})
	}
}

func TestInferRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, content, want string }{
		"unknown ending": {"a.xls", "a\n1\n", "say which, csv, json or parquet"},
		"empty":          {"a.csv", "", "reading its first line"},
		"header only":    {"a.csv", "a,b\n", "it has no row"},
		"no header":      {"a.csv", "1,2024-01-31\n2,2024-02-01\n", "looks like data"},
		"empty name":     {"a.csv", "a,\n1,2\n", "has an empty name"},
		"not UTF-8":      {"a.csv", "a\n\xff\n", "not text in UTF-8"},
		"binary":         {"a.csv", "a\n\x00\n", "not text in UTF-8"},
		"no JSON":        {"a.json", "a\n", "no line is a JSON object"},
		"JSON list":      {"a.json", "[{\"a\": 1}]\n", "one object a line"},
		"no Parquet":     {"a.parquet", "PAR1 and more text PAR1", "reading it as Parquet"},
		"broken gzip":    {"a.csv.gz", "\x1f\x8b and more", "reading it as gzip"},
		"too wide":       {"a.csv", strings.Repeat("a,", 2000) + "a\n" + strings.Repeat("1,", 2000) + "1\n", "it has 2001 columns"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := infer(t, test.file, test.content)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestGuessesAreMarked(t *testing.T) {
	t.Parallel()
	d, _, err := infer(t, "raw/dt=2024-01-31/a.csv", "Id;n\n1;NA\n1;2\n")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(d.YAML)) {
		field, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch field {
		case "description", "path", "sep", "nullValue", "dates", "- {name", "key":
			if !strings.Contains(line, "# guessed: ") {
				t.Errorf("not marked: %s", line)
			}
		}
	}
	if d.Guesses != strings.Count(string(d.YAML), "# guessed: ") {
		t.Errorf("%d guesses are counted in\n%s", d.Guesses, d.YAML)
	}
	check := strings.Join(d.Check, "\n")
	for _, want := range []string{`rename columns in the files`, `"Id" (here id)`, "NO KEY FOUND"} {
		if !strings.Contains(check, want) {
			t.Errorf("no %q in\n%s", want, check)
		}
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, "id\n1\n2\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, got, err := infer(t, "a.csv.gz", packed.String()); err != nil || shown(got) != "id bigint! key id" {
		t.Errorf("got %s, error %v", shown(got), err)
	}
}

// The shipped samples give the types that the shipped data sets have.
func TestSampleOfTheFlights(t *testing.T) {
	t.Parallel()
	lake, err := dataset.Load(os.DirFS("../../../mpp"), dataset.DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range lake.Pipelines[0].Datasets {
		raw, err := os.ReadFile("../../../mpp/jobs/tests/data/" + want.Name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := infer(t, want.Name+".csv", string(raw))
		if err != nil {
			t.Fatal(err)
		}
		for i, column := range want.Columns {
			if found := got.Columns[i]; found.Name != column.Name || found.Type != column.Type {
				t.Logf("%s.%s is a %s, guessed a %s", want.Name, column.Name, column.Type, found.Type)
				if found.Name != column.Name || column.Type != "double" {
					t.Errorf("%s.%s: got %s %s, want %s", want.Name, column.Name, found.Name, found.Type, column.Type)
				}
			}
		}
	}
}

type parquetRow struct {
	ID      int64     `parquet:"id"`
	Small   int32     `parquet:"small,optional"`
	Amount  int64     `parquet:"amount,decimal(2:12)"`
	Name    string    `parquet:"name"`
	At      time.Time `parquet:"at,timestamp(microsecond)"`
	Nanos   time.Time `parquet:"nanos,timestamp(nanosecond)"`
	Day     int32     `parquet:"day,date"`
	Flag    bool      `parquet:"flag"`
	Ratio   float64   `parquet:"ratio"`
	Short   float32   `parquet:"short"`
	Tags    []string  `parquet:"tags,list"`
	Unknown []byte    `parquet:"unknown"`
	Big     uint64    `parquet:"big"`
}

func TestParquet(t *testing.T) {
	t.Parallel()
	rows := make([]parquetRow, 300)
	for i := range rows {
		rows[i] = parquetRow{ID: int64(i), Small: int32(i % 3), Name: "x", At: time.Unix(1, 0), Nanos: time.Unix(1, 0), Tags: []string{"a", "b"}}
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, rows); err != nil {
		t.Fatal(err)
	}
	d, got, err := infer(t, "a.parquet", file.String())
	want := "id bigint!, small int, amount decimal(12,2)!, name string!, at timestamp!, day date!, flag boolean!, " +
		"ratio double!, short float!, big decimal(20,0)! key id"
	if err != nil || shown(got) != want || d.Rows != 300 || d.Partial {
		t.Errorf("got  %s of %d rows\nwant %s\nerror %v", shown(got), d.Rows, want, err)
	}
	if got.Evolution.NewColumns != dataset.Ignore || !strings.Contains(string(d.YAML), `"nanos": nanoseconds`) ||
		!strings.Contains(string(d.YAML), `"tags": a nested column; "unknown": bytes`) {
		t.Errorf("what is left out is not said:\n%s", d.YAML)
	}
}

func TestLargeSamplesAreReadInPart(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 99) + "\n"
	content := "a\n" + strings.Repeat(line, MaxBytes/100) + "never seen in whole\nnever seen\n"
	d, _, err := infer(t, "a.csv", content)
	if err != nil || !d.Partial || d.Rows > MaxBytes/100 || !strings.Contains(string(d.YAML), "from the first") {
		t.Errorf("%d rows, partial %v, error %v", d.Rows, d.Partial, err)
	}
	d, _, err = infer(t, "a.csv", "a,b\n"+strings.Repeat("1,2\n", maxValues))
	if err != nil || !d.Partial || d.Rows != maxValues/2 {
		t.Errorf("%d rows, partial %v, error %v", d.Rows, d.Partial, err)
	}
}

// Whatever a CSV file holds, it is refused, or the draft is a data set that is accepted.
func FuzzInfer(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,x\n", "a;b\n\"\n", "\ufeffA B|a_b\n1|\\N\n", "null,y\n1,2\n", "a\n\u2028\n", "a\n1e999\n", "#,\"\n", "é\n0x1\n",
		"\x1f\x8b", "a,a,a\nNA,NA,3\n1,NA,NA\n", "yes\n2024-02-30\n",
	} {
		f.Add([]byte(seed), "raw/dt=2024-01-31/a.csv")
	}
	f.Fuzz(func(t *testing.T, raw []byte, file string) {
		for _, format := range []string{dataset.CSV, dataset.JSON} {
			d, err := Infer(bytes.NewReader(raw), int64(len(raw)), Options{Name: "orders", Pipeline: "sales", File: file, Format: format})
			if err != nil {
				continue
			}
			lake, err := dataset.Load(fstest.MapFS{"datasets/orders.yaml": {Data: d.YAML}}, dataset.DefaultFolders())
			if err != nil {
				t.Fatalf("%q of %q gives a draft that is refused: %v\n%s", raw, file, err, d.YAML)
			}
			if got := lake.Pipelines[0].Datasets[0]; len(got.Columns) != d.Columns {
				t.Errorf("%q: %d columns became %d", raw, d.Columns, len(got.Columns))
			}
		}
	})
}
