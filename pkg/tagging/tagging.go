// Package tagging gives the tags that every taggable resource carries.
package tagging

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/naming"
)

// Tag keys. The prefix keeps them apart from an organization's own keys.
const (
	KeyOrganization = "tarn:organization"
	KeyEnvironment  = "tarn:environment"
	KeyProject      = "tarn:project"
	KeyManagedBy    = "tarn:managed-by"
	KeyOwner        = "tarn:owner" // who answers for it
	// KeyDomain and KeyClassification are on what belongs to a domain or holds data.
	KeyDomain         = "tarn:domain"
	KeyClassification = "tarn:classification"
)

// AWS's limits of a resource's tags (AWS General Reference, "Tagging AWS resources").
const (
	maxKey   = 128
	maxValue = 256
	maxTags  = 50
	// ownTags is how many tags at most Tarn gives a resource itself.
	ownTags = 7
)

// text is what every service takes in a key or value.
var text = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// Check refuses an owner and further tags that AWS would not take, or that would take the place of a tag that
// policies rely on.
func Check(owner string, extra map[string]string) error {
	var problems []error
	if owner == "" {
		problems = append(problems, errors.New("owner is required: the team or mailbox that answers for the environment"))
	}
	if len(owner) > maxValue || !text.MatchString(owner) {
		problems = append(problems, fmt.Errorf("owner %q: want at most %d letters, digits, spaces and _.:/=+-@", owner, maxValue))
	}
	if len(extra) > maxTags-ownTags {
		problems = append(problems, fmt.Errorf("tags: there are %d, AWS allows %d beside Tarn's own", len(extra), maxTags-ownTags))
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		value := extra[key]
		switch {
		case key == "" || len(key) > maxKey || !text.MatchString(key):
			problems = append(problems, fmt.Errorf("tags: key %q: want 1 to %d letters, digits, spaces and _.:/=+-@", key, maxKey))
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			problems = append(problems, fmt.Errorf("tags: key %q: AWS keeps what begins with aws: to itself", key))
		case len(value) > maxValue || !text.MatchString(value):
			problems = append(problems, fmt.Errorf("tags.%s %q: want at most %d letters, digits, spaces and _.:/=+-@", key, value, maxValue))
		}
	}
	return errors.Join(problems...)
}

// Tags is a set of AWS resource tags.
type Tags map[string]string

// New gives the tags of one project of one environment; extra is added and wins over them,
// so that an organization can keep its own values.
func New(scope naming.Scope, project, owner string, extra map[string]string) Tags {
	tags := Tags{
		KeyOrganization: scope.Organization,
		KeyEnvironment:  scope.Environment,
		KeyProject:      project,
		KeyManagedBy:    "pulumi",
		KeyOwner:        owner,
	}
	maps.Copy(tags, extra)
	return tags
}

// With gives the tags with another one.
func (t Tags) With(key, value string) Tags {
	all := maps.Clone(t)
	all[key] = value
	return all
}

// Input gives the tags as a resource argument.
func (t Tags) Input() pulumi.StringMap {
	return pulumi.ToStringMap(t)
}
