package run

import (
	"fmt"
	"strconv"
	"strings"
)

// parsePrices reads prices over those that are known already.
func parsePrices(text string, known Prices) (Prices, error) {
	for part := range strings.SplitSeq(text, ",") {
		class, number, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			number = class
		}
		price, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(price >= 0 && price < 1000) { // NaN, too
			return known, fmt.Errorf("price %q: want US dollars per DPU-hour such as 0.44, or standard=0.44,flex=0.29", part)
		}
		switch {
		case !named:
			known = Prices{Standard: price, Flex: price}
		case class == "standard":
			known.Standard = price
		case class == "flex":
			known.Flex = price
		default:
			return known, fmt.Errorf("price %q: there are the execution classes standard and flex", part)
		}
	}
	return known, nil
}

func formatPrice(price float64) string {
	return strconv.FormatFloat(price, 'g', -1, 64)
}
