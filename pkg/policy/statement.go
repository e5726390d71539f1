package policy

// DenyInsecureTransport refuses every request to the bucket that is not made over TLS.
func DenyInsecureTransport(bucketARN string) Statement {
	return Statement{
		Sid:        "DenyInsecureTransport",
		Effect:     Deny,
		Principal:  &Principal{Everyone: true},
		Actions:    []string{"s3:*"},
		Resources:  []string{bucketARN, bucketARN + "/*"},
		Conditions: Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
}

// DenyWrongKey refuses uploads that ask for another encryption than the bucket's own key.
// Uploads that ask for none pass and get the bucket's default, which is that key. The Null
// condition makes the difference: in a Deny a negated operator is true when the header is absent,
// and would stop writers that send no header, such as Pulumi's state backend and S3 log delivery.
func DenyWrongKey(bucketARN, keyARN string) []Statement {
	const algorithm = "s3:x-amz-server-side-encryption"
	const key = "s3:x-amz-server-side-encryption-aws-kms-key-id"
	deny := func(sid, header, value string) Statement {
		return Statement{
			Sid:       sid,
			Effect:    Deny,
			Principal: &Principal{Everyone: true},
			Actions:   []string{"s3:PutObject"},
			Resources: []string{bucketARN + "/*"},
			Conditions: Conditions{
				"Null":            {header: {"false"}},
				"StringNotEquals": {header: {value}},
			},
		}
	}
	return []Statement{
		deny("DenyWrongAlgorithm", algorithm, "aws:kms"),
		deny("DenyWrongKey", key, keyARN),
	}
}

// ListPrefixes allows listing a bucket below the prefixes only.
func ListPrefixes(sid, bucketARN string, prefixes ...string) Statement {
	var patterns []string
	for _, prefix := range prefixes {
		patterns = append(patterns, prefix, prefix+"/*")
	}
	return Statement{
		Sid:        sid,
		Effect:     Allow,
		Actions:    []string{"s3:ListBucket"},
		Resources:  []string{bucketARN},
		Conditions: Conditions{"StringLike": {"s3:prefix": patterns}},
	}
}

// ReadObjects allows reading the objects below the prefixes, and asking for one of the prefix's own name:
// Hadoop's S3 client does so before it lists a folder.
func ReadObjects(sid, bucketARN string, prefixes ...string) Statement {
	return Statement{
		Sid:       sid,
		Effect:    Allow,
		Actions:   []string{"s3:GetObject"},
		Resources: append(folders(bucketARN, prefixes), objects(bucketARN, prefixes)...),
	}
}

func folders(bucketARN string, prefixes []string) []string {
	var out []string
	for _, prefix := range prefixes {
		out = append(out, bucketARN+"/"+prefix)
	}
	return out
}

// WriteObjects allows reading, writing and deleting the objects below the prefixes. Deleting makes
// a delete marker: no version is lost, that takes s3:DeleteObjectVersion.
func WriteObjects(sid, bucketARN string, prefixes ...string) Statement {
	return Statement{
		Sid:    sid,
		Effect: Allow,
		Actions: []string{
			"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
		},
		Resources: objects(bucketARN, prefixes),
	}
}

func objects(bucketARN string, prefixes []string) []string {
	var out []string
	for _, prefix := range prefixes {
		out = append(out, bucketARN+"/"+prefix+"/*")
	}
	return out
}

// UseKey allows encrypting and decrypting with a key.
func UseKey(sid, keyARN string) Statement {
	return Statement{
		Sid:       sid,
		Effect:    Allow,
		Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"},
		Resources: []string{keyARN},
	}
}

// DecryptWith allows reading what a key has encrypted, and nothing else.
func DecryptWith(sid, keyARN string) Statement {
	return Statement{Sid: sid, Effect: Allow, Actions: []string{"kms:Decrypt", "kms:DescribeKey"}, Resources: []string{keyARN}}
}
