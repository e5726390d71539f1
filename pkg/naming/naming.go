// Package naming is the one place where physical AWS names are made.
//
// Names are deterministic: the same organization, environment and purpose always give the same name,
// so that a bucket policy can name a bucket of another project, and a lost state file loses no name.
package naming

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// AWS limits behind the checks.
const (
	// MaxBucket is the longest S3 bucket name in bytes (Amazon S3 User Guide, "Bucket naming rules").
	MaxBucket = 63
	// MaxRole is the longest IAM role or user name (IAM User Guide, "IAM and AWS STS quotas").
	MaxRole = 64
	// MaxGlue is the longest name of a Glue job, crawler, trigger, workflow or database (Glue Web API Reference).
	MaxGlue = 255
)

var word = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Scope is what all names of one environment of one organization begin with.
type Scope struct {
	Organization string // short lower-case name, for example "tarn"
	Environment  string // the stack name, for example "dev"
}

// longestPurpose is the longest purpose that any program gives to Bucket, and longestRegion the
// longest region name that AWS has (AWS General Reference, "AWS service endpoints").
const (
	longestPurpose = "athena-results"
	longestRegion  = "ap-southeast-1"
)

// Validate refuses a scope that cannot be part of every kind of name.
// The longest bucket name is checked too, so that a stack which works in one region or without a
// replica does not stop working with them.
func (s Scope) Validate() error {
	var problems []error
	if !word.MatchString(s.Organization) {
		problems = append(problems, fmt.Errorf(
			"organization %q: want lower-case letters, digits and single hyphens, beginning with a letter", s.Organization))
	}
	if !word.MatchString(s.Environment) {
		problems = append(problems, fmt.Errorf(
			"stack name %q: want lower-case letters, digits and single hyphens, beginning with a letter", s.Environment))
	}
	if longest := s.Bucket(longestPurpose, "123456789012", longestRegion); len(longest) > MaxBucket {
		problems = append(problems, fmt.Errorf(
			"organization %q and stack name %q: bucket names would have %d characters, S3 allows %d: shorten the organization",
			s.Organization, s.Environment, len(longest), MaxBucket))
	}
	return errors.Join(problems...)
}

// Name joins the scope and the parts with hyphens: roles, jobs, crawlers, tables.
func (s Scope) Name(parts ...string) string {
	return strings.Join(append([]string{s.Organization, s.Environment}, parts...), "-")
}

// Bucket gives a bucket name. Account and region are part of it because bucket names are global:
// without them an environment could not exist twice, or be squatted by a stranger.
func (s Scope) Bucket(purpose, account, region string) string {
	return s.Name(purpose, account, region)
}

// Database gives a Glue database name. It uses underscores because Athena and Spark SQL need
// names with hyphens quoted.
func (s Scope) Database(zone string) string {
	return strings.ReplaceAll(s.Name(zone), "-", "_")
}

// Path is the IAM path of every role that works with data, so that a policy can speak of all of them.
func (s Scope) Path() string {
	return "/" + s.Organization + "/" + s.Environment + "/"
}

// DeployPath is the IAM path of everything that deploys or limits who deploys: no pattern for Path
// matches it, so a deployer who may change the roles below Path cannot change its own. The dot makes
// it so, which no organization or environment can have.
func (s Scope) DeployPath() string {
	return "/" + s.Organization + "/" + s.Environment + ".deploy/"
}

// Secret gives the name of a Secrets Manager secret.
func (s Scope) Secret(name string) string {
	return s.Organization + "/" + s.Environment + "/" + name
}

// LogGroup gives a CloudWatch log group name below the environment.
func (s Scope) LogGroup(parts ...string) string {
	return "/" + strings.Join(append([]string{s.Organization, s.Environment}, parts...), "/")
}
