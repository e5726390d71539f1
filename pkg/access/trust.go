package access

import (
	"fmt"
	"strings"

	"github.com/tarn-data/tarn/pkg/policy"
)

// Trust says who may take the role of a persona. Each statement names its principals in full: permission sets
// and tags stand for the account's own principals, which IAM has to allow it as well.
func (l *Lake) Trust(persona string) policy.Document {
	from := l.Settings.Personas[persona].AssumedBy
	var statements []policy.Statement
	for i, arn := range from.Roles {
		statements = append(statements, policy.AssumedBy(fmt.Sprintf("Role%d", i+1), arn))
	}
	if len(from.PermissionSets) > 0 {
		var patterns []string
		for _, name := range from.PermissionSets {
			patterns = append(patterns, l.permissionSetRoles(name)...)
		}
		statements = append(statements, l.assumedInAccount("PermissionSets", policy.Conditions{
			"ArnLike": {"aws:PrincipalArn": patterns}, "StringEquals": {"aws:PrincipalAccount": {l.Account.ID}},
		}))
	}
	if tag := from.Tag; tag != nil {
		statements = append(statements, l.assumedInAccount("Tagged", policy.Conditions{
			"StringEquals": {"aws:PrincipalAccount": {l.Account.ID}, "aws:PrincipalTag/" + tag.Key: tag.Values},
		}))
	}
	for i, service := range from.Services {
		statement := policy.ServiceTrust(service, l.Account.ID).Statements[0]
		statement.Sid = fmt.Sprintf("Service%d", i+1)
		statements = append(statements, statement)
	}
	return policy.Document{Statements: statements}
}

func (l *Lake) assumedInAccount(sid string, conditions policy.Conditions) policy.Statement {
	return policy.Statement{
		Sid: sid, Effect: policy.Allow, Principal: &policy.Principal{AWS: []string{l.Account.Root()}},
		Actions: []string{"sts:AssumeRole"}, Conditions: conditions,
	}
}

// permissionSetRoles matches the roles of a permission set: their name ends in sixteen characters that AWS
// chooses, and their path has the region of Identity Center unless that is us-east-1 (IAM Identity Center
// User Guide, "Referencing permission sets in resource policies"). A star in place of the sixteen would match
// permission sets whose names begin with this one.
func (l *Lake) permissionSetRoles(name string) []string {
	role := "AWSReservedSSO_" + name + "_" + strings.Repeat("?", 16)
	path := "role/aws-reserved/sso.amazonaws.com/"
	return []string{l.Account.GlobalARN("iam", path+role), l.Account.GlobalARN("iam", path+"*/"+role)}
}
