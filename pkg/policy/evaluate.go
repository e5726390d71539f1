package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Request is one call that somebody wants to make.
type Request struct {
	// Required: ARN of the user or role, or name of a service such as "logging.s3.amazonaws.com". A role
	// session is asked about as its role.
	Principal string
	// Optional: the principal's account; defaults to the one in its ARN.
	Account string
	// Required: for example "s3:GetObject".
	Action string
	// Required: ARN of what is acted on, or "*" where the service knows no resources.
	Resource string
	// Optional: condition keys. aws:PrincipalArn, aws:PrincipalAccount and aws:username are filled in.
	Context Context
}

// Policies are the documents that decide.
type Policies struct {
	// What is attached to the principal and its groups.
	Identity []Document
	// Permission boundary; nil when the principal carries none.
	Boundary *Document
	// What is attached to the resource: bucket policy, key policy, a role's trust.
	Resource []Document
}

// Decision says whether a request is allowed and why.
type Decision struct {
	Allowed   bool
	Statement string // Sid of the statement that decided; empty when none allowed
	Reason    string
}

// Decide judges a request as AWS does within one account (IAM User Guide, "Policy evaluation logic"):
//
//  1. A Deny that matches, anywhere, denies.
//  2. A resource policy that names the principal itself allows; for a role its boundary has to allow, too.
//  3. A policy of the identity allows if the boundary, where there is one, also allows.
//  4. For KMS keys and for assuming a role the resource policy must take part: by naming the principal,
//     or by naming the account, which leaves the decision to 3.
//  5. Everything else is denied.
//
// A principal of another account than the request's own is not judged. Service control policies and
// session policies are not known here. An unknown condition operator is an error.
func Decide(request Request, policies Policies) (Decision, error) {
	request = request.filled()
	for _, layer := range policies.layers() {
		denied, err := first(layer.documents, Deny, request, layer.resource)
		if err != nil {
			return Decision{}, err
		}
		if denied != nil {
			return Decision{Statement: denied.Sid, Reason: "denied by statement " + denied.Sid + " of " + layer.name}, nil
		}
	}
	limit, err := boundary(request, policies)
	if err != nil {
		return Decision{}, err
	}
	named, err := first(policies.Resource, Allow, request, true)
	if err != nil {
		return Decision{}, err
	}
	if named != nil && !named.Principal.leavesToIAM(request) && (limit.Allowed || !strings.Contains(request.Principal, ":role/")) {
		return Decision{Allowed: true, Statement: named.Sid, Reason: "allowed by statement " + named.Sid + " of the resource's policy"}, nil
	}
	if needsResourcePolicy(request.Action) && policies.Resource != nil && named == nil {
		return Decision{Reason: "no statement of the resource's policy allows it, which " + request.Action + " needs"}, nil
	}
	allowed, err := first(policies.Identity, Allow, request, false)
	switch {
	case err != nil:
		return Decision{}, err
	case allowed == nil:
		return Decision{Reason: "no statement allows it"}, nil
	case !limit.Allowed:
		return Decision{Reason: "statement " + allowed.Sid + " allows it, but no statement of the permission boundary does"}, nil
	default:
		return Decision{Allowed: true, Statement: allowed.Sid, Reason: "allowed by statement " + allowed.Sid}, nil
	}
}

type policyLayer struct {
	name      string
	documents []Document
	resource  bool
}

func (p Policies) layers() []policyLayer {
	layers := []policyLayer{{"the identity's policy", p.Identity, false}, {"the resource's policy", p.Resource, true}}
	if p.Boundary != nil {
		layers = append(layers, policyLayer{"the permission boundary", []Document{*p.Boundary}, false})
	}
	return layers
}

// boundary says whether the permission boundary, if any, lets the request pass.
func boundary(request Request, policies Policies) (Decision, error) {
	if policies.Boundary == nil {
		return Decision{Allowed: true}, nil
	}
	passed, err := first([]Document{*policies.Boundary}, Allow, request, false)
	return Decision{Allowed: passed != nil}, err
}

// needsResourcePolicy tells the services in which IAM policies alone never suffice (KMS Developer
// Guide, "Key policies"; IAM User Guide, "How to use trust policies with IAM roles").
func needsResourcePolicy(action string) bool {
	action = strings.ToLower(action)
	return strings.HasPrefix(action, "kms:") || strings.HasPrefix(action, "sts:assumerole")
}

// first gives the first statement of an effect that matches the request.
func first(documents []Document, effect Effect, request Request, resourcePolicy bool) (*Statement, error) {
	for _, document := range documents {
		for _, s := range document.Statements {
			if s.Effect != effect {
				continue
			}
			matched, err := s.matches(request, resourcePolicy)
			if err != nil {
				return nil, fmt.Errorf("statement %s: %w", s.Sid, err)
			}
			if matched {
				return &s, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // no statement is an answer
}

func (s Statement) matches(request Request, resourcePolicy bool) (bool, error) {
	if resourcePolicy && !s.Principal.matches(request) {
		return false, nil
	}
	if len(s.NotActions) > 0 == actionIn(append(slices.Clone(s.Actions), s.NotActions...), request.Action) {
		return false, nil
	}
	// A trust has no resource: it speaks of the role it belongs to.
	if len(s.Resources)+len(s.NotResources) > 0 {
		hit := slices.ContainsFunc(append(slices.Clone(s.Resources), s.NotResources...), func(pattern string) bool {
			resolved, known := substitute(pattern, request.Context)
			return known && Like(resolved, request.Resource)
		})
		if len(s.NotResources) > 0 == hit {
			return false, nil
		}
	}
	return s.Conditions.met(request.Context)
}

func (p *Principal) matches(request Request) bool {
	if p == nil {
		return false
	}
	return p.Everyone || slices.Contains(p.Services, request.Principal) || slices.Contains(p.Federated, request.Principal) ||
		slices.Contains(p.AWS, request.Principal) || p.leavesToIAM(request)
}

// leavesToIAM reports whether the principal is the account: it stands for everybody in it whom IAM
// policies allow.
func (p *Principal) leavesToIAM(request Request) bool {
	if request.Account == "" || p.Everyone {
		return false
	}
	return slices.ContainsFunc(p.AWS, func(arn string) bool {
		return arn == request.Account || strings.HasSuffix(arn, ":iam::"+request.Account+":root")
	})
}

// filled adds what AWS itself knows of every request.
func (r Request) filled() Request {
	parts := strings.SplitN(r.Principal, ":", arnParts)
	known := Context{}
	if len(parts) == arnParts {
		if r.Account == "" {
			r.Account = parts[4]
		}
		known["aws:PrincipalArn"], known["aws:PrincipalAccount"] = []string{r.Principal}, []string{parts[4]}
		if strings.HasPrefix(parts[5], "user/") {
			known["aws:username"] = []string{parts[5][strings.LastIndex(parts[5], "/")+1:]}
		}
	}
	for key, values := range r.Context {
		known[key] = values
	}
	r.Context = known
	return r
}
