// Package pulumitest runs a whole program without an engine and records what it registers.
package pulumitest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Account and region of the pretended provider.
const (
	AccountID = "123456789012"
	Region    = "us-east-1"
)

// Resource is a resource that a program registered.
type Resource struct {
	Type           string
	Name           string
	Custom         bool     // a resource of a provider, not a component
	Parent         string   // URN
	Provider       string   // reference of the provider that was asked for; empty for the default one
	DependsOn      []string // URNs
	Protect        bool     // asked for by the program; children inherit it, see Recorder.Kept
	RetainOnDelete bool     // as Protect
	IgnoreChanges  []string // properties whose changes in the program are ignored
	Inputs         map[string]any
}

// Recorder pretends to be the engine and the provider.
type Recorder struct {
	// Upstream gives the outputs of other stacks by full stack name.
	Upstream map[string]map[string]any
	// Config is further stack configuration by full key, for example "aws:maxRetries".
	Config map[string]string
	// Functions answers what a program asks besides its account and region, by the function's token. A
	// question without an answer is an error.
	Functions map[string]func(inputs map[string]any) (map[string]any, error)
	// Region is the region of the pretended provider; empty for the constant Region.
	Region string
	// RouteTables are the URNs of registered route tables that a VPC of awsx has. What awsx makes is made in its plugin,
	// so that there is nothing of it here but its outputs.
	RouteTables []string
	// Preview runs the program as a preview does: outputs that only a deployment knows stay unknown.
	Preview bool

	mu        sync.Mutex // registrations arrive from several goroutines
	resources []Resource
}

// Run runs a program as project and stack with the settings object of the project, and gives the
// program's error. Settings are YAML-like Go values.
func (r *Recorder) Run(t *testing.T, program pulumi.RunFunc, project, stack string, settings map[string]any) error {
	t.Helper()
	return r.RunConfigured(t, program, project, stack, map[string]map[string]any{project: settings})
}

// RunConfigured is Run with settings for several projects, as a program over all of them needs.
func (r *Recorder) RunConfigured(
	t *testing.T, program pulumi.RunFunc, project, stack string, settings map[string]map[string]any,
) error {
	t.Helper()
	config := map[string]string{}
	maps.Copy(config, r.Config)
	for namespace, values := range settings {
		if values == nil {
			continue
		}
		raw, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		config[namespace+":settings"] = string(raw)
	}
	return pulumi.RunErr(program, pulumi.WithMocks(project, stack, r), func(info *pulumi.RunInfo) {
		info.Config = config
		info.DryRun = r.Preview
	})
}

// Resources gives what was registered, in no particular order.
func (r *Recorder) Resources() []Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Resource{}, r.resources...)
}

// OfType gives the resources of one type.
func (r *Recorder) OfType(token string) []Resource {
	var out []Resource
	for _, resource := range r.Resources() {
		if resource.Type == token {
			out = append(out, resource)
		}
	}
	return out
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:StackReference" {
		return r.stackReference(args)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	recorded := Resource{Type: args.TypeToken, Name: args.Name, Custom: args.Custom, Inputs: args.Inputs.Mappable()}
	if args.RegisterRPC != nil {
		recorded.Parent = args.RegisterRPC.GetParent()
		recorded.Provider = args.RegisterRPC.GetProvider()
		recorded.DependsOn = args.RegisterRPC.GetDependencies()
		recorded.Protect = args.RegisterRPC.GetProtect()
		recorded.RetainOnDelete = args.RegisterRPC.GetRetainOnDelete()
		recorded.IgnoreChanges = args.RegisterRPC.GetIgnoreChanges()
	}
	r.resources = append(r.resources, recorded)

	outputs := args.Inputs.Copy()
	id := args.Name + "-id"
	if name := physicalName(args.Inputs); name != "" {
		id = name
	}
	outputs["arn"] = resource.NewStringProperty(fmt.Sprintf("arn:aws:%s:%s:%s:%s", service(args.TypeToken), Region, AccountID, id))
	if args.TypeToken == "aws:s3/bucketV2:BucketV2" {
		outputs["arn"] = resource.NewStringProperty("arn:aws:s3:::" + id)
	}
	if args.TypeToken == vpcType {
		r.vpcOutputs(args, outputs)
	}
	if args.TypeToken == endpointType {
		outputs["prefixListId"] = resource.NewStringProperty("pl-of-" + args.Name)
	}
	if args.TypeToken == "pulumi:index:Stash" {
		outputs["output"] = args.Inputs["input"]
	}
	if kind, found := iamKinds[args.TypeToken]; found {
		where := "/"
		if value, set := args.Inputs["path"]; set && value.IsString() {
			where = value.StringValue()
		}
		outputs["arn"] = resource.NewStringProperty("arn:aws:iam::" + AccountID + ":" + kind + where + id)
	}
	if args.TypeToken == "aws:glue/workflow:Workflow" {
		outputs["arn"] = resource.NewStringProperty("arn:aws:glue:" + Region + ":" + AccountID + ":workflow/" + id)
	}
	if args.TypeToken == "aws:kms/key:Key" {
		keyID := fmt.Sprintf("%036s", id) // as long as the id of a real key
		outputs["keyId"] = resource.NewStringProperty(keyID)
		outputs["arn"] = resource.NewStringProperty("arn:aws:kms:" + Region + ":" + AccountID + ":key/" + keyID)
	}
	return id, outputs, nil
}

