package pulumitest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
)

// everyResource are the actions that may be allowed on "*", each with AWS's reason (Service
// Authorization Reference). Those that change something need a condition besides.
var everyResource = map[string]string{
	"cloudwatch:PutMetricData":  "CloudWatch knows no resource for it",
	"iam:ListVirtualMFADevices": "IAM lists the devices of all users at once",
	"kms:ListAliases":           "KMS lists the aliases of all keys at once",
	"lakeformation:*":           "Lake Formation knows no resources: its own settings and grants decide",
}

// Document reads one policy among a resource's inputs, "policy" or "assumeRolePolicy".
func Document(t *testing.T, resource Resource, property string) policy.Document {
	t.Helper()
	text, found := resource.Inputs[property].(string)
	if !found {
		t.Fatalf("%s %s has no %s", resource.Type, resource.Name, property)
	}
	document, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s %s: %s: %v", resource.Type, resource.Name, property, err)
	}
	return document
}

func checkPolicies(t *testing.T, resource Resource) {
	t.Helper()
	for _, property := range []string{"policy", "assumeRolePolicy"} {
		if _, found := resource.Inputs[property].(string); !found {
			continue
		}
		for _, s := range Document(t, resource, property).Statements {
			where := fmt.Sprintf("%s %s, statement %s", resource.Type, resource.Name, s.Sid)
			if s.Sid == "" {
				t.Errorf("%s has no Sid", where)
			}
			if s.Effect == policy.Allow {
				checkAllow(t, where, resource, s)
			}
		}
	}
}

func checkAllow(t *testing.T, where string, resource Resource, s policy.Statement) {
	t.Helper()
	if len(s.NotActions)+len(s.NotResources) > 0 {
		t.Errorf("%s allows all but a list", where)
	}
	for _, action := range s.Actions {
		service, name, _ := strings.Cut(action, ":")
		// A boundary grants nothing, so there a verb may stand for its actions.
		verb := isBoundary(resource) && strings.HasSuffix(name, "*") && strings.Count(name, "*") == 1 && len(name) > 1
		if strings.Contains(service, "*") || strings.Contains(name, "*") && !verb {
			t.Errorf("%s allows %s", where, action)
		}
	}
	if s.Principal != nil && s.Principal.Everyone {
		t.Errorf("%s allows everybody", where)
	}
	if s.Principal != nil && len(s.Principal.Services) > 0 && s.Conditions == nil {
		t.Errorf("%s lets a service act for anybody's account", where)
	}
	// In a bucket or key policy "*" is the bucket's or the key's own.
	ownPolicy := resource.Type == "aws:s3/bucketPolicy:BucketPolicy" || resource.Type == "aws:kms/key:Key"
	if slices.Contains(s.Resources, "*") && !ownPolicy {
		for _, action := range s.Actions {
			service, name, _ := strings.Cut(action, ":")
			if everyResource[action]+everyResource[service+":*"] == "" || s.Conditions == nil && !strings.HasPrefix(name, "List") {
				t.Errorf("%s allows %s on every resource", where, action)
			}
		}
	}
}

func isBoundary(resource Resource) bool {
	name, _ := resource.Inputs["name"].(string)
	return resource.Type == "aws:iam/policy:Policy" && strings.HasSuffix(name, "-boundary")
}

// checkIdentity holds for users and roles: a boundary, which for those who deploy is one of its own; no
// rights of a user's own; no access key in the state; and a trust that names exactly who is meant.
func checkIdentity(t *testing.T, resource Resource) {
	t.Helper()
	switch resource.Type {
	case "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile",
		"aws:iam/userPolicy:UserPolicy", "aws:iam/userPolicyAttachment:UserPolicyAttachment":
		t.Errorf("%s %s: a user has neither keys nor a password nor rights of its own", resource.Type, resource.Name)
	case "aws:iam/user:User", "aws:iam/role:Role":
		boundary, _ := resource.Inputs["permissionsBoundary"].(string)
		if boundary == "" {
			t.Errorf("%s %s has no permission boundary", resource.Type, resource.Name)
		}
		path, _ := resource.Inputs["path"].(string)
		if len(path) < 3 {
			t.Errorf("%s %s has no path", resource.Type, resource.Name)
		}
	}
	if resource.Type == "aws:iam/role:Role" {
		for _, s := range Document(t, resource, "assumeRolePolicy").Statements {
			checkTrust(t, resource, s)
		}
	}
}

func checkTrust(t *testing.T, resource Resource, s policy.Statement) {
	t.Helper()
	where := fmt.Sprintf("role %s, statement %s", resource.Name, s.Sid)
	equals := s.Conditions["StringEquals"]
	switch p := s.Principal; {
	case p == nil || len(p.AWS)+len(p.Services)+len(p.Federated) != 1:
		t.Errorf("%s does not trust exactly one principal: %+v", where, p)
	case len(p.Services) == 1:
		if !slices.Equal(equals["aws:SourceAccount"], []string{AccountID}) {
			t.Errorf("%s trusts a service for any account", where)
		}
	case len(p.AWS) == 1:
		if !slices.Equal(s.Conditions["ArnEquals"]["aws:PrincipalArn"], p.AWS) {
			t.Errorf("%s does not name its principal once more", where)
		}
	default:
		const issuer = "token.actions.githubusercontent.com"
		if !slices.Equal(equals[issuer+":aud"], []string{"sts.amazonaws.com"}) || len(equals[issuer+":sub"]) != 1 ||
			strings.ContainsAny(equals[issuer+":sub"][0], "*?") || len(s.Conditions) != 1 {
			t.Errorf("%s trusts more than one subject: %v", where, s.Conditions)
		}
	}
}
