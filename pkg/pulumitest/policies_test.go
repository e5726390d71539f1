package pulumitest

import (
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
)

// A trust in the account passes when it leaves the roles of permission sets or the holders of a tag, and nothing else.
func TestOnlyNarrowTrustsInTheAccountPass(t *testing.T) {
	t.Parallel()
	const path = "arn:aws:iam::" + AccountID + ":role/aws-reserved/sso.amazonaws.com/"
	here := map[string][]string{"aws:PrincipalAccount": {AccountID}}
	roles := func(patterns ...string) policy.Conditions {
		return policy.Conditions{"ArnLike": {"aws:PrincipalArn": patterns}, "StringEquals": here}
	}
	tag := func(key string, values ...string) policy.Conditions {
		return policy.Conditions{"StringEquals": {"aws:PrincipalAccount": {AccountID}, key: values}}
	}
	for name, test := range map[string]struct {
		conditions policy.Conditions
		want       bool
	}{
		"permission set":        {roles(path+"AWSReservedSSO_Data_????????????????", path+"*/AWSReservedSSO_Data_????????????????"), true},
		"tag":                   {tag("aws:PrincipalTag/persona", "analyst"), true},
		"nothing":               {nil, false},
		"the account":           {policy.Conditions{"StringEquals": here}, false},
		"another account":       {policy.Conditions{"StringEquals": {"aws:PrincipalAccount": {"210987654321"}, "aws:PrincipalTag/persona": {"x"}}}, false},
		"every permission set":  {roles(path + "*"), false},
		"a beginning of a name": {roles(path + "AWSReservedSSO_Data_*"), false},
		"another path":          {roles("arn:aws:iam::" + AccountID + ":role/AWSReservedSSO_Data_????????????????"), false},
		"one of two is wide":    {roles(path+"AWSReservedSSO_Data_????????????????", "*"), false},
		"no pattern":            {roles(), false},
		"no value of a tag":     {tag("aws:PrincipalTag/persona"), false},
		"a variable":            {tag("aws:PrincipalTag/persona", "${aws:username}"), false},
		"no tag":                {tag("aws:username", "x"), false},
	} {
		if got := narrowsAccount(test.conditions); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
