package explain

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/policy"
)

// ErrUnknown is returned for a question that names something the environment does not have.
var ErrUnknown = errors.New("not in this environment")

// Outcome is the answer to a question.
type Outcome string

// The outcomes. Depends means that the policies which are known do not deny it, and one that is not known
// decides.
const (
	Allowed Outcome = "allowed"
	Denied  Outcome = "denied"
	Depends Outcome = "depends"
)

// Place is an object, a folder or a bucket.
type Place struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Step is one right that is needed.
type Step struct {
	Action    string  `json:"action"`
	Resource  string  `json:"resource"`
	Outcome   Outcome `json:"outcome"`
	Statement string  `json:"statement,omitempty"` // Sid of the statement that decides
	Policy    string  `json:"policy,omitempty"`    // where it stands
	Reason    string  `json:"reason"`
}

// Says names the statement that decides or, where there is none, why.
func (s Step) Says() string {
	if s.Statement == "" || s.Policy == "" {
		return s.Reason
	}
	return "statement " + s.Statement + " of " + s.Policy
}

// Answer says whether a principal can do something, and why.
type Answer struct {
	Principal

	Outcome Outcome `json:"outcome"`
	Steps   []Step  `json:"steps"`
}

// Deciding is the step that decides: the first that is not allowed, or else the first.
func (a Answer) Deciding() Step {
	for _, step := range a.Steps {
		if step.Outcome == a.Outcome {
			return step
		}
	}
	return a.Steps[0]
}

// needs are the rights that each action needs, on the object and on the key of what is encrypted.
var needs = map[string]struct{ s3, kms string }{
	"list":           {"s3:ListBucket", ""},
	"read":           {"s3:GetObject", "kms:Decrypt"},
	"write":          {"s3:PutObject", "kms:GenerateDataKey"},
	"delete":         {"s3:DeleteObject", ""},
	"delete-version": {"s3:DeleteObjectVersion", ""},
}

// Actions are what can be asked about, sorted.
func Actions() []string { return slices.Sorted(maps.Keys(needs)) }

