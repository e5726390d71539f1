package policy

import (
	"strings"
	"testing"
)

const (
	aUser = "arn:aws:iam::111122223333:user/team/ann"
	aRole = "arn:aws:iam::111122223333:role/team/job"
	anObj = "arn:aws:s3:::lake/raw/ann/x.csv"
	aKey  = "arn:aws:kms:us-east-1:111122223333:key/k"
)

func parsed(t *testing.T, statements string) Document {
	t.Helper()
	document, err := Parse([]byte(`{"Version":"2012-10-17","Statement":` + statements + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestConditions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		condition string
		context   Context
		met       bool
	}{
		"equal":                         {`{"StringEquals":{"k":"a"}}`, Context{"k": {"a"}}, true},
		"other case":                    {`{"StringEquals":{"k":"a"}}`, Context{"k": {"A"}}, false},
		"other case, ignored":           {`{"StringEqualsIgnoreCase":{"k":"a"}}`, Context{"k": {"A"}}, true},
		"key in other case":             {`{"StringEquals":{"AWS:k":"a"}}`, Context{"aws:K": {"a"}}, true},
		"no wildcard in equals":         {`{"StringEquals":{"k":"a*"}}`, Context{"k": {"ab"}}, false},
		"wildcard in like":              {`{"StringLike":{"k":"a?c*"}}`, Context{"k": {"abcd"}}, true},
		"one of several":                {`{"StringEquals":{"k":["a","b"]}}`, Context{"k": {"b"}}, true},
		"every key counts":              {`{"StringEquals":{"k":"a","l":"b"}}`, Context{"k": {"a"}}, false},
		"every operator counts":         {`{"StringEquals":{"k":"a"},"Bool":{"l":"true"}}`, Context{"k": {"a"}, "l": {"false"}}, false},
		"missing":                       {`{"StringEquals":{"k":"a"}}`, nil, false},
		"missing, negated":              {`{"StringNotEquals":{"k":"a"}}`, nil, true},
		"missing, if exists":            {`{"StringEqualsIfExists":{"k":"a"}}`, nil, true},
		"there, if exists":              {`{"StringEqualsIfExists":{"k":"a"}}`, Context{"k": {"b"}}, false},
		"missing, negated, if exists":   {`{"StringNotEqualsIfExists":{"k":"a"}}`, nil, true},
		"there, negated, if exists":     {`{"StringNotEqualsIfExists":{"k":"a"}}`, Context{"k": {"a"}}, false},
		"null wants it missing":         {`{"Null":{"k":"true"}}`, nil, true},
		"null wants it there":           {`{"Null":{"k":"false"}}`, Context{"k": {""}}, true},
		"null wants it there, missing":  {`{"Null":{"k":false}}`, nil, false},
		"all values":                    {`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, Context{"k": {"a", "b"}}, true},
		"all values, one too many":      {`{"ForAllValues:StringEquals":{"k":["a"]}}`, Context{"k": {"a", "b"}}, false},
		"all values of nothing":         {`{"ForAllValues:StringEquals":{"k":["a"]}}`, nil, true},
		"any value":                     {`{"ForAnyValue:StringLike":{"k":["a*"]}}`, Context{"k": {"b", "ab"}}, true},
		"any value of nothing":          {`{"ForAnyValue:StringEquals":{"k":["a"]}}`, nil, false},
		"any value differs":             {`{"ForAnyValue:StringNotEquals":{"k":["a"]}}`, Context{"k": {"a", "b"}}, true},
		"boolean":                       {`{"Bool":{"k":true}}`, Context{"k": {"True"}}, true},
		"number":                        {`{"NumericLessThan":{"k":1.2}}`, Context{"k": {"1.1"}}, true},
		"number too large":              {`{"NumericLessThanEquals":{"k":"1"}}`, Context{"k": {"1.1"}}, false},
		"not a number":                  {`{"NumericGreaterThan":{"k":"1"}}`, Context{"k": {"x"}}, false},
		"ARN":                           {`{"ArnLike":{"k":"arn:aws:iam::*:role/a/*"}}`, Context{"k": {"arn:aws:iam::1:role/a/b/c"}}, true},
		"ARN of another account":        {`{"ArnEquals":{"k":"arn:aws:iam::1:role/a"}}`, Context{"k": {"arn:aws:iam::2:role/a"}}, false},
		"ARN wildcard ends at its part": {`{"ArnLike":{"k":"arn:aws:s3:*:1:x"}}`, Context{"k": {"arn:aws:s3:us:2:1:x"}}, false},
		"ARN, negated":                  {`{"ArnNotLike":{"k":"arn:aws:iam::1:policy/own/*"}}`, Context{"k": {"arn:aws:iam::aws:policy/Admin"}}, true},
		"variable":                      {`{"StringEquals":{"k":"${aws:username}"}}`, Context{"k": {"ann"}, "aws:username": {"ann"}}, true},
		"variable unknown":              {`{"StringEquals":{"k":"${aws:username}"}}`, Context{"k": {"${aws:username}"}}, false},
		"variable with default":         {`{"StringEquals":{"k":"${aws:PrincipalTag/team, 'none'}"}}`, Context{"k": {"none"}}, true},
		"variable unknown, negated":     {`{"StringNotEquals":{"k":"${aws:username}"}}`, Context{"k": {"a"}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := parsed(t, `{"Sid":"S","Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":`+test.condition+`}`)
			request := Request{Principal: "somebody", Action: "s3:GetObject", Resource: anObj, Context: test.context}
			d, err := Decide(request, Policies{Identity: []Document{document}})
			if err != nil || d.Allowed != test.met {
				t.Errorf("%+v, error %v", d, err)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	const (
		read       = `{"Sid":"Read","Effect":"Allow","Action":"s3:get*","Resource":"arn:aws:s3:::lake/*"}`
		denyAnn    = `{"Sid":"NotAnn","Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"*/ann"}}}`
		others     = `{"Sid":"Others","Effect":"Deny","NotAction":["s3:Get*","sts:AssumeRole"],"Resource":"*"}`
		elsewhere  = `{"Sid":"Elsewhere","Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::lake/raw/*"}`
		own        = `{"Sid":"Own","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/raw/${aws:username}/*"}`
		bucketAnn  = `{"Sid":"Ann","Effect":"Allow","Principal":{"AWS":"` + aUser + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}`
		bucketJob  = `{"Sid":"Job","Effect":"Allow","Principal":{"AWS":["` + aRole + `"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}`
		bucketAll  = `{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
		bucketLogs = `{"Sid":"Logs","Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"*"}`
		keyAccount = `{"Sid":"Account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:Decrypt","Resource":"*"}`
		keyJob     = `{"Sid":"Job","Effect":"Allow","Principal":{"AWS":"` + aRole + `"},"Action":"kms:Decrypt","Resource":"*"}`
		useKey     = `{"Sid":"Use","Effect":"Allow","Action":"kms:Decrypt","Resource":"` + aKey + `"}`
		writeOnly  = `{"Sid":"Write","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`
		trustAnn   = `{"Sid":"Trust","Effect":"Allow","Principal":{"AWS":"` + aUser + `"},"Action":"sts:AssumeRole"}`
		trustAll   = `{"Sid":"Trust","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`
		trustOIDC  = `{"Sid":"Trust","Effect":"Allow","Principal":{"Federated":"provider"},"Action":"sts:AssumeRoleWithWebIdentity"}`
		become     = `{"Sid":"Become","Effect":"Allow","Action":"sts:AssumeRole","Resource":"` + aRole + `"}`
	)
	tests := map[string]struct {
		principal, action, resource   string
		identity, boundary, resources []string
		allowed                       bool
		by                            string
	}{
		"nothing allows":                  {aUser, "s3:GetObject", anObj, nil, nil, nil, false, ""},
		"a policy allows":                 {aUser, "s3:GetObject", anObj, []string{read}, nil, nil, true, "Read"},
		"actions know no case":            {aUser, "S3:GETOBJECT", anObj, []string{read}, nil, nil, true, "Read"},
		"another action":                  {aUser, "s3:PutObject", anObj, []string{read}, nil, nil, false, ""},
		"another resource":                {aUser, "s3:GetObject", "arn:aws:s3:::other/x", []string{read}, nil, nil, false, ""},
		"a deny wins":                     {aUser, "s3:GetObject", anObj, []string{read, denyAnn}, nil, nil, false, "NotAnn"},
		"a deny for somebody else":        {aRole, "s3:GetObject", anObj, []string{read, denyAnn}, nil, nil, true, "Read"},
		"a deny of all but some actions":  {aUser, "s3:PutObject", anObj, []string{writeOnly, others}, nil, nil, false, "Others"},
		"an action that is left out":      {aUser, "s3:GetObject", anObj, []string{read, others}, nil, nil, true, "Read"},
		"a deny of all but some objects":  {aUser, "s3:GetObject", "arn:aws:s3:::lake/x", []string{read, elsewhere}, nil, nil, false, "Elsewhere"},
		"an object that is left out":      {aUser, "s3:GetObject", anObj, []string{read, elsewhere}, nil, nil, true, "Read"},
		"a variable in the resource":      {aUser, "s3:GetObject", anObj, []string{own}, nil, nil, true, "Own"},
		"a role has no user name":         {aRole, "s3:GetObject", anObj, []string{own}, nil, nil, false, ""},
		"the boundary lets pass":          {aRole, "s3:GetObject", anObj, []string{read}, []string{read}, nil, true, "Read"},
		"the boundary does not":           {aRole, "s3:GetObject", anObj, []string{read}, []string{writeOnly}, nil, false, ""},
		"a boundary grants nothing":       {aRole, "s3:GetObject", anObj, nil, []string{read}, nil, false, ""},
		"the boundary denies":             {aUser, "s3:GetObject", anObj, []string{read}, []string{read, denyAnn}, nil, false, "NotAnn"},
		"the bucket lets a user in":       {aUser, "s3:GetObject", anObj, nil, nil, []string{bucketAnn}, true, "Ann"},
		"for a user despite the boundary": {aUser, "s3:GetObject", anObj, nil, []string{writeOnly}, []string{bucketAnn}, true, "Ann"},
		"for a role not":                  {aRole, "s3:GetObject", anObj, nil, []string{writeOnly}, []string{bucketJob}, false, ""},
		"the bucket lets somebody else":   {aRole, "s3:GetObject", anObj, nil, nil, []string{bucketAnn}, false, ""},
		"the bucket denies without TLS":   {"x:y", "s3:GetObject", anObj, []string{read}, nil, []string{bucketAll}, false, "TLS"},
		"a service":                       {"logging.s3.amazonaws.com", "s3:PutObject", anObj, nil, nil, []string{bucketLogs}, true, "Logs"},
		"another service":                 {"ec2.amazonaws.com", "s3:PutObject", anObj, nil, nil, []string{bucketLogs}, false, ""},
		"a key leaves it to IAM":          {aRole, "kms:Decrypt", aKey, []string{useKey}, nil, []string{keyAccount}, true, "Use"},
		"and IAM says nothing":            {aRole, "kms:Decrypt", aKey, nil, nil, []string{keyAccount}, false, ""},
		"a key that knows nobody":         {aUser, "kms:Decrypt", aKey, []string{useKey}, nil, []string{keyJob}, false, ""},
		"a key for the role itself":       {aRole, "kms:Decrypt", aKey, nil, nil, []string{keyJob}, true, "Job"},
		"a trust":                         {aUser, "sts:AssumeRole", aRole, nil, nil, []string{trustAnn}, true, "Trust"},
		"no trust":                        {aUser, "sts:AssumeRole", aRole, []string{become}, nil, []string{trustOIDC}, false, ""},
		"a trust in the account":          {aUser, "sts:AssumeRole", aRole, []string{become}, nil, []string{trustAll}, true, "Become"},
		"and IAM does not":                {aUser, "sts:AssumeRole", aRole, nil, nil, []string{trustAll}, false, ""},
		"a token":                         {"provider", "sts:AssumeRoleWithWebIdentity", aRole, nil, nil, []string{trustOIDC}, true, "Trust"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policies := Policies{}
			if test.identity != nil {
				policies.Identity = []Document{parsed(t, "["+strings.Join(test.identity, ",")+"]")}
			}
			if test.boundary != nil {
				boundary := parsed(t, "["+strings.Join(test.boundary, ",")+"]")
				policies.Boundary = &boundary
			}
			if test.resources != nil {
				policies.Resource = []Document{parsed(t, "["+strings.Join(test.resources, ",")+"]")}
			}
			request := Request{Principal: test.principal, Action: test.action, Resource: test.resource, Context: Context{"aws:SecureTransport": {"true"}}}
			if test.by == "TLS" {
				request.Context = Context{"aws:SecureTransport": {"false"}}
			}
			d, err := Decide(request, policies)
			if err != nil || d.Allowed != test.allowed || d.Statement != test.by || d.Reason == "" {
				t.Errorf("%+v, error %v", d, err)
			}
		})
	}
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		matches       bool
	}{
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"a*b*c", "axxbyyc", true}, {"a*b*c", "axxbyy", false},
		{"?", "", false}, {"a?", "ab", true}, {"*/x", "a/b/x", true}, {"a[b]", "ab", false}, {"a[b]", "a[b]", true}, {"**a", "bba", true},
	} {
		if Like(test.pattern, test.text) != test.matches {
			t.Errorf("Like(%q, %q) is not %v", test.pattern, test.text, test.matches)
		}
	}
}

func TestParseRefusesWhatCannotBeJudged(t *testing.T) {
	t.Parallel()
	statement := func(body string) string { return `{"Version":"2012-10-17","Statement":[{` + body + `}]}` }
	for want, text := range map[string]string{
		"unexpected EOF":              `{"Version":`,
		"more than one value":         `{"Version":"2012-10-17","Statement":[]}{}`,
		"has no statement":            `{"Version":"2012-10-17","Statement":[]}`,
		`policy version "2008-10-17"`: `{"Version":"2008-10-17","Statement":[{}]}`,
		`effect "Maybe"`:              statement(`"Effect":"Maybe","Action":"a:b","Resource":"*"`),
		"either Action or NotAction":  statement(`"Effect":"Allow","Resource":"*"`),
		"not both":                    statement(`"Effect":"Allow","Action":"a:b","Resource":"*","NotResource":"*"`),
		`unknown field "NotPrincipal`: statement(`"Effect":"Deny","NotPrincipal":"*","Action":"a:b"`),
		`"IpAddress"`:                 statement(`"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`),
		"no such set operator":        statement(`"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"ForSome:Bool":{"k":"true"}}`),
		"has no value":                statement(`"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Bool":{"k":[]}}`),
		"a number or a boolean":       statement(`"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Bool":{"k":{}}}`),
		`principal "me"`:              statement(`"Effect":"Allow","Action":"a:b","Principal":"me"`),
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// What this package writes it can read, and nothing is lost.
func TestParseReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	written := Document{Statements: []Statement{
		DenyInsecureTransport("arn:aws:s3:::b"),
		ListPrefixes("List", "arn:aws:s3:::b", "a", "b"),
		ServiceTrust("s3.amazonaws.com", "111122223333", "arn:aws:s3:::b").Statements[0],
		AssumedBy("User", aUser),
	}}
	text, err := written.JSON()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := read.JSON(); err != nil || again != text {
		t.Errorf("written %s\nread    %s\nerror %v", text, again, err)
	}
}

// The parser and the evaluator never panic, and what was parsed can be judged.
func FuzzParse(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":["*"]},"NotAction":"a","Condition":{"Null":{"k":true}}}]}`)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:b"],"Resource":["${aws:username}"],"Condition":{"ForAnyValue:ArnLike":{"k":[1,"x"]}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		document, err := Parse([]byte(text))
		if err != nil {
			return
		}
		request := Request{Principal: aUser, Action: "s3:GetObject", Resource: anObj, Context: Context{"k": {"a"}}}
		policies := Policies{Identity: []Document{document}, Boundary: &document, Resource: []Document{document}}
		if _, err := Decide(request, policies); err != nil {
			t.Errorf("%s was parsed, but: %v", text, err)
		}
	})
}
