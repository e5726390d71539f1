// Package infer makes a first version of a data set file from a sample of its raw files.
//
// It reads a limited part of the sample, whatever its size, and says of everything it writes whether it is a guess and
// what it comes from: a sample cannot show what the next file will hold.
package infer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tarn-data/tarn/pkg/dataset"
)

const (
	// MaxBytes is how much of a sample is read.
	MaxBytes = 8 << 20
	// maxValues is how many of its values are kept, which bounds the memory.
	maxValues = 1_000_000
	// maxColumns is more than anybody wants to describe.
	maxColumns = 2000
)

// sample is the part of a file that was read.
type sample struct {
	format  string
	sep     string // of CSV
	columns []field
	rows    [][]value // as long as columns
	partial bool      // there is more in the file
}

// field is a column of the sample.
type field struct {
	name  string // as the file has it
	kind  string // type, where the file tells it
	leave string // why the column cannot be one of a data set; empty when it can
}

// value is a value as text. The zero value is an empty one.
type value struct {
	text string
	kind kind
}

// kind is what the file's format says of a value.
type kind byte

const (
	empty   kind = iota
	plain        // text of a CSV file, which may be of any type
	text         // a string of JSON: no number
	number       // of JSON
	boolean      // of JSON
	nested       // an object or a list of JSON
	typed        // of Parquet, where the column has a type
)

// read reads the beginning of a file.
func read(content io.ReaderAt, size int64, format string) (sample, error) {
	if format == dataset.Parquet {
		return readParquet(content, size)
	}
	var reader io.Reader = io.NewSectionReader(content, 0, size)
	magic := make([]byte, 2)
	if n, _ := content.ReadAt(magic, 0); n == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(reader)
		if err != nil {
			return sample{}, fmt.Errorf("reading it as gzip: %w", err)
		}
		reader = unpacked
	}
	raw, err := io.ReadAll(io.LimitReader(reader, MaxBytes+1))
	if err != nil {
		return sample{}, err
	}
	partial := len(raw) > MaxBytes
	if partial {
		end := bytes.LastIndexByte(raw[:MaxBytes], '\n') // whole lines only
		if end < 0 {
			return sample{}, fmt.Errorf("there is no line end in its first %d bytes", MaxBytes)
		}
		raw = raw[:end+1]
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // Excel's
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return sample{}, errors.New("it is not text in UTF-8")
	}
	if format == dataset.JSON {
		found, err := readJSON(raw)
		found.partial = found.partial || partial
		return found, err
	}
	found, err := readCSV(raw)
	found.partial = found.partial || partial
	return found, err
}

// separators are those that are looked for, the usual ones first.
var separators = []rune{',', ';', '\t', '|'}

// headerLines is how many records tell which separator it is.
const headerLines = 50

func readCSV(raw []byte) (sample, error) {
	sep := separator(raw)
	records := csvRecords(raw, sep)
	header, err := records.Read()
	if err != nil {
		return sample{}, fmt.Errorf("reading its first line as CSV: %w", err)
	}
	if len(header) > maxColumns {
		return sample{}, fmt.Errorf("it has %d columns, at most %d can be described", len(header), maxColumns)
	}
	out := sample{format: dataset.CSV, sep: string(sep)}
	data := true
	for _, name := range header {
		if strings.TrimSpace(name) == "" {
			return sample{}, errors.New("its first line has an empty name: columns are found by the names in the first line")
		}
		out.columns = append(out.columns, field{name: name})
		_, isNumber := parseNumber(name)
		data = data && (isNumber || isDate(name) || isTimestamp(name))
	}
	if data {
		return sample{}, fmt.Errorf("its first line %q looks like data: columns are found by the names in the first line, add one",
			strings.Join(header, string(sep)))
	}
	for {
		if out.partial = len(out.rows)*len(header) >= maxValues; out.partial {
			return out, nil
		}
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil || len(record) != len(header) {
			continue // the jobs quarantine it
		}
		row := make([]value, len(record))
		for i, text := range record {
			if text != "" {
				row[i] = value{text, plain}
			}
		}
		out.rows = append(out.rows, row)
	}
}

func csvRecords(raw []byte, sep rune) *csv.Reader {
	records := csv.NewReader(bytes.NewReader(raw))
	records.Comma = sep
	records.FieldsPerRecord = -1
	return records
}

// separator gives the one that splits the first records into the most columns, equally many in most of them.
func separator(raw []byte) rune {
	best, most := separators[0], 0
	for _, sep := range separators {
		records := csvRecords(raw, sep)
		columns, score := 0, 0
		for line := range headerLines {
			record, err := records.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if line == 0 {
				columns = len(record)
			}
			if err == nil && len(record) == columns {
				score += columns - 1
			}
		}
		if score > most {
			best, most = sep, score
		}
	}
	return best
}

func readJSON(raw []byte) (sample, error) {
	out := sample{format: dataset.JSON}
	position := map[string]int{}
	scanner := bufio.NewScanner(bytes.NewReader(raw))
	scanner.Buffer(nil, MaxBytes+1)
	bad := ""
	for scanner.Scan() {
		if len(out.columns) > maxColumns {
			return sample{}, fmt.Errorf("it has more than %d fields, which cannot be described", maxColumns)
		}
		if out.partial = len(out.rows)*len(out.columns) >= maxValues; out.partial {
			break
		}
		line := bytes.TrimSpace(scanner.Bytes())
		if len(line) == 0 {
			continue
		}
		names, values, err := readObject(line)
		if err != nil {
			bad = fmt.Sprintf("%q: %v", shortened(string(line)), err)
			if line[0] == '[' {
				return sample{}, fmt.Errorf("%s; want one object a line, without a list around them", bad)
			}
			continue // the jobs quarantine it
		}
		row := make([]value, len(out.columns), len(out.columns)+len(names))
		for i, name := range names {
			at, known := position[name]
			if !known {
				at = len(out.columns)
				position[name] = at
				out.columns = append(out.columns, field{name: name})
				row = append(row, value{})
			}
			row[at] = values[i]
		}
		out.rows = append(out.rows, row)
	}
	if err := scanner.Err(); err != nil {
		return sample{}, err
	}
	if len(out.columns) == 0 {
		return sample{}, fmt.Errorf("no line is a JSON object with fields: %s", bad)
	}
	for i, row := range out.rows { // rows from before a field was first seen
		for len(row) < len(out.columns) {
			row = append(row, value{})
		}
		out.rows[i] = row
	}
	return out, nil
}

// readObject gives the fields of an object in their order, which a Go map would lose.
func readObject(line []byte) ([]string, []value, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, nil, errors.New("no JSON object")
	}
	var names []string
	var values []value
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, nil, errors.New("no JSON object")
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, nil, errors.New("no JSON object")
		}
		names = append(names, name.(string)) // the decoder takes no other
		values = append(values, jsonValue(raw))
	}
	if _, err := decoder.Token(); err != nil {
		return nil, nil, errors.New("no JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("more than a JSON object")
	}
	return names, values, nil
}

func jsonValue(raw json.RawMessage) value {
	switch raw[0] {
	case 'n':
		return value{}
	case 't', 'f':
		return value{string(raw), boolean}
	case '{', '[':
		return value{string(raw), nested}
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return value{}
		}
		return value{s, text}
	default:
		return value{string(raw), number}
	}
}

func shortened(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
