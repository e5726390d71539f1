package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cronField is what one field of a schedule may hold.
type cronField struct {
	name      string
	low, high int
	names     []string // instead of numbers, the first for low
	special   string   // further characters, as regular expressions
}

// The fields of a schedule in their order (Glue User Guide, "Time-based schedules for jobs and crawlers").
var cronFields = []cronField{
	{name: "minutes", low: 0, high: 59},
	{name: "hours", low: 0, high: 23},
	{name: "day of month", low: 1, high: 31, special: `\?|L|[0-9]{1,2}W`},
	{name: "month", low: 1, high: 12, names: []string{
		"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
	}},
	{
		name: "day of week", low: 1, high: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"},
		special: `\?|L|[1-7](?:L|#[1-5])`,
	},
	{name: "year", low: 1970, high: 2199},
}

var (
	cronForm = regexp.MustCompile(`^cron\((.*)\)$`)
	cronItem = regexp.MustCompile(`^(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/([0-9]+))?$`)
)

// minMinutes is the shortest time between two runs: Glue takes no schedule that is more frequent.
const minMinutes = 5

// validateSchedule refuses what Glue does not take for a schedule.
func validateSchedule(schedule string) error {
	found := cronForm.FindStringSubmatch(schedule)
	if found == nil {
		return fmt.Errorf("%q: want cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR)", schedule)
	}
	fields := strings.Fields(found[1])
	if len(fields) != len(cronFields) {
		return fmt.Errorf("%q has %d fields, want six: minutes, hours, day of month, month, day of week and year", schedule, len(fields))
	}
	var minutes []int
	for i, field := range cronFields {
		values, err := field.values(fields[i])
		if err != nil {
			return fmt.Errorf("%q, %s: %w", schedule, field.name, err)
		}
		if i == 0 {
			minutes = values
		}
	}
	if (fields[2] == "?") == (fields[4] == "?") {
		return fmt.Errorf("%q: one of day of month and day of week has to be ?, and only one", schedule)
	}
	for i, minute := range minutes {
		next := minutes[0] + 60
		if i+1 < len(minutes) {
			next = minutes[i+1]
		}
		if next-minute < minMinutes {
			return fmt.Errorf("%q: two runs are %d minutes apart, Glue wants at least %d", schedule, next-minute, minMinutes)
		}
	}
	return nil
}

// values gives the numbers that a field means, sorted; none for special ones.
func (f cronField) values(text string) ([]int, error) {
	if f.special != "" && regexp.MustCompile(`^(?:`+f.special+`)$`).MatchString(text) {
		return nil, nil
	}
	var values []int
	for item := range strings.SplitSeq(text, ",") {
		parts := cronItem.FindStringSubmatch(item)
		if parts == nil {
			return nil, fmt.Errorf("%q is not a value, a range, a step or *", item)
		}
		first, last, step := f.low, f.high, 1
		var err error
		if parts[1] != "" {
			if first, err = f.number(parts[1]); err != nil {
				return nil, err
			}
			if parts[3] == "" {
				last = first
			}
		}
		if parts[2] != "" {
			if last, err = f.number(parts[2]); err != nil {
				return nil, err
			}
		}
		if parts[3] != "" {
			step, err = strconv.Atoi(parts[3])
		}
		if err != nil || step < 1 || step > f.high || last < first {
			return nil, fmt.Errorf("%q: want a range from low to high and a step of 1 to %d", item, f.high)
		}
		for value := first; value <= last; value += step {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values), nil
}

func (f cronField) number(text string) (int, error) {
	if at := slices.Index(f.names, strings.ToUpper(text)); at >= 0 {
		return f.low + at, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < f.low || value > f.high {
		return 0, fmt.Errorf("%q: want %d to %d", text, f.low, f.high)
	}
	return value, nil
}
