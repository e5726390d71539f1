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
// ("glue:Get*"), or by what they are about. A boundary grants nothing by that. Its statements have numbers, for what is
// together has no name in common, and nobody is shown one: a boundary has no statements that deny.
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
	document.Statements = unrelated(onSame(append(document.Statements, together(roughly(p, recorded))...)))
	for i := range document.Statements {
		document.Statements[i].Sid = fmt.Sprint("Limit", i+1)
	}
	return document, document.CheckManaged()
}

// roughly leaves to the roles' own policies which networks of the account are the environment's, what tags new things
// must have, and how exactly Glue names the log groups with the environment's name: it would take a third of the room.
func roughly(p *Params, statements []policy.Statement) []policy.Statement {
	for i, statement := range statements {
		switch everything := slices.Contains(statement.Resources, "*"); {
		case strings.HasPrefix(statement.Actions[0], "ec2:") && !everything:
			statements[i].Resources, statements[i].Conditions = []string{p.Account.ARN("ec2", "*")}, nil
		case everything && statement.Conditions != nil:
			statements[i].Conditions = p.inRegion()
		}
		for j, resource := range statement.Resources {
			if prefix := p.Account.ARN("logs", "log-group:/aws-glue/"); strings.HasPrefix(resource, prefix) {
				statements[i].Resources[j] = prefix + "*" + p.Scope.Name("*")
			}
		}
	}
	return statements
}

// unrelated puts statements about different services into one: no action of one fits a resource of another, so that
// it means the same, and each statement less saves the room of its frame. Those with a condition, or about everything,
// stay as they are.
func unrelated(statements []policy.Statement) []policy.Statement {
	var out []policy.Statement
	var taken [][]string // services of the statements of out; nil for those that stay alone
	for _, statement := range statements {
		services := servicesOf(statement)
		at := -1
		if services != nil {
			at = slices.IndexFunc(taken, func(others []string) bool {
				return others != nil && !slices.ContainsFunc(services, func(one string) bool { return slices.Contains(others, one) })
			})
		}
		if at < 0 {
			out, taken = append(out, statement), append(taken, services)
			continue
		}
		out[at].Actions = sorted(slices.Concat(out[at].Actions, statement.Actions))
		out[at].Resources = sorted(slices.Concat(out[at].Resources, statement.Resources))
		taken[at] = append(taken[at], services...)
	}
	return out
}

// servicesOf gives the services of the actions and of the resources of a statement, or nil when it has to stay alone.
func servicesOf(statement policy.Statement) []string {
	if statement.Conditions != nil {
		return nil
	}
	var services []string
	for _, action := range statement.Actions {
		service, _, _ := strings.Cut(action, ":")
		services = append(services, service)
	}
	for _, resource := range statement.Resources {
		parts := strings.SplitN(resource, ":", 4) // arn, partition, service, rest
		if len(parts) < 4 {
			return nil
		}
		services = append(services, parts[2])
	}
	return sorted(services)
}

// together joins statements of one service that have no condition and name their resources. Those that
// only read stay apart from those that write, without the resources that the others let them read as
// well. What reads everything of a kind is in one statement, and so is the passing of roles.
func together(statements []policy.Statement) []policy.Statement {
	var out []policy.Statement
	at := map[string]int{}
	for _, statement := range statements {
		service, _, _ := strings.Cut(statement.Actions[0], ":")
		reads := !slices.ContainsFunc(statement.Actions, func(action string) bool { return !isRead(action) })
		everything := slices.Contains(statement.Resources, "*")
		if !everything || statement.Conditions != nil {
			statement.Actions = byVerb(statement.Actions)
		}
		if service == "kms" && reads {
			statement.Resources = anyKey(statement.Resources)
		}
		key := fmt.Sprint(service, reads)
		switch {
		case slices.Equal(statement.Actions, []string{"iam:PassRole"}):
			key = statement.Actions[0]
		case statement.Conditions != nil:
			key = fmt.Sprint(service, statement.Resources, statement.Conditions)
		case everything && reads:
			key = "*"
		}
		found, known := at[key]
		if !known {
			at[key] = len(out)
			out = append(out, statement)
			continue
		}
		out[found].Actions = sorted(append(slices.Clone(out[found].Actions), statement.Actions...))
		out[found].Resources = widest(append(slices.Clone(out[found].Resources), statement.Resources...))
		out[found].Conditions = either(out[found].Conditions, statement.Conditions)
	}
	for key, reading := range at {
		if service, found := strings.CutSuffix(key, "true"); found {
			if writing, found := at[service+"false"]; found {
				out[reading].Resources = beyond(out[reading], out[writing])
			}
		}
	}
	return slices.DeleteFunc(out, func(s policy.Statement) bool { return len(s.Resources) == 0 })
}

