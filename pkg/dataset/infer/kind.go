package infer

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms of values are those of tarn_jobs/values.py: a value must look like its type, and fit it.
var (
	numberForm    = regexp.MustCompile(`^[+-]?(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))([eE][+-]?[0-9]+)?$`)
	timestampForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?` +
		`(Z|[+-][0-9]{2}:[0-9]{2})?$`)
)

// digits is how a number is written.
type digits struct {
	before, after int // the point
	point         bool
	exponent      bool
	zeros         bool // leading ones, as codes have them and numbers have not
}

func parseNumber(text string) (digits, bool) {
	if text == "" || text[0] > '9' {
		return digits{}, false
	}
	found := numberForm.FindStringSubmatch(text)
	if found == nil {
		return digits{}, false
	}
	whole := found[1]
	return digits{
		before: len(strings.TrimLeft(whole, "0")), after: len(found[2] + found[3]), point: strings.Contains(text, "."),
		exponent: found[4] != "", zeros: len(whole) > 1 && whole[0] == '0',
	}, true
}

func isDate(text string) bool {
	if len(text) != len(time.DateOnly) {
		return false
	}
	_, err := time.Parse(time.DateOnly, text)
	return err == nil && text[:4] != "0000"
}

func isTimestamp(text string) bool {
	if len(text) < len(time.DateTime) || !timestampForm.MatchString(text) {
		return false
	}
	_, err := time.Parse(time.DateTime, text[:10]+" "+text[11:19])
	return err == nil && text[:4] != "0000"
}

func isBoolean(text string) bool {
	return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}

// shape is what all values of a column have in common.
type shape struct {
	values                    int
	number, date, stamp, flag bool
	nested, zeros             bool
	whole, exponent           bool
	least, most               float64
	leastScale, mostScale     int
	mostBefore                int
}

// shapeOf looks at the values of a column that are neither empty nor the marker for it.
func shapeOf(s sample, column int, marker string) shape {
	out := shape{
		number: true, date: true, stamp: true, flag: true, whole: true, least: math.Inf(1), most: math.Inf(-1),
		leastScale: math.MaxInt,
	}
	for _, row := range s.rows {
		v := row[column]
		if v.kind == empty || v.kind == plain && marker != "" && v.text == marker {
			continue
		}
		out.add(v)
		if !out.number && !out.date && !out.stamp && !out.flag && s.format != "json" {
			break // a text, whatever comes
		}
	}
	return out
}

func (s *shape) add(v value) {
	s.values++
	s.nested = s.nested || v.kind == nested
	s.date = s.date && (v.kind == plain || v.kind == text) && isDate(v.text)
	s.stamp = s.stamp && (v.kind == plain || v.kind == text) && isTimestamp(v.text)
	s.flag = s.flag && (v.kind == boolean || v.kind == plain && isBoolean(v.text))
	if !s.number {
		return
	}
	found, ok := digits{}, false
	if v.kind == plain || v.kind == number {
		found, ok = parseNumber(v.text)
	}
	if s.number = ok; !ok {
		return
	}
	s.zeros = s.zeros || found.zeros
	s.whole = s.whole && !found.point && !found.exponent
	s.exponent = s.exponent || found.exponent
	if f, err := strconv.ParseFloat(v.text, 64); err == nil {
		s.least, s.most = min(s.least, f), max(s.most, f)
	} else {
		s.number = false // 1e999 is no number
	}
	s.leastScale, s.mostScale = min(s.leastScale, found.after), max(s.mostScale, found.after)
	s.mostBefore = max(s.mostBefore, found.before)
}

// Digits that certainly fit.
const (
	bigintDigits  = 18
	decimalDigits = 38
	usualDigits   = 18 // of a decimal, when the sample does not need more
)

// kind gives the type for the values, and why.
func (s shape) kind(column string) (kind, why string) {
	switch {
	case s.values == 0:
		return "string", "no value in the sample"
	case s.nested:
		return "string", "objects or lists, kept as JSON text"
	case s.flag:
		return "boolean", "true and false only"
	case s.date:
		return "date", "dates only"
	case s.stamp:
		return "timestamp", "times only; those without a zone are UTC"
	case !s.number:
		return "string", "text"
	case s.zeros:
		return "string", "digits with leading zeros, which a number would lose"
	case s.whole:
		return s.wholeKind(column)
	case !s.exponent && s.leastScale == s.mostScale && s.mostScale >= 2 && s.mostScale <= 6 &&
		s.mostBefore+s.mostScale <= decimalDigits:
		precision := max(usualDigits, s.mostBefore+s.mostScale)
		return fmt.Sprintf("decimal(%d,%d)", precision, s.mostScale),
			fmt.Sprintf("always %d digits after the point; double if it is no exact amount", s.mostScale)
	default:
		return "double", "numbers with a point or an exponent"
	}
}

func (s shape) wholeKind(column string) (kind, why string) {
	grows := column == "id" || strings.HasSuffix(column, "_id") || strings.HasSuffix(column, "key")
	switch {
	case s.mostBefore <= bigintDigits && (grows || s.least < math.MinInt32 || s.most > math.MaxInt32):
		if grows {
			return "bigint", "whole numbers; identifiers grow"
		}
		return "bigint", fmt.Sprintf("whole numbers up to %.0f", max(s.most, -s.least))
	case s.mostBefore <= bigintDigits:
		why := fmt.Sprintf("whole numbers from %.0f to %.0f", s.least, s.most)
		if max(s.most, -s.least) > math.MaxInt32/20 {
			why += "; bigint if there will be any above 2147483647"
		}
		return "int", why
	case s.mostBefore <= decimalDigits:
		return "decimal(38,0)", "whole numbers too great for bigint"
	default:
		return "string", "more digits than any number type has"
	}
}
