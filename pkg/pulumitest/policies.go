package pulumitest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
)

// everyResource are the actions that may be allowed on "*", each with AWS's reason (Service
// Authorization Reference). Those that change something need a condition besides.
var everyResource = map[string]string{
	"cloudwatch:PutMetricData":      "CloudWatch knows no resource for it",
	"ec2:Describe*":                 "EC2 knows no resources for looking at a network",
	"glue:*SecurityConfiguration":   "Glue knows no resources for security configurations",
	"glue:CreateDataQualityRuleset": "Glue knows no resource for a ruleset before it is made",
	"iam:ListVirtualMFADevices":     "IAM lists the devices of all users at once",
	"kms:ListAliases":               "KMS lists the aliases of all keys at once",
	"logs:DescribeLogGroups":        "CloudWatch Logs lists all groups or none",
	"sns:*SubscriptionAttributes":   "SNS knows no resource for what is asked of one subscription",
	"sns:Unsubscribe*":              "as sns:*SubscriptionAttributes",
	"lakeformation:*":               "Lake Formation knows no resources: its own settings and grants decide",
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
			switch {
			case s.Effect != policy.Allow:
			case resource.Type == endpointType:
				checkEndpointAllow(t, where, s)
			default:
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
		// A boundary grants nothing, so there a verb may stand for its actions, or what they are about.
		word := strings.TrimPrefix(strings.TrimSuffix(name, "*"), "*")
		if strings.Contains(service, "*") || strings.Contains(word, "*") || word == "" || word != name && !isBoundary(resource) {
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
	ownPolicy := slices.Contains([]string{"aws:s3/bucketPolicy:BucketPolicy", "aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"}, resource.Type)
	if slices.Contains(s.Resources, "*") && !ownPolicy {
		for _, action := range s.Actions {
			known := false
			for pattern := range everyResource {
				known = known || policy.Like(pattern, action)
			}
			if _, name, _ := strings.Cut(action, ":"); !known || s.Conditions == nil && !reads(name) {
				t.Errorf("%s allows %s on every resource", where, action)
			}
		}
	}
}

func reads(name string) bool {
	return strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "Describe")
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
	case len(p.AWS) == 1 && strings.HasSuffix(p.AWS[0], ":root"):
		if !narrowsAccount(s.Conditions) {
			t.Errorf("%s trusts the whole account: %v", where, s.Conditions)
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

// permissionSetForm is a pattern that matches the roles of one permission set and of no other.
var permissionSetForm = regexp.MustCompile(
	`^arn:aws:iam::` + AccountID + `:role/aws-reserved/sso\.amazonaws\.com/(\*/)?AWSReservedSSO_[A-Za-z0-9_+=,.@-]+_\?{16}$`)

// narrowsAccount reports whether the conditions of a trust in the account leave exactly the roles of permission
// sets, or exactly the principals with a value of one tag.
func narrowsAccount(conditions policy.Conditions) bool {
	equals, like := conditions["StringEquals"], conditions["ArnLike"]
	if !slices.Equal(equals["aws:PrincipalAccount"], []string{AccountID}) {
		return false
	}
	if len(conditions) == 2 && len(like) == 1 && len(equals) == 1 {
		patterns := like["aws:PrincipalArn"]
		return len(patterns) > 0 && !slices.ContainsFunc(patterns, func(p string) bool { return !permissionSetForm.MatchString(p) })
	}
	for key, values := range equals {
		if name, found := strings.CutPrefix(key, "aws:PrincipalTag/"); found {
			return len(conditions) == 1 && len(equals) == 2 && name != "" && len(values) > 0 &&
				!strings.Contains(strings.Join(values, ""), "${")
		}
	}
	return false
}