// onSame joins statements about the same resources under the same conditions.
func onSame(statements []policy.Statement) []policy.Statement {
	var out []policy.Statement
	for _, statement := range statements {
		at := slices.IndexFunc(out, func(other policy.Statement) bool {
			return fmt.Sprint(statement.Conditions) == fmt.Sprint(other.Conditions) && slices.Equal(statement.Resources, other.Resources)
		})
		if at < 0 {
			out = append(out, statement)
			continue
		}
		out[at].Actions = sorted(slices.Concat(out[at].Actions, statement.Actions))
	}
	return out
}

// anyKey makes one pattern of the keys of all regions: how a key is set up is no secret.
func anyKey(resources []string) []string {
	var out []string
	for _, resource := range resources {
		parts := strings.SplitN(resource, ":", 6) // arn, partition, service, region, account, what it is
		if len(parts) == 6 {
			parts[3] = "*"
			if strings.HasPrefix(parts[5], "key/") {
				parts[5] = "key/*"
			}
			resource = strings.Join(parts, ":")
		}
		out = append(out, resource)
	}
	return sorted(out)
}

// either joins conditions that ask for values of the same keys.
func either(one, other policy.Conditions) policy.Conditions {
	if one == nil {
		return nil
	}
	joined := policy.Conditions{}
	for operator, keys := range one {
		joined[operator] = map[string][]string{}
		for key, values := range keys {
			joined[operator][key] = sorted(slices.Concat(values, other[operator][key]))
		}
	}
	return joined
}

// beyond gives the resources of a statement that another one does not allow the same on.
func beyond(statement, other policy.Statement) []string {
	for _, action := range statement.Actions {
		if !slices.Contains(other.Actions, action) {
			return statement.Resources
		}
	}
	return slices.DeleteFunc(slices.Clone(statement.Resources), func(resource string) bool {
		return slices.ContainsFunc(other.Resources, func(pattern string) bool { return policy.Like(pattern, resource) })
	})
}

// nouns are the things that deployers do everything with: how they are set up is all there is to them, or, of queues and
// topics, the actions on what is in them have other names. Of things that a service knows no resource for, a verb would
// bring along those that it knows one for.
var nouns = map[string][]string{
	"cloudwatch": {"*Alarm*", "*Dashboard*", "*Resource"},
	"events":     {"*Resource", "*Rule", "*Targets"},
	"glue":       {"*SecurityConfiguration", "CreateDataQualityRuleset"},
	"sns":        {"*Resource", "*SubscriptionAttributes", "*Topic*"},
	"sqs":        {"*Queue*"},
}

// byVerb shortens actions to their service and noun, or else verb, except where a verb would let in something of
// another kind: iam and kms have writing actions that give rights away, and Secrets Manager and Lake
// Formation call it getting to read a secret or data.
func byVerb(actions []string) []string {
	var short []string
	for _, action := range actions {
		service, name, _ := strings.Cut(action, ":")
		exact := service == "secretsmanager" || (service == "iam" || service == "kms") && !isRead(action) ||
			service == "lakeformation" && strings.HasPrefix(name, "Get")
		noun := slices.IndexFunc(nouns[service], func(pattern string) bool { return policy.Like(pattern, name) })
		switch {
		case noun >= 0:
			action = service + ":" + nouns[service][noun]
		case !exact:
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

// widest makes one pattern of a bucket and its objects, and of things of Glue that have the same name, and
// leaves out resources that another one of the list covers.
func widest(resources []string) []string {
	names := map[string]int{}
	for _, resource := range resources {
		names[glueName(resource)]++
	}
	for i, resource := range resources {
		if name := glueName(resource); name != "" && names[name] > 1 {
			resources[i] = name
		}
	}
	for i, resource := range resources {
		if !strings.HasSuffix(resource, "*") && slices.Contains(resources, resource+"/*") {
			resources[i] = resource + "*"
		}
	}
	resources = sorted(resources)
	return slices.DeleteFunc(slices.Clone(resources), func(one string) bool {
		return slices.ContainsFunc(resources, func(other string) bool { return other != one && policy.Like(other, one) })
	})
}

// glueName is a thing of Glue, whatever it is, with this one's name; empty for other resources.
func glueName(resource string) string {
	before, name, found := strings.Cut(resource, "/")
	end := strings.LastIndex(before, ":")
	if !found || !strings.Contains(before, ":glue:") {
		return ""
	}
	return before[:end+1] + "*/" + strings.TrimSuffix(name, "/*")
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
