package policy

// Size limits of policies in characters or bytes, which are the same for what is rendered here.
const (
	// MaxBucketPolicy is 20 KB (Amazon S3 User Guide, "Bucket policies").
	MaxBucketPolicy = 20 * 1024
	// MaxKeyPolicy is 32 KB (KMS Developer Guide, "Resource quotas").
	MaxKeyPolicy = 32 * 1024
	// MaxInlineRole is for all inline policies of a role together (IAM User Guide, "IAM and AWS STS quotas").
	MaxInlineRole = 10240
	// MaxTrust is for the trust policy of a role, unless AWS has raised it (the same).
	MaxTrust = 2048
)

// Size is the length of the document as it is deployed.
func (d Document) Size() (int, error) {
	text, err := d.JSON()
	return len(text), err
}
