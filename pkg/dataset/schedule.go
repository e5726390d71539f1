package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The fields of a schedule in their order, with the values and wildcards that each takes (Glue User Guide,
// "Time-based schedules for jobs and crawlers").
var cronFields = []cronField{
	{"minutes", 0, 59, nil, nil},
	{"hours", 0, 23, nil, nil},
	{"day-of-month", 1, 31, nil, regexp.MustCompile(`^(\?|L|([1-9]|[12][0-9]|3[01])W)$`)},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}, nil},
	{"day-of-week", 1, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, regexp.MustCompile(`^(\?|[1-7]?L)$`)},
	{"year", 1970, 2199, nil, nil},
}

type cronField struct {
	name        string
	least, most int
	names       []string       // instead of numbers
	special     *regexp.Regexp // what is no list of values
}

// fastest is the least number of minutes between two starts (same page, "Limits").
const fastest = 5

// checkSchedule says what is wrong with a schedule; nil when nothing is.
func checkSchedule(expression string) error {
	inner, ok := strings.CutPrefix(expression, "cron(")
	inner, closed := strings.CutSuffix(inner, ")")
	parts := strings.Fields(inner)
	if !ok || !closed || len(parts) != len(cronFields) {
		return fmt.Errorf(`%q: want "cron(minutes hours day-of-month month day-of-week year)" in UTC, such as "cron(0 4 * * ? *)"`,
			expression)
	}
	values := make([][]int, len(parts))
	for i, field := range cronFields {
		if field.special != nil && field.special.MatchString(parts[i]) {
			continue
		}
		found, err := field.values(parts[i])
		if err != nil {
			return fmt.Errorf("%q: %s %w", expression, field.name, err)
		}
		values[i] = found
	}
	if (parts[2] == "?") == (parts[4] == "?") {
		return fmt.Errorf("%q: want ? in one of day-of-month and day-of-week, and a value or * in the other", expression)
	}
	if gap := shortestGap(values[0], values[1]); gap < fastest {
		return fmt.Errorf("%q: starts %d minutes after each other, Glue wants at least %d", expression, gap, fastest)
	}
	return nil
}

// values gives the values of a list such as 0,30 or MON-FRI or 5/15.
func (f cronField) values(list string) ([]int, error) {
	var out []int
	for item := range strings.SplitSeq(list, ",") {
		base, step, stepped := strings.Cut(item, "/")
		every := 1
		if stepped {
			var err error
			if every, err = strconv.Atoi(step); err != nil || every < 1 || every > f.most {
				return nil, fmt.Errorf("%q: want a number of at least 1 behind the slash", item)
			}
		}
		first, last := f.least, f.most
		if base != "*" {
			from, to, ranged := strings.Cut(base, "-")
			var ok bool
			if first, ok = f.value(from); !ok {
				return nil, fmt.Errorf("%q: want %d to %d, *, lists and ranges of them", item, f.least, f.most)
			}
			switch {
			case ranged:
				if last, ok = f.value(to); !ok || last < first {
					return nil, fmt.Errorf("%q: want a range from the smaller to the greater, in %d to %d", item, f.least, f.most)
				}
			case !stepped:
				last = first
			}
		}
		for value := first; value <= last; value += every {
			out = append(out, value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (f cronField) value(text string) (int, bool) {
	if i := slices.Index(f.names, text); i >= 0 {
		return f.least + i, true
	}
	number, err := strconv.Atoi(text)
	return number, err == nil && number >= f.least && number <= f.most && text[0] != '+'
}

// shortestGap gives the least number of minutes between two starts of one day, and across midnight.
func shortestGap(minutes, hours []int) int {
	shortest := 60
	for i := 1; i < len(minutes); i++ {
		shortest = min(shortest, minutes[i]-minutes[i-1])
	}
	for _, hour := range hours {
		if slices.Contains(hours, (hour+1)%24) {
			shortest = min(shortest, minutes[0]+60-minutes[len(minutes)-1])
		}
	}
	return shortest
}
