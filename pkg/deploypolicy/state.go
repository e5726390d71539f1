package deploypolicy

import (
	"slices"

	"github.com/tarn-data/tarn/pkg/policy"
)

// Keys of the lock table's items. A deployment holds the lease of its environment and writes one
// ledger entry for each project.
func leaseKey(environment string) string { return "lease/" + environment }

func ledgerKey(environment string, layer Layer) string {
	return "ledger/" + environment + "/" + string(layer)
}

// stateFolders are the folders in which Pulumi's S3 backend keeps what belongs to a project (Pulumi,
// pkg/backend/diy/store.go and lock.go).
func stateFolders(layer Layer) []string {
	project := string(layer)
	return []string{
		".pulumi/backups/" + project, ".pulumi/history/" + project, ".pulumi/locks/organization/" + project,
		".pulumi/stacks/" + project,
	}
}

// writeState is what Pulumi's backend, its secrets provider and Tarn's lease need to deploy the
// layers, and the use of the keys: their own state files, and the stacks they read through references. With Bootstrap among
// them its state can be written, too, which a deployment of the whole chain does even when the
// bootstrap project has no changes: it locks the stack and notes that it ran.
func writeState(p *Params, layers []Layer) []policy.Statement {
	bucket := p.Account.BucketARN(p.StateBucket())
	var own []string
	keys := []string{leaseKey(p.Scope.Environment)}
	for _, layer := range layers {
		own = append(own, stateFolders(layer)...)
		keys = append(keys, ledgerKey(p.Scope.Environment, layer))
	}
	statements := []policy.Statement{
		listState(bucket),
		{
			Sid: "ReadSharedState", Effect: policy.Allow,
			Actions:   []string{"s3:GetObject"},
			Resources: append([]string{bucket + "/.pulumi/meta.yaml"}, upstreamStacks(bucket, layers)...),
		},
		{
			Sid: "WorkWithState", Effect: policy.Allow,
			Actions:   []string{"s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
			Resources: below(bucket, own),
		},
		lockItems(p, "HoldLease", []string{"dynamodb:GetItem", "dynamodb:UpdateItem"}, keys),
		policy.UseKey("UseKey", p.KeyARN),
	}
	if !slices.Equal(layers, []Layer{Bootstrap}) {
		// Uploads are encrypted with it, and an encrypted catalog (Glue User Guide, "Encrypting your Data
		// Catalog": whoever works with it needs the key).
		statements = append(statements, policy.UseKey("UseDataKey", p.DataKeyARN))
	}
	return statements
}

// readState is what a preview needs: it takes no lock and writes nothing.
func readState(p *Params) []policy.Statement {
	bucket := p.Account.BucketARN(p.StateBucket())
	layers := append([]Layer{Bootstrap}, Deployed()...)
	catalog := policy.DecryptWith("ReadEncryptedCatalog", p.DataKeyARN)
	catalog.Conditions = policy.Conditions{"StringEquals": {"kms:ViaService": {"glue." + p.Account.Region + ".amazonaws.com"}}}
	keys := []string{leaseKey(p.Scope.Environment)}
	var folders []string
	for _, layer := range layers {
		folders = append(folders, stateFolders(layer)...)
		keys = append(keys, ledgerKey(p.Scope.Environment, layer))
	}
	return []policy.Statement{
		listState(bucket),
		{
			Sid: "ReadState", Effect: policy.Allow,
			Actions:   []string{"s3:GetObject", "s3:GetObjectVersion"},
			Resources: append([]string{bucket + "/.pulumi/meta.yaml"}, below(bucket, folders)...),
		},
		lockItems(p, "ReadLease", []string{"dynamodb:GetItem"}, keys),
		policy.DecryptWith("ReadEncrypted", p.KeyARN),
		catalog,
	}
}

// listState allows listing below .pulumi. Asking whether the bucket is there (HeadBucket) needs the
// same action and sends no prefix, which IfExists lets pass.
func listState(bucketARN string) policy.Statement {
	return policy.Statement{
		Sid: "ListState", Effect: policy.Allow,
		Actions:    []string{"s3:ListBucket", "s3:ListBucketVersions"},
		Resources:  []string{bucketARN},
		Conditions: policy.Conditions{"StringLikeIfExists": {"s3:prefix": {".pulumi", ".pulumi/*"}}},
	}
}

// lockItems allows actions on the items of the lock table with the keys. A request that names no key
// at all would satisfy ForAllValues; the Null condition refuses it.
func lockItems(p *Params, sid string, actions, keys []string) policy.Statement {
	return policy.Statement{
		Sid: sid, Effect: policy.Allow,
		Actions:   actions,
		Resources: []string{p.Account.ARN("dynamodb", "table/"+p.LockTable())},
		Conditions: policy.Conditions{
			"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": keys},
			"Null":                      {"dynamodb:LeadingKeys": {"false"}},
		},
	}
}

// upstreamStacks are the stacks that the layers read and do not deploy themselves.
func upstreamStacks(bucketARN string, layers []Layer) []string {
	var stacks []string
	for _, layer := range layers {
		for _, upstream := range layer.needs() {
			if !slices.Contains(layers, upstream) {
				stacks = append(stacks, bucketARN+"/.pulumi/stacks/"+string(upstream)+"/*")
			}
		}
	}
	return stacks
}

func below(bucketARN string, folders []string) []string {
	var objects []string
	for _, folder := range folders {
		objects = append(objects, bucketARN+"/"+folder+"/*")
	}
	return objects
}

// State gives what whoever deploys the layers needs of the state alone: bucket, lease, ledger and key.
func State(p *Params, layers ...Layer) policy.Document {
	return policy.Document{Statements: writeState(p, layers)}
}
