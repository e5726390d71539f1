// Package dqdl reads rules in Glue's Data Quality Definition Language (Glue User Guide, "Data Quality Definition
// Language (DQDL) reference"), as far as the quality gate can evaluate them. One file is both the ruleset that is
// deployed to Glue and what the gate's job checks, so the parser refuses what either of them would.
package dqdl

// Ruleset is the rules of one file.
type Ruleset struct {
	Text  string `json:"-"`     // as written; this is what Glue gets
	Rules []Rule `json:"rules"` // what the job evaluates
}

// Rule is one rule. Which fields are set depends on its type.
type Rule struct {
	Text string `json:"text"` // as written, for messages
	Type string `json:"type"` // for example IsComplete
}
