package deploypolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/policy"
)

// Deploy gives the policies of a role that deploys the layers. Of Bootstrap it gets only what reads: a
// deployment of the whole chain finds that nothing has changed there, and an administrator changes it.
func Deploy(p *Params, layers ...Layer) ([]policy.Document, error) {
	statements, err := recordedStatements(p, layers, func(layer Layer, action string) bool {
		return layer != Bootstrap || isRead(action)
	})
	if err != nil {
		return nil, err
	}
	return pack(slices.Concat(guard(p), writeState(p, layers), statements))
}

// Plan gives the policies of the role that previews every layer and can change nothing. It reads how
// things are set up and not what is in them: whoever opens a pull request must not read the lake, nor logs, in which jobs
// may show data.
func Plan(p *Params) ([]policy.Document, error) {
	statements, err := recordedStatements(p, Chain(), func(_ Layer, action string) bool {
		return isRead(action) && !strings.HasPrefix(action, "s3:GetObject") && action != "logs:GetLogEvents"
	})
	if err != nil {
		return nil, err
	}
	return pack(slices.Concat(readState(p), statements))
}

// Administer gives the policies of whoever deploys the bootstrap project itself, from the first time on.
// No role with them is made: whoever has them could make itself an administrator.
func Administer(p *Params) ([]policy.Document, error) {
	statements, err := recordedStatements(p, []Layer{Bootstrap}, func(Layer, string) bool { return true })
	if err != nil {
		return nil, err
	}
	return pack(slices.Concat(writeState(p, []Layer{Bootstrap}), statements))
}

// actionsOf are the recorded and the unrecorded actions of a layer, sorted.
func actionsOf(layer Layer) ([]string, error) {
	recording, err := Recorded()
	if err != nil {
		return nil, err
	}
	recording.Merge(layer, slices.Collect(maps.Keys(unrecorded[layer])))
	return recording[layer], nil
}

// recordedStatements gives the actions of the layers, those with the same resources and conditions in
// one statement.
func recordedStatements(p *Params, layers []Layer, wanted func(Layer, string) bool) ([]policy.Statement, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	groups := grouped{byKey: map[string]policy.Statement{}}
	var problems []error
	for _, layer := range layers {
		actions, err := actionsOf(layer)
		if err != nil {
			return nil, err
		}
		for _, action := range actions {
			if !wanted(layer, action) {
				continue
			}
			scopes, err := scopesOf(layer, action)
			problems = append(problems, err)
			for _, where := range scopes {
				problems = append(problems, groups.add(where, p, layer, action))
			}
		}
	}
	return groups.statements(), errors.Join(problems...)
}

// grouped collects actions by what they have in common.
type grouped struct {
	order []string
	byKey map[string]policy.Statement
}

// add allows an action where the scope says. Where the environment has nothing of that kind it is left out.
func (g *grouped) add(where scope, p *Params, layer Layer, action string) error {
	statement := policy.Statement{Effect: policy.Allow, Resources: where.resources(p, layer)}
	if len(statement.Resources) == 0 {
		return nil
	}
	if where.conditions != nil {
		statement.Conditions = where.conditions(p)
	}
	if slices.Contains(statement.Resources, "*") && where.everywhere == "" {
		return fmt.Errorf("%s is allowed on every resource without a reason", action)
	}
	key := where.sid + fmt.Sprint(statement.Resources)
	merged, found := g.byKey[key]
	if !found {
		g.order = append(g.order, key)
		statement.Sid = sidOf(where.sid, layer)
		merged = statement
	}
	if !slices.Contains(merged.Actions, action) {
		merged.Actions = append(merged.Actions, action)
	}
	g.byKey[key] = merged
	return nil
}

func (g *grouped) statements() []policy.Statement {
	var statements []policy.Statement
	for _, key := range g.order {
		statement := g.byKey[key]
		slices.Sort(statement.Actions)
		statements = append(statements, statement)
	}
	return statements
}

// sidOf tells the statements of two layers apart that have the same kind of resource.
func sidOf(sid string, layer Layer) string {
	return sid + "Of" + strings.ToUpper(string(layer)[:1]) + string(layer)[1:]
}

// pack puts statements into as few documents as keep below IAM's limit, in their order: the guard and
// what it guards stay together.
func pack(statements []policy.Statement) ([]policy.Document, error) {
	var documents []policy.Document
	current := policy.Document{}
	for _, statement := range statements {
		larger := policy.Document{Statements: append(slices.Clone(current.Statements), statement)}
		if len(current.Statements) > 0 && larger.CheckManaged() != nil {
			documents = append(documents, current)
			larger = policy.Document{Statements: []policy.Statement{statement}}
		}
		current = larger
	}
	documents = append(documents, current)
	var problems []error
	for _, document := range documents {
		problems = append(problems, document.CheckManaged())
	}
	return documents, errors.Join(problems...)
}
