package deploypolicy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/policy"
)

// scope says which resources of the environment actions may touch.
type scope struct {
	sid string // first part of the statement's Sid
	// None: this environment has nothing that the actions may touch.
	resources  func(p *Params, layer Layer) []string
	conditions func(p *Params) policy.Conditions // nil: none
	// Why the resource is "*": either AWS knows no resource for the action (Service Authorization
	// Reference), or what is made has no name yet.
	everywhere string
}

// rule gives actions their scope. The first rule that has an action counts.
type rule struct {
	actions []string // without their service; "*" and "?" as in policies
	layers  []Layer  // nil: all
	scope   scope
	also    []scope // further ones, each a statement of its own
}

// services are the rules by the first part of the action.
var services = map[string][]rule{
	"athena":         athenaRules,
	"cloudwatch":     cloudwatchRules,
	"dynamodb":       dynamodbRules,
	"ec2":            ec2Rules,
	"events":         eventsRules,
	"glue":           glueRules,
	"iam":            iamRules,
	"kms":            kmsRules,
	"lakeformation":  lakeformationRules,
	"logs":           logsRules,
	"s3":             s3Rules,
	"secretsmanager": secretsRules,
	"sns":            snsRules,
	"sqs":            sqsRules,
}

// forbidden are actions that no recording may bring into a policy: they read or make credentials.
var forbidden = []string{
	"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateServiceSpecificCredential", "iam:UpdateLoginProfile",
	"lakeformation:GetDataAccess", "lakeformation:GetTemporaryGluePartitionCredentials", "lakeformation:GetTemporaryGlueTableCredentials",
	"secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
}

// scopesOf finds the scopes of an action in a layer.
func scopesOf(layer Layer, action string) ([]scope, error) {
	if slices.Contains(forbidden, action) {
		return nil, fmt.Errorf("%s must not be in a deploy policy: it is about credentials", action)
	}
	service, name, _ := strings.Cut(action, ":")
	for _, r := range services[service] {
		if r.layers != nil && !slices.Contains(r.layers, layer) {
			continue
		}
		if slices.ContainsFunc(r.actions, func(pattern string) bool { return policy.Like(pattern, name) }) {
			return append([]scope{r.scope}, r.also...), nil
		}
	}
	return nil, fmt.Errorf("no rule says which resources %s of the layer %s may touch: add one to pkg/deploypolicy/scope_%s.go",
		action, layer, service)
}

// isRead reports whether an action changes nothing.
func isRead(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	for _, verb := range []string{"Describe", "Get", "Head", "List"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// fixed gives the same kind of resource in every layer.
func fixed(resources func(p *Params) []string) func(*Params, Layer) []string {
	return func(p *Params, _ Layer) []string { return resources(p) }
}

// anything is for actions that are not about one resource; a scope with it says why.
func anything(*Params, Layer) []string { return []string{"*"} }
