// Package contract is what the projects promise each other: the outputs of one stack that the next
// one reads through a StackReference.
//
// Each project has one struct here, with Export on the side that deploys it and a Read function on
// the other. Nothing else may read a StackReference: Pulumi answers an unknown value for a missing
// output in a preview, so that only `up` would fail, half way through.
package contract

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The project names, as in each folder's Pulumi.yaml.
const (
	ProjectBootstrap = "bootstrap"
	ProjectDatalake  = "datalake"
	ProjectMPP       = "mpp"
)

// StackName is the full name of a project's stack in an environment. A backend that is a bucket or
// a folder has no organizations and calls its only one "organization".
func StackName(project, environment string) string {
	return "organization/" + project + "/" + environment
}

// export makes values outputs of the running stack.
func export(ctx *pulumi.Context, outputs pulumi.Map) {
	for name, value := range outputs {
		ctx.Export(name, value)
	}
}

// reader collects the outputs of one upstream stack and every problem with them, so that a person
// sees all that is missing at once.
type reader struct {
	ref      *pulumi.StackReference
	stack    string
	problems []error
}

func open(ctx *pulumi.Context, project string) (*reader, error) {
	stack := StackName(project, ctx.Stack())
	ref, err := pulumi.NewStackReference(ctx, stack, nil)
	if err != nil {
		return nil, fmt.Errorf("reading stack %s: %w (deploy the %s project first)", stack, err, project)
	}
	return &reader{ref: ref, stack: stack}, nil
}

// required gives a required output as it is. It is found wanting, and nil, when it is missing or a secret.
func (r *reader) required(output string) any {
	details, err := r.ref.GetOutputDetails(output)
	switch {
	case err != nil:
		r.fail(output, err.Error())
	case details.SecretValue != nil:
		r.fail(output, "is a secret; nothing secret may cross a stack reference")
	case details.Value == nil:
		r.fail(output, "is missing; run `pulumi up` in that project again")
	default:
		return details.Value
	}
	return nil
}

// text gives a required string output.
func (r *reader) text(output string) pulumi.StringOutput {
	return pulumi.String(r.word(output)).ToStringOutput()
}

// word gives a required text as it is, for what decides which resources there are.
func (r *reader) word(output string) string {
	value := r.required(output)
	text, ok := value.(string)
	if value != nil && (!ok || text == "") {
		r.fail(output, fmt.Sprintf("is %#v, want a string that is not empty", value))
	}
	return text
}

// flag gives a required truth value as it is, for what decides which resources there are.
func (r *reader) flag(output string) bool {
	value := r.required(output)
	flag, ok := value.(bool)
	if value != nil && !ok {
		r.fail(output, fmt.Sprintf("is %#v, want true or false", value))
	}
	return flag
}

// objects gives a required output that holds objects by name, each with these texts, as they are: the
// names decide which resources there are.
func (r *reader) objects(output string, fields ...string) map[string]map[string]string {
	value := r.required(output)
	objects, ok := value.(map[string]any)
	if value != nil && !ok {
		r.fail(output, fmt.Sprintf("is %#v, want an object", value))
	}
	all := map[string]map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		all[name] = map[string]string{}
		object, _ := objects[name].(map[string]any)
		for _, field := range fields {
			if all[name][field], _ = object[field].(string); all[name][field] == "" {
				r.fail(output, fmt.Sprintf("has no text %s.%s; run `pulumi up` in that project again", name, field))
			}
		}
	}
	return all
}

func (r *reader) fail(output, problem string) {
	r.problems = append(r.problems, fmt.Errorf("output %q of stack %s %s", output, r.stack, problem))
}

func (r *reader) err() error {
	return errors.Join(r.problems...)
}
