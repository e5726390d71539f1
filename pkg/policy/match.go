package policy

import "strings"

// Like matches IAM's wildcards: "*" stands for any characters, slashes and colons too, and "?" for
// one. Nothing else is special (IAM User Guide, "IAM JSON policy elements: Resource").
func Like(pattern, text string) bool {
	star, mark := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0: // let the last star take one character more
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// likeARN matches part by part, so that a wildcard in the account never reaches into the resource
// (IAM User Guide, "IAM JSON policy elements: Condition operators", ARN operators).
func likeARN(pattern, text string) bool {
	wanted, parts := strings.SplitN(pattern, ":", arnParts), strings.SplitN(text, ":", arnParts)
	if len(wanted) != arnParts || len(parts) != arnParts {
		return pattern == "*" || pattern == text
	}
	for i := range wanted {
		if !Like(wanted[i], parts[i]) {
			return false
		}
	}
	return true
}

// arnParts is how many parts an ARN has: arn, partition, service, region, account, resource.
const arnParts = 6

// actionIn reports whether a list of action patterns has the action. Actions know no upper and lower case.
func actionIn(patterns []string, action string) bool {
	for _, pattern := range patterns {
		if Like(strings.ToLower(pattern), strings.ToLower(action)) {
			return true
		}
	}
	return false
}
