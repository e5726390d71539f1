package deploypolicy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tarn-data/tarn/pkg/policy"
)

// DeployBoundary is the most that an identity which deploys can ever do: the service user, every deploy
// role and the plan role. It is made of the same data as their policies, so that a policy which
// somebody attaches by hand gives nothing beyond them; it needs no guard, because it allows nothing of
// what the guard denies. It cannot be the boundary of the workloads, which forbids just what deployers
// are for: to make roles and to become one.
//
// To stay below IAM's limit it puts everything of a service together and names actions by their verb
// ("glue:Get*"). A boundary grants nothing by that.
func DeployBoundary(p *Params) (policy.Document, error) {
	recorded, err := recordedStatements(p, Chain(), func(layer Layer, action string) bool {
		return layer != Bootstrap || isRead(action)
	})
	if err != nil {
		return policy.Document{}, err
	}
	state := p.Account.BucketARN(p.StateBucket())
	useKeys := policy.UseKey("UseKeys", p.KeyARN)
	useKeys.Resources = append(useKeys.Resources, p.DataKeyARN)
	document := policy.Document{Statements: []policy.Statement{
		listState(state),
		{
			Sid: "WorkWithState", Effect: policy.Allow,
			Actions:   []string{"s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
			Resources: []string{state + "/.pulumi/*"},
		},
		{
			Sid: "HoldLease", Effect: policy.Allow,
			Actions:   []string{"dynamodb:GetItem", "dynamodb:UpdateItem"},
			Resources: []string{p.Account.ARN("dynamodb", "table/"+p.LockTable())},
		},
		useKeys,
		{
			Sid: "BecomeDeployRole", Effect: policy.Allow,
			Actions:   []string{"sts:AssumeRole"},
			Resources: []string{p.deployARN("role", "*")},
		},
	}}
	document.Statements = append(document.Statements, together(recorded)...)
	return document, document.CheckManaged()
}

// together joins statements of one service that have no condition and name their resources. Those of
// the bootstrap project, which only read, stay apart from those that write.
func together(statements []policy.Statement) []policy.Statement {
	var out []policy.Statement
	at := map[string]int{}
	for _, statement := range statements {
		service, _, _ := strings.Cut(statement.Actions[0], ":")
		if statement.Conditions != nil || slices.Contains(statement.Resources, "*") {
			out = append(out, statement)
			continue
		}
		reads := !slices.ContainsFunc(statement.Actions, func(action string) bool { return !isRead(action) })
		key := fmt.Sprint(service, reads)
		statement.Actions = byVerb(statement.Actions)
		found, known := at[key]
		if !known {
			at[key] = len(out)
			out = append(out, statement)
			continue
		}
		out[found].Actions = sorted(append(slices.Clone(out[found].Actions), statement.Actions...))
		out[found].Resources = widest(append(slices.Clone(out[found].Resources), statement.Resources...))
	}
	return out
}

// byVerb shortens actions to their service and verb, except where a verb would let in something of
// another kind: iam and kms have writing actions that give rights away, and Secrets Manager calls it
// getting to read a secret.
func byVerb(actions []string) []string {
	var short []string
	for _, action := range actions {
		service, name, _ := strings.Cut(action, ":")
		exact := service == "secretsmanager" || (service == "iam" || service == "kms") && !isRead(action)
		if !exact {
			action = service + ":" + verb(name) + "*"
		}
		short = append(short, action)
	}
	return sorted(short)
}

// verb is the first word of an action's name.
func verb(name string) string {
	if end := strings.IndexFunc(name[1:], unicode.IsUpper); end >= 0 {
		return name[:end+1]
	}
	return name
}

// widest makes one pattern of a bucket and its objects, and leaves out resources that another one of
// the list covers.
func widest(resources []string) []string {
	for i, resource := range resources {
		if slices.Contains(resources, resource+"/*") {
			resources[i] = resource + "*"
		}
	}
	resources = sorted(resources)
	return slices.DeleteFunc(slices.Clone(resources), func(one string) bool {
		return slices.ContainsFunc(resources, func(other string) bool { return other != one && policy.Like(other, one) })
	})
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
