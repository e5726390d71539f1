package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// What each tier adds, as patterns: in a Deny a pattern can only deny more, and whoever may not write may not
// delete versions either (Service Authorization Reference, "Actions, resources, and condition keys for
// Amazon S3").
var (
	listActions   = []string{"s3:ListBucket*"} // objects, versions and uploads
	objectActions = map[Tier][]string{
		Read:  {"s3:GetObject*"},
		Write: {"s3:*MultipartUpload*", "s3:DeleteObject*", "s3:PutObject*", "s3:RestoreObject"},
		Admin: {
			"s3:BypassGovernanceRetention", "s3:DeleteObjectVersion*", "s3:PutObjectLegalHold", "s3:PutObjectRetention", "s3:PutObjectVersion*",
		},
	}
	// What makes a bucket safe is nobody's whose work is the data.
	configureActions = []string{"s3:DeleteBucket*", "s3:Put*Configuration", "s3:PutBucket*"}
)

// verbs say in a Sid what is allowed or denied.
var verbs = map[Tier]string{Read: "Read", Write: "Write", Admin: "DeleteVersions"}

// BucketStatements is what the bucket policy of a zone says about who may do what there: nobody but those who
// are exempt and the personas that have a grant. It allows nothing; that is for policies of the identities.
// Without personas it says nothing.
func (l *Lake) BucketStatements(kind zone.Kind) []policy.Statement {
	if len(l.Settings.Personas) == 0 {
		return nil
	}
	if kind == zone.AccessLogs {
		return l.SealedStatements(l.bucketARN(kind))
	}
	// Tiers that the same personas have share a statement.
	statements := l.byTier(kind, "Others", l.given, l.keepOut)
	statements = append(statements, l.byTier(kind, "Personas", l.made, l.limitPersonas)...)
	statements = append(statements, l.onlyFolders(kind)...)
	return append(statements, policy.Statement{
		Sid: "PersonasMayNotConfigure", Effect: policy.Deny, Principal: &policy.Principal{Everyone: true},
		Actions: configureActions, Resources: []string{l.bucketARN(kind)},
		Conditions: policy.Conditions{"ArnLike": {"aws:PrincipalArn": l.personas()}},
	})
}

// SealedStatements is for a bucket that is no persona's: logs, and the copies of zones in another region.
// Without personas it says nothing.
func (l *Lake) SealedStatements(bucketARN string) []policy.Statement {
	if len(l.Settings.Personas) == 0 {
		return nil
	}
	all, resources := append(actions(tiers), listActions...), []string{bucketARN, bucketARN + "/*"}
	return []policy.Statement{
		l.keepOut("OthersMayNotUse", all, resources, nil),
		{
			Sid: "PersonasMayNotUse", Effect: policy.Deny, Principal: &policy.Principal{Everyone: true},
			Actions: append(slices.Clone(all), configureActions...), Resources: resources,
			Conditions: policy.Conditions{"ArnLike": {"aws:PrincipalArn": l.personas()}},
		},
	}
}

// byTier denies each tier to those who have it nowhere in the zone.
func (l *Lake) byTier(
	kind zone.Kind, who string, of func([]string) []string,
	deny func(sid string, actions, resources, allowed []string) policy.Statement,
) []policy.Statement {
	var order []string
	together := map[string][]Tier{}
	allowed := map[string][]string{}
	for _, tier := range tiers {
		have := of(l.somewhere(kind, tier))
		key := strings.Join(have, " ")
		if _, found := together[key]; !found {
			order = append(order, key)
		}
		together[key], allowed[key] = append(together[key], tier), have
	}
	var statements []policy.Statement
	for _, key := range order {
		denied, resources := actions(together[key]), []string{l.bucketARN(kind) + "/*"}
		if together[key][0] == Read {
			denied, resources = append(denied, listActions...), append([]string{l.bucketARN(kind)}, resources...)
		}
		statements = append(statements, deny(who+"MayNot"+sayTiers(together[key]), denied, resources, allowed[key]))
	}
	return statements
}

// somewhere gives the personas that have a tier in some part of a zone.
func (l *Lake) somewhere(kind zone.Kind, tier Tier) []string {
	return slices.DeleteFunc(l.Settings.Names(), func(name string) bool { return l.Area(name, kind, tier).Empty() })
}

// actions are those of some tiers, without those that another pattern covers.
func actions(tiers []Tier) []string {
	var all []string
	for _, tier := range tiers {
		all = append(all, objectActions[tier]...)
	}
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return other != one && policy.Like(other, one) })
	})
}

func sayTiers(tiers []Tier) string {
	var words []string
	for _, tier := range tiers {
		words = append(words, verbs[tier])
	}
	return strings.Join(words, "Or")
}

// onlyFolders denies personas that have folders everything outside of them. Personas with the same
// folders share a statement, and so do tiers.
func (l *Lake) onlyFolders(kind zone.Kind) []policy.Statement {
	type rule struct {
		tiers []Tier
		area  Area
	}
	rules := map[string]rule{}
	roles := map[string][]string{} // rule: personas
	for _, name := range l.Settings.Names() {
		byArea := map[string]rule{}
		for _, tier := range tiers {
			if area := l.Area(name, kind, tier); len(area.Folders) > 0 {
				found := byArea[area.key()]
				byArea[area.key()] = rule{append(found.tiers, tier), area}
			}
		}
		for _, one := range byArea {
			key := fmt.Sprint(one.tiers, " ", one.area.key())
			rules[key], roles[key] = one, append(roles[key], name)
		}
	}
	bucket := l.bucketARN(kind)
	var statements []policy.Statement
	for i, key := range slices.Sorted(maps.Keys(rules)) {
		one := rules[key]
		them := map[string][]string{"aws:PrincipalArn": l.roleARNs(roles[key])}
		deny := policy.Statement{
			Sid: fmt.Sprintf("OnlyFolders%d%s", i+1, sayTiers(one.tiers)), Effect: policy.Deny,
			Principal: &policy.Principal{Everyone: true}, Actions: actions(one.tiers), Conditions: policy.Conditions{"ArnLike": them},
		}
		var prefixes []string
		for _, path := range one.area.Folders {
			deny.NotResources = append(deny.NotResources, bucket+"/"+path+"/*")
			prefixes = append(prefixes, path+"/*")
		}
		statements = append(statements, deny)
		if one.tiers[0] == Read { // a listing without a prefix has no such key, which makes the condition true
			statements = append(statements, policy.Statement{
				Sid: fmt.Sprintf("OnlyFolders%dList", i+1), Effect: policy.Deny,
				Principal: &policy.Principal{Everyone: true}, Actions: listActions, Resources: []string{bucket},
				Conditions: policy.Conditions{"ArnLike": them, "StringNotLike": {"s3:prefix": prefixes}},
			})
		}
	}
	return statements
}
