// Package explain answers who can do what with the data of an environment that is deployed, and which
// statement of which policy says so. It reads the state, and calls nobody.
package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/state"
)

// Deployed is what the state says of an environment's principals, buckets and keys.
type Deployed struct {
	principals []Principal
	buckets    []bucket
	keys       map[string]policy.Document // key ARN: its policy
	governed   bool                       // Lake Formation has a part in it
}

// Principal is somebody who may ask for data.
type Principal struct {
	ARN     string `json:"arn"`
	Persona string `json:"persona,omitempty"` // whose role it is

	policies  []named
	boundary  *named
	foreign   bool     // not in the state, so none of its policies is known
	missing   []string // managed policies of its own that are not in the state
	unlimited string   // its permission boundary, when that is not in the state
}

// Name is the persona, or what comes after the last slash of the ARN.
func (p Principal) Name() string {
	if p.Persona != "" {
		return p.Persona
	}
	return p.ARN[strings.LastIndex(p.ARN, "/")+1:]
}

// named is a policy with what to call it in an answer.
type named struct {
	name     string
	document policy.Document
}

type bucket struct {
	zone   string // the resource's name, which for the lake's buckets is the zone
	name   string
	arn    string
	region string
	keyARN string // empty when S3 has its own keys
	policy policy.Document
}

// Types of the resources that are read.
const (
	typeBucket       = "aws:s3/bucketV2:BucketV2"
	typeBucketPolicy = "aws:s3/bucketPolicy:BucketPolicy"
	typeEncryption   = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	typeKey          = "aws:kms/key:Key"
	typeKeyPolicy    = "aws:kms/keyPolicy:KeyPolicy"
	typeRole         = "aws:iam/role:Role"
	typeRolePolicy   = "aws:iam/rolePolicy:RolePolicy"
	typeAttachment   = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	typePolicy       = "aws:iam/policy:Policy"
	typeUser         = "aws:iam/user:User"
	typeMembership   = "aws:iam/userGroupMembership:UserGroupMembership"
	typeGroupPolicy  = "aws:iam/groupPolicy:GroupPolicy"
	typePersonas     = "tarn:access:Personas"
	typeGoverned     = "aws:lakeformation/resource:Resource"
)

// Read takes the resources of all projects of an environment.
func Read(resources []state.Resource) (*Deployed, error) {
	r := &reader{byType: map[string][]state.Resource{}, deployed: &Deployed{keys: map[string]policy.Document{}}}
	for _, resource := range resources {
		r.byType[resource.Type] = append(r.byType[resource.Type], resource)
	}
	r.deployed.governed = len(r.byType[typeGoverned]) > 0
	for _, part := range []func() error{r.readManaged, r.readRoles, r.readUsers, r.readPersonas, r.readKeys, r.readBuckets} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(r.deployed.principals, func(a, b Principal) int { return cmp.Compare(a.ARN, b.ARN) })
	return r.deployed, nil
}

type reader struct {
	byType   map[string][]state.Resource
	managed  map[string]named // by ARN
	deployed *Deployed
}

func (r *reader) readManaged() error {
	r.managed = map[string]named{}
	for _, resource := range r.byType[typePolicy] {
		document, err := document(resource)
		if err != nil {
			return err
		}
		r.managed[text(resource, "arn")] = named{"the policy " + text(resource, "name"), document}
	}
	return nil
}

func (r *reader) readRoles() error {
	for _, role := range r.byType[typeRole] {
		name := text(role, "name")
		p := Principal{ARN: text(role, "arn")}
		for _, inline := range r.byType[typeRolePolicy] {
			if text(inline, "role") != name {
				continue
			}
			document, err := document(inline)
			if err != nil {
				return err
			}
			p.policies = append(p.policies, named{"the policy " + text(inline, "name") + " of the role", document})
		}
		for _, attached := range r.byType[typeAttachment] {
			if text(attached, "role") == name {
				r.attach(&p, text(attached, "policyArn"))
			}
		}
		r.limit(&p, text(role, "permissionsBoundary"))
		r.deployed.principals = append(r.deployed.principals, p)
	}
	return nil
}

