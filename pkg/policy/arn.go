package policy

import (
	"regexp"
	"strings"
)

var (
	roleForm      = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`)
	principalForm = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$`)
)

// IsRoleARN reports whether a text is the ARN of one role.
func IsRoleARN(text string) bool { return roleForm.MatchString(text) }

// IsPrincipalARN reports whether a text is the ARN of one role or user.
func IsPrincipalARN(text string) bool { return principalForm.MatchString(text) }

// SessionRole gives the name of the role that a session is of. The ARN of a session does not have the role's path.
func SessionRole(arn string) (name string, isSession bool) {
	_, session, found := strings.Cut(arn, ":assumed-role/")
	name, _, _ = strings.Cut(session, "/")
	return name, found
}
