package dataset

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/domain"
)

// Formats of raw files.
const (
	CSV     = "csv"
	JSON    = "json" // one object a line
	Parquet = "parquet"
)

var (
	formats    = []string{CSV, JSON, Parquet}
	csvOptions = []string{"header", "nullValue", "sep"}
)

func (s Source) check(r report) {
	r.oneOf("format", s.Format, formats)
	if s.Format == CSV {
		s.checkCSV(r)
	} else if slices.Contains(formats, s.Format) {
		for _, option := range slices.Sorted(maps.Keys(s.Options)) {
			r("options."+option, "%s files have no options: remove it", s.Format)
		}
	}
	folder, ends := strings.CutSuffix(s.Path, "/")
	if !ends || !domain.ValidPrefix(folder) {
		r("path", "%q: want a folder below the raw zone that ends in a slash, such as \"sales/orders/\"", s.Path)
	}
	if s.Read != "" {
		r.oneOf("read", s.Read, []string{ReadAll, ReadNew})
	}
	if s.Dates != "" {
		checkDates(r, s.Dates)
	}
}

func (s Source) checkCSV(r report) {
	for _, option := range slices.Sorted(maps.Keys(s.Options)) {
		if !slices.Contains(csvOptions, option) {
			r("options."+option, "want one of %s", strings.Join(csvOptions, ", "))
		}
	}
	if header := s.Options["header"]; header != "" && header != "true" {
		r("options.header", `%q: want "true"; columns are found by the names in the first line`, header)
	}
	if sep, found := s.Options["sep"]; found && (len(sep) != 1 || strings.Contains("\"\r\n", sep) || sep[0] > 127) {
		r("options.sep", "%q: want one ASCII character that is no quote and no line end", sep)
	}
	if strings.ContainsAny(s.Options["nullValue"], "\r\n") {
		r("options.nullValue", "%q: want no line end", s.Options["nullValue"])
	}
}

// directive is what the jobs replace in a pattern of dates, as strftime writes it.
var directive = regexp.MustCompile(`%.?`)

// checkDates refuses patterns that do not tell which day a file is of: a backfill picks files by their days.
func checkDates(r report, pattern string) {
	count := map[string]int{}
	for _, found := range directive.FindAllString(pattern, -1) {
		count[found]++
	}
	for _, found := range slices.Sorted(maps.Keys(count)) {
		switch {
		case !slices.Contains([]string{"%Y", "%m", "%d", "%H"}, found):
			r("dates", "%q: %s is none of %%Y, %%m, %%d and %%H", pattern, found)
		case count[found] > 1:
			r("dates", "%q: %s is there twice", pattern, found)
		}
	}
	if count["%Y"] == 0 || count["%m"] == 0 || count["%d"] == 0 {
		r("dates", "%q: want %%Y, %%m and %%d, and %%H if files are hourly, such as \"dt=%%Y-%%m-%%d\"", pattern)
	}
	if strings.HasPrefix(pattern, "/") || strings.ContainsAny(pattern, "*?\r\n") {
		r("dates", "%q: want a part of a path without wildcards and without a slash at its beginning", pattern)
	}
}
