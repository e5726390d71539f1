package access

import (
	"slices"

	"github.com/tarn-data/tarn/pkg/encryption"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// What uses a key. Whoever may only read needs none of the second.
var (
	decryptActions = []string{"kms:Decrypt"}
	encryptActions = []string{
		"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
	}
	grantActions = []string{"kms:CreateGrant"} // a grant is a right that no policy shows
)

const (
	contextKey = "kms:EncryptionContext:aws:s3:arn" // of the object or, with a bucket key, of the bucket
	viaKey     = "kms:ViaService"
)

// KeyPolicy is the policy of the key that the lake's data is encrypted with: as encryption.Policy has it, with what
// alarms and rules need to send messages, and nobody but those who are exempt and the personas may use the key. It
// denies nobody to administer the key, so nobody can lock himself out of it.
func (l *Lake) KeyPolicy() policy.Document {
	document := encryption.Policy(l.Account, true)
	document.Statements = append(document.Statements, encryption.Messages(l.Account)...)
	if len(l.Settings.Personas) == 0 {
		return document
	}
	all := l.Settings.Names()
	itself := []string{"*"} // in a key policy "*" is this key
	use := slices.Concat(decryptActions, encryptActions, grantActions)
	document.Statements = append(document.Statements,
		l.keepOut("OthersMayNotUse", use, itself, all),
		l.limitPersonas("PersonasMayNotUse", use, itself, all),
		policy.Statement{
			Sid: "PersonasMayNotGrant", Effect: policy.Deny, Principal: &policy.Principal{Everyone: true},
			Actions: grantActions, Resources: itself, Conditions: policy.Conditions{"ArnLike": {"aws:PrincipalArn": l.personas()}},
		})
	readers := slices.DeleteFunc(slices.Clone(all), l.writes)
	if len(readers) > 0 {
		results := l.bucketARN(zone.AthenaResults)
		document.Statements = append(document.Statements, policy.Statement{
			// Athena writes the results of a query in the name of who asked.
			Sid: "ReadersMayOnlyWriteResults", Effect: policy.Deny, Principal: &policy.Principal{Everyone: true},
			Actions: encryptActions, Resources: itself,
			Conditions: policy.Conditions{
				"ArnLike":       {"aws:PrincipalArn": l.roleARNs(readers)},
				"StringNotLike": {contextKey: {results, results + "/*"}},
			},
		})
	}
	return document
}

// writes reports whether a persona may write in some zone.
func (l *Lake) writes(persona string) bool {
	return slices.ContainsFunc(Grantable, func(kind zone.Kind) bool { return !l.Area(persona, kind, Write).Empty() })
}
