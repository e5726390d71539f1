package dqdl

import "fmt"

// maxText is how long a ruleset may be (Glue API Reference, CreateDataQualityRuleset: Ruleset, 1 to 65,536).
const maxText = 65536

// Parse reads the text of a ruleset; name says where it is from, for the messages.
func Parse(name, text string) (Ruleset, error) {
	if len(text) == 0 || len(text) > maxText {
		return Ruleset{}, fmt.Errorf("%s: has %d bytes, Glue takes 1 to %d", name, len(text), maxText)
	}
	return Ruleset{Text: text}, nil
}