// iamKinds are the types whose ARN has a path and no region.
var iamKinds = map[string]string{
	"aws:iam/group:Group": "group", "aws:iam/policy:Policy": "policy", "aws:iam/role:Role": "role", "aws:iam/user:User": "user",
}

// Named gives the resource of a type and a name, or the zero value.
func (r *Recorder) Named(token, name string) Resource {
	for _, resource := range r.OfType(token) {
		if resource.Name == name {
			return resource
		}
	}
	return Resource{}
}

// Kept reports whether a resource is protected and whether it is retained, itself or by a component
// above it: the engine hands both down.
func (r *Recorder) Kept(resource Resource) (protected, retained bool) {
	for {
		protected, retained = protected || resource.Protect, retained || resource.RetainOnDelete
		above := r.parent(resource)
		if above.Type == "" {
			return protected, retained
		}
		resource = above
	}
}

// parent finds the component above a resource by the last two parts of its URN, type and name.
func (r *Recorder) parent(resource Resource) Resource {
	parts := strings.Split(resource.Parent, "::")
	if len(parts) < 4 {
		return Resource{}
	}
	types := strings.Split(parts[2], "$")
	return r.Named(types[len(types)-1], parts[3])
}

// Call implements pulumi.MockResourceMonitor.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.NewPropertyMapFromMap(map[string]any{
			"accountId": AccountID, "arn": "arn:aws:iam::" + AccountID + ":user/test", "id": AccountID, "userId": "AIDATEST",
		}), nil
	case "aws:index/getRegion:getRegion":
		return resource.NewPropertyMapFromMap(map[string]any{
			"name": cmp.Or(r.Region, Region), "id": cmp.Or(r.Region, Region), "description": "test", "endpoint": "test",
		}), nil
	default:
		answer, known := r.Functions[args.Token]
		if !known {
			return nil, fmt.Errorf("the test does not know the function %s", args.Token)
		}
		values, err := answer(args.Args.Mappable())
		return resource.NewPropertyMapFromMap(values), err
	}
}

func (r *Recorder) stackReference(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	stack := args.Inputs["name"].StringValue()
	outputs, found := r.Upstream[stack]
	if !found {
		return "", nil, fmt.Errorf("unknown stack %q", stack)
	}
	return stack, resource.PropertyMap{
		"name":    resource.NewStringProperty(stack),
		"outputs": resource.NewObjectProperty(resource.NewPropertyMapFromMap(maps.Clone(outputs))),
	}, nil
}

// physicalName gives the name a resource will have at AWS, if the program set one.
func physicalName(inputs resource.PropertyMap) string {
	for _, key := range []resource.PropertyKey{"bucket", "name"} {
		if value, found := inputs[key]; found && value.IsString() {
			return value.StringValue()
		}
	}
	return ""
}

func service(token string) string {
	parts := strings.FieldsFunc(token, func(c rune) bool { return c == ':' || c == '/' })
	if len(parts) < 2 {
		return token
	}
	return parts[1]
}
