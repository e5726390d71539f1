package access

import (
	"errors"
	"fmt"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// longestKeyARN is as long as the ARN of any key of the account: the key is known only when it is deployed.
func (l *Lake) longestKeyARN() string {
	return l.Account.ARN("kms", "key/mrk-0123456789abcdef0123456789abcdef")
}

// Check refuses settings whose policies AWS would refuse for their size. Bucket policies are for
// CheckBucketPolicy: others have statements there, too.
func (l *Lake) Check() error {
	var p problems
	for _, name := range l.Settings.Names() {
		if l.Settings.Personas[name].RoleARN != "" {
			continue
		}
		key := "access.personas." + name
		p.size(key+".grants", "the policy of the role", l.Identity(name, l.longestKeyARN()), policy.MaxInlineRole,
			"IAM allows %d: grant whole zones instead of many domains, or make two personas of it")
		p.size(key+".assumedBy", "the trust policy of the role", l.Trust(name), policy.MaxTrust,
			"IAM allows %d: let fewer roles take it, or one tag instead")
	}
	p.size("access.personas", "the policy of the lake's key", l.KeyPolicy(), policy.MaxKeyPolicy,
		"KMS allows %d: have fewer personas with a roleArn and fewer access.administrators")
	return errors.Join(p...)
}

// CheckBucketPolicy refuses a bucket policy that S3 would refuse for its size. The document is the
// policy of the zone's bucket, or what is known of it, and reserved is room for the rest.
func (l *Lake) CheckBucketPolicy(kind zone.Kind, document policy.Document, reserved int) error {
	var p problems
	most, folders := "", 0
	for _, name := range l.Settings.Names() {
		if count := len(l.Area(name, kind, Read).Folders); count > folders {
			most, folders = name, count
		}
	}
	key, advice := "access.personas", "have fewer personas, fewer access.administrators or shorter names"
	if folders > 1 {
		key = "access.personas." + most + ".grants"
		advice = fmt.Sprintf("it names %d folders there; grant the whole zone or domains instead of single prefixes", folders)
	}
	limit := fmt.Sprintf("of the %d that S3 allows, %%d are for this: ", policy.MaxBucketPolicy)
	p.size(key, "the bucket policy of the zone "+string(kind), document, policy.MaxBucketPolicy-reserved, limit+advice)
	return errors.Join(p...)
}

func (p *problems) size(key, what string, document policy.Document, most int, advice string) {
	size, err := document.Size()
	if err != nil {
		p.add(key, "%s: %w", what, err)
		return
	}
	if size > most {
		p.add(key, "%s would have %d bytes, "+advice, what, size, most)
	}
}
