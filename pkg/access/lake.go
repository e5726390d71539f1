package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Lake is what policies are written for: whose settings, where. Its methods are pure: the same lake
// gives the same documents, in the same order.
type Lake struct {
	Account  account.Account
	Scope    naming.Scope
	Domains  domain.Domains
	Settings Settings
}

// Area is where in a zone a persona has at least a tier.
func (l *Lake) Area(persona string, kind zone.Kind, tier Tier) Area {
	switch {
	case kind == zone.AccessLogs:
		return Area{}
	case kind == zone.AthenaResults && tier == Admin:
		return Area{}
	case kind == zone.AthenaResults: // whoever may ask may read the answer, and nobody else's
		return Area{Folders: []string{catalog.WorkgroupName(l.Scope, persona)}}
	default:
		return l.Settings.Personas[persona].area(kind, tier, l.Domains)
	}
}

func (l *Lake) bucketARN(kind zone.Kind) string {
	return l.Account.BucketARN(l.Scope.Bucket(string(kind), l.Account.ID, l.Account.Region))
}

func (l *Lake) roleARN(persona string) string {
	return l.Settings.RoleARN(l.Account, l.Scope, persona)
}

// roleARNs gives the roles of personas, sorted.
func (l *Lake) roleARNs(personas []string) []string {
	var arns []string
	for _, name := range personas {
		arns = append(arns, l.roleARN(name))
	}
	slices.Sort(arns)
	return arns
}

// given gives those of some personas whose role somebody else has made.
func (l *Lake) given(personas []string) []string {
	return slices.DeleteFunc(slices.Clone(personas), func(name string) bool { return l.Settings.Personas[name].RoleARN == "" })
}

// made gives those of some personas whose role is made here.
func (l *Lake) made(personas []string) []string {
	return slices.DeleteFunc(slices.Clone(personas), func(name string) bool { return l.Settings.Personas[name].RoleARN != "" })
}

// personaPattern matches the roles that were made for personas, those that are not configured any more too.
func (l *Lake) personaPattern() string {
	return l.Account.GlobalARN("iam", "role"+l.Scope.Path()+RoleName(l.Scope, "*"))
}

// personas are all roles of personas: those made here by their pattern, and those that were given.
func (l *Lake) personas() []string {
	return append([]string{l.personaPattern()}, l.roleARNs(l.given(l.Settings.Names()))...)
}

// exempt are those whom no default deny is about: the account's root user, whoever deploys, the jobs,
// crawlers and services of this environment (and with them the roles of its personas, of which other
// statements speak), and the administrators.
func (l *Lake) exempt() []string {
	return slices.Concat(
		[]string{l.Account.Root()}, l.Deployers(), []string{l.Account.GlobalARN("iam", "role"+l.Scope.Path()+"*")},
		slices.Sorted(slices.Values(l.Settings.Administrators)))
}

// Deployers are patterns for the ARNs of everybody who deploys.
func (l *Lake) Deployers() []string {
	below := l.Scope.DeployPath() + "*"
	return []string{l.Account.GlobalARN("iam", "role"+below), l.Account.GlobalARN("iam", "user"+below)}
}

// keepOut denies others than some: whoever is neither exempt nor among the personas of the list. AWS's own
// services, such as the one that delivers access logs, are no principals of the account; a request
// that says nothing of either is denied.
func (l *Lake) keepOut(sid string, actions, resources, allowed []string) policy.Statement {
	return policy.Statement{
		Sid: sid, Effect: policy.Deny, Principal: &policy.Principal{Everyone: true}, Actions: actions, Resources: resources,
		Conditions: policy.Conditions{
			"ArnNotLike":   {"aws:PrincipalArn": append(l.exempt(), l.roleARNs(l.given(allowed))...)},
			"BoolIfExists": {"aws:PrincipalIsAWSService": {"false"}},
		},
	}
}

// limitPersonas denies the roles made for personas, except those of the list. Jobs have the same path, so
// keepOut leaves them out and this names them.
func (l *Lake) limitPersonas(sid string, actions, resources, allowed []string) policy.Statement {
	conditions := policy.Conditions{"ArnLike": {"aws:PrincipalArn": {l.personaPattern()}}}
	if made := l.made(allowed); len(made) > 0 {
		conditions["ArnNotLike"] = map[string][]string{"aws:PrincipalArn": l.roleARNs(made)}
	}
	return policy.Statement{
		Sid: sid, Effect: policy.Deny, Principal: &policy.Principal{Everyone: true},
		Actions: actions, Resources: resources, Conditions: conditions,
	}
}

// CheckDeployer refuses a role that the policies would shut out, given the ARN of its session: the next project could
// not upload its code. That has the role's
// name and not its path, so only names are compared: those of deploy roles begin like every name of the
// environment. Of users nothing is said; they are few, and the root user is one.
func (l *Lake) CheckDeployer(session string) error {
	role, isSession := policy.SessionRole(session)
	if len(l.Settings.Personas) == 0 || !isSession || strings.HasPrefix(role, l.Scope.Name("")) {
		return nil
	}
	if slices.ContainsFunc(l.Settings.Administrators, func(arn string) bool { return strings.HasSuffix(arn, "/"+role) }) {
		return nil
	}
	return fmt.Errorf("access.administrators: the personas' policies would shut out %s, who is deploying: "+
		"add the ARN of its role, or deploy with a role that the bootstrap project made", session)
}