func (r *reader) readUsers() error {
	for _, user := range r.byType[typeUser] {
		p := Principal{ARN: text(user, "arn")}
		for _, membership := range r.byType[typeMembership] {
			groups, _ := membership.Outputs["groups"].([]any)
			if text(membership, "user") != text(user, "name") {
				continue
			}
			for _, inline := range r.byType[typeGroupPolicy] {
				if !slices.Contains(groups, any(text(inline, "group"))) {
					continue
				}
				document, err := document(inline)
				if err != nil {
					return err
				}
				p.policies = append(p.policies, named{"the policy " + text(inline, "name") + " of the group", document})
			}
		}
		r.limit(&p, text(user, "permissionsBoundary"))
		r.deployed.principals = append(r.deployed.principals, p)
	}
	return nil
}

// attach adds a managed policy, or notes that it is not in the state.
func (r *reader) attach(p *Principal, arn string) {
	if found, known := r.managed[arn]; known {
		p.policies = append(p.policies, found)
	} else {
		p.missing = append(p.missing, arn)
	}
}

// limit sets the permission boundary, or notes that it is not in the state.
func (r *reader) limit(p *Principal, arn string) {
	if found, known := r.managed[arn]; known {
		found.name = "the permission boundary"
		p.boundary = &found
	} else {
		p.unlimited = arn
	}
}

// readPersonas names the roles of personas. Of a role that was given, the state has nothing else.
func (r *reader) readPersonas() error {
	for _, component := range r.byType[typePersonas] {
		roles, _ := component.Outputs["roleArns"].(map[string]any)
		for name, value := range roles {
			arn, _ := value.(string)
			at := slices.IndexFunc(r.deployed.principals, func(p Principal) bool { return p.ARN == arn })
			if at < 0 {
				r.deployed.principals = append(r.deployed.principals, Principal{ARN: arn, Persona: name, foreign: true})
				continue
			}
			r.deployed.principals[at].Persona = name
		}
	}
	return nil
}

func (r *reader) readKeys() error {
	for _, key := range r.byType[typeKey] {
		document, err := document(key)
		if err != nil {
			return err
		}
		r.deployed.keys[text(key, "arn")] = document
	}
	for _, later := range r.byType[typeKeyPolicy] { // replaces what the key was made with
		document, err := document(later)
		if err != nil {
			return err
		}
		id := text(later, "keyId")
		for arn := range r.deployed.keys {
			if strings.HasSuffix(arn, "/"+id) {
				id = arn
			}
		}
		r.deployed.keys[id] = document
	}
	return nil
}

func (r *reader) readBuckets() error {
	for _, resource := range r.byType[typeBucket] {
		b := bucket{
			zone: resource.URN[strings.LastIndex(resource.URN, "::")+2:],
			name: text(resource, "bucket"), arn: text(resource, "arn"), region: text(resource, "region"),
		}
		for _, attached := range r.byType[typeBucketPolicy] {
			if text(attached, "bucket") == b.name {
				var err error
				if b.policy, err = document(attached); err != nil {
					return err
				}
			}
		}
		for _, encryption := range r.byType[typeEncryption] {
			if text(encryption, "bucket") == b.name {
				b.keyARN = keyOf(encryption)
			}
		}
		r.deployed.buckets = append(r.deployed.buckets, b)
	}
	return nil
}

// keyOf gives the key that a bucket encrypts with.
func keyOf(encryption state.Resource) string {
	rules, _ := encryption.Outputs["rules"].([]any)
	for _, rule := range rules {
		fields, _ := rule.(map[string]any)
		usual, _ := fields["applyServerSideEncryptionByDefault"].(map[string]any)
		if arn, _ := usual["kmsMasterKeyId"].(string); arn != "" {
			return arn
		}
	}
	return ""
}

// text is a property as AWS has it.
func text(resource state.Resource, property string) string {
	value, _ := resource.Outputs[property].(string)
	return value
}

func document(resource state.Resource) (policy.Document, error) {
	document, err := policy.Parse([]byte(text(resource, "policy")))
	if err != nil {
		return document, fmt.Errorf("%s: %w", resource.URN, err)
	}
	return document, nil
}
