package policy

import "testing"

func TestForms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ role, principal bool }{
		"arn:aws:iam::123456789012:role/team/job":       {true, true},
		"arn:aws-us-gov:iam::123456789012:role/job":     {true, true},
		"arn:aws:iam::123456789012:user/ci":             {false, true},
		"arn:aws:iam::123456789012:root":                {false, false},
		"arn:aws:iam::123456789012:role/*":              {false, false},
		"arn:aws:iam::12345:role/job":                   {false, false},
		"arn:aws:sts::123456789012:assumed-role/job/me": {false, false},
		"job": {false, false},
	}
	for text, test := range tests {
		if IsRoleARN(text) != test.role || IsPrincipalARN(text) != test.principal {
			t.Errorf("%s: role %v, principal %v", text, IsRoleARN(text), IsPrincipalARN(text))
		}
	}
}

func TestSessionRole(t *testing.T) {
	t.Parallel()
	if name, is := SessionRole("arn:aws:sts::123456789012:assumed-role/deploy/run-7"); name != "deploy" || !is {
		t.Errorf("got %q, %v", name, is)
	}
	if name, is := SessionRole("arn:aws:iam::123456789012:user/ci"); name != "" || is {
		t.Errorf("got %q, %v", name, is)
	}
}