var (
	pathForm      = regexp.MustCompile(`^(?:s3://)?([A-Za-z0-9.-]+)(?:/(.*))?$`)
	principalForm = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:((role|user|assumed-role|federated-user)/.+|root)$`)
)

// Find gives a principal by the name of a persona, of a role or of a user, or by its ARN. An ARN may be of
// anybody.
func (d *Deployed) Find(name string) (Principal, error) {
	for _, p := range d.principals {
		if p.ARN == name || p.Persona == name {
			return p, nil
		}
	}
	var found []Principal
	for _, p := range d.principals {
		if p.Name() == name || strings.HasSuffix(p.ARN, "/"+name) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Principal{}, fmt.Errorf("%q is the name of %s and of %s: give the ARN", name, found[0].ARN, found[1].ARN)
	case principalForm.MatchString(name):
		return d.session(name), nil
	}
	var names []string
	for _, p := range d.principals {
		names = append(names, p.Name())
	}
	return Principal{}, fmt.Errorf("principal %q: %w: want an ARN, or one of %s", name, ErrUnknown, strings.Join(names, ", "))
}

// session gives the role of a session, whose ARN has the role's name without its path, and else a principal of
// which nothing but the ARN is known.
func (d *Deployed) session(arn string) Principal {
	if role, found := policy.SessionRole(arn); found {
		for _, p := range d.principals {
			if strings.HasSuffix(p.ARN, "/"+role) {
				return p
			}
		}
	}
	return Principal{ARN: arn, foreign: true}
}

// Principals are all that the environment has, sorted by ARN.
func (d *Deployed) Principals() []Principal { return slices.Clone(d.principals) }

// place finds a bucket by a URL, or by the name of a zone and the path in it.
func (d *Deployed) place(path string) (bucket, string, error) {
	parts := pathForm.FindStringSubmatch(path)
	if parts == nil {
		return bucket{}, "", fmt.Errorf("path %q: want s3://BUCKET/KEY, or ZONE/KEY", path)
	}
	var zones []string
	for _, b := range d.buckets {
		if b.name == parts[1] || !strings.HasPrefix(path, "s3://") && b.zone == parts[1] {
			return b, parts[2], nil
		}
		zones = append(zones, b.zone)
	}
	return bucket{}, "", fmt.Errorf("bucket %q: %w: zones are %s", parts[1], ErrUnknown, strings.Join(zones, ", "))
}

// Place reads a path: s3://BUCKET/KEY, or ZONE/KEY.
func (d *Deployed) Place(path string) (Place, error) {
	b, key, err := d.place(path)
	return Place{b.name, key}, err
}

// Explain says whether a principal can do an action at a path.
func (d *Deployed) Explain(who Principal, path, action string) (Answer, error) {
	answer := Answer{Principal: who, Outcome: Allowed}
	b, key, err := d.place(path)
	if err != nil {
		return answer, err
	}
	need, known := needs[action]
	if !known {
		return answer, fmt.Errorf("action %q: want one of %s", action, strings.Join(Actions(), ", "))
	}
	if key == "" && action != "list" {
		return answer, fmt.Errorf("path %q names no object: add one, or a folder, or ask for --action list", path)
	}
	request := policy.Request{Principal: who.ARN, Action: need.s3, Resource: b.arn + "/" + key, Context: b.context()}
	if action == "list" {
		request.Resource, request.Context["s3:prefix"] = b.arn, []string{key}
	}
	questions := []question{{request, &named{"the bucket policy of " + b.name, b.policy}}}
	if need.kms != "" && b.keyARN != "" {
		context := b.context()
		context["kms:ViaService"] = []string{"s3." + b.region + ".amazonaws.com"}
		context["kms:EncryptionContext:aws:s3:arn"] = []string{b.arn}
		about := question{Request: policy.Request{Principal: who.ARN, Action: need.kms, Resource: b.keyARN, Context: context}}
		if document, found := d.keys[b.keyARN]; found {
			about.resource = &named{"the key policy of " + b.keyARN, document}
		}
		questions = append(questions, about)
	}
	for _, about := range questions {
		judged, err := who.judge(about)
		if err != nil {
			return answer, err
		}
		answer.Steps = append(answer.Steps, judged)
		if judged.Outcome == Denied || answer.Outcome == Allowed {
			answer.Outcome = judged.Outcome
		}
	}
	return answer, nil
}

// question is a request with the policy of what is asked for; nil for a key that is not in the state.
type question struct {
	policy.Request

	resource *named
}

// context is what is assumed of every request: over TLS, in the bucket's region and, where that matters,
// through a VPC endpoint of which the bucket policy knows.
func (b bucket) context() policy.Context {
	context := policy.Context{
		"aws:SecureTransport": {"true"}, "aws:RequestedRegion": {b.region},
		"aws:PrincipalIsAWSService": {"false"}, "aws:ViaAWSService": {"false"},
	}
	if endpoint := b.endpoint(); endpoint != "" {
		context["aws:SourceVpce"] = []string{endpoint}
	}
	return context
}

// endpoint gives the first VPC endpoint that the bucket policy lets through, if it limits them.
func (b bucket) endpoint() string {
	for _, s := range b.policy.Statements {
		if values := s.Conditions["StringNotEquals"]["aws:SourceVpce"]; s.Effect == policy.Deny && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// judge decides one step. What no known policy denies is left to those that are not known.
func (p Principal) judge(about question) (Step, error) {
	out := Step{Action: about.Action, Resource: about.Resource, Outcome: Denied}
	policies := policy.Policies{}
	if about.resource != nil && len(about.resource.document.Statements) > 0 {
		policies.Resource = []policy.Document{about.resource.document}
	}
	for _, one := range p.policies {
		policies.Identity = append(policies.Identity, one.document)
	}
	if p.boundary != nil {
		policies.Boundary = &p.boundary.document
	}
	decision, err := policy.Decide(about.Request, policies)
	if err == nil && !decision.Allowed && (p.foreign || len(p.missing) > 0) {
		policies.Identity = append(policies.Identity, anything)
		decision, err = policy.Decide(about.Request, policies)
	}
	if err != nil {
		return out, err
	}
	out.Statement, out.Reason = decision.Statement, decision.Reason
	unknown := slices.Clone(p.missing)
	if p.unlimited != "" {
		unknown = append(unknown, p.unlimited)
	}
	if about.resource == nil {
		unknown = append(unknown, "the policy of the key")
	}
	switch {
	case !decision.Allowed:
		out.Policy = p.where(decision, policy.Deny, about.resource)
	case strings.HasSuffix(p.ARN, ":root"):
		out.Outcome, out.Statement, out.Reason = Allowed, "", "IAM policies do not limit the account's root user, and nothing here denies it"
	case p.foreign:
		out.Outcome, out.Statement, out.Reason = Depends, "", "nothing here denies it; its own IAM policies decide"
	case len(unknown) > 0:
		out.Outcome, out.Statement = Depends, ""
		out.Reason = "nothing here denies it; this decides, and is not in the state: " + strings.Join(unknown, ", ")
	default:
		out.Outcome, out.Policy = Allowed, p.where(decision, policy.Allow, about.resource)
	}
	return out, nil
}

// anything stands for policies that are not known.
var anything = policy.Document{Statements: []policy.Statement{
	{Sid: "NotKnown", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
}}

// where names the policy that a deciding statement stands in. The reason says which kind it is.
func (p Principal) where(decision policy.Decision, effect policy.Effect, resource *named) string {
	switch {
	case decision.Statement == "":
		return ""
	case resource != nil && strings.HasSuffix(decision.Reason, "of the resource's policy"):
		return resource.name
	case strings.HasSuffix(decision.Reason, "of the permission boundary"):
		return p.boundary.name
	}
	for _, candidate := range p.policies {
		if slices.ContainsFunc(candidate.document.Statements, func(s policy.Statement) bool {
			return s.Sid == decision.Statement && s.Effect == effect
		}) {
			return candidate.name
		}
	}
	return ""
}

// Unknown says what no answer takes into account.
func (d *Deployed) Unknown(path string) []string {
	notes := []string{
		"Not known here: policies of principals that Tarn has not made, service control policies, session policies, and changes made by hand.",
	}
	if b, _, err := d.place(path); err == nil && b.endpoint() != "" {
		notes = append(notes, "Assumed: the request comes through "+b.endpoint()+
			"; from elsewhere the bucket policy denies it to all but the exempt.")
	}
	if d.governed {
		notes = append(notes, "Lake Formation is in use: whoever it grants a table can read the table's data through it, "+
			"with the rights of its own role.")
	}
	return notes
}
