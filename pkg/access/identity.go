package access

import (
	"fmt"
	"slices"

	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// What each tier adds, and no more: neither access control lists nor tags nor retention.
var (
	allowedObjects = map[Tier][]string{
		Read:  {"s3:GetObject"},
		Write: {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
		Admin: {"s3:DeleteObjectVersion", "s3:GetObjectVersion"},
	}
	allowedCatalog = map[Tier][]string{
		Read: {
			"glue:BatchGetPartition", "glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions",
			"glue:GetTable", "glue:GetTables",
		},
		Write: {"glue:BatchCreatePartition", "glue:CreatePartition", "glue:CreateTable", "glue:UpdatePartition", "glue:UpdateTable"},
		Admin: {"glue:BatchDeletePartition", "glue:DeletePartition", "glue:DeleteTable"},
	}
)

// Identity is what the role of a persona may do, as one policy: in S3 by zone and folder, with the key only
// through S3 and only for the zones it may read or write, in the catalog by database, and in Athena in
// the persona's own workgroup.
//
// Folders are named one by one as long as that fits. If it does not, zones are named as a whole, which
// allows no more: the bucket policies name the folders as well and deny the rest.
func (l *Lake) Identity(persona, keyARN string) policy.Document {
	exact := l.identity(persona, keyARN, true)
	if size, err := exact.Size(); err == nil && size <= policy.MaxInlineRole {
		return exact
	}
	return l.identity(persona, keyARN, false)
}

func (l *Lake) identity(persona, keyARN string, exact bool) policy.Document {
	workgroup := catalog.WorkgroupName(l.Scope, persona)
	results := l.bucketARN(zone.AthenaResults)
	statements := l.lists(persona, exact)
	statements = append(statements, byHighestTier("Objects", allowedObjects, func(tier Tier) []string {
		arns := l.objects(persona, tier, exact)
		if tier != Admin {
			arns = append(arns, results+"/"+catalog.ResultPrefix(workgroup)+"*")
		}
		return arns
	})...)
	statements = append(statements,
		policy.Statement{ // Athena asks for the region of its results
			Sid: "FindResults", Effect: policy.Allow, Actions: []string{"s3:GetBucketLocation"}, Resources: []string{results},
		},
		l.throughS3("Decrypt", keyARN, decryptActions, append(l.zones(persona, Read), zone.AthenaResults)),
		l.throughS3("Encrypt", keyARN, []string{"kms:GenerateDataKey"}, append(l.zones(persona, Write), zone.AthenaResults)))
	statements = append(statements, l.throughGlue(persona, keyARN)...)
	statements = append(statements, byHighestTier("Tables", allowedCatalog, func(tier Tier) []string { return l.tables(persona, tier) })...)
	statements = append(statements,
		policy.Statement{
			Sid: "Query", Effect: policy.Allow,
			Actions: []string{
				"athena:BatchGetQueryExecution", "athena:GetNamedQuery", "athena:GetQueryExecution", "athena:GetQueryResults",
				"athena:GetQueryResultsStream", "athena:GetWorkGroup", "athena:ListNamedQueries", "athena:ListQueryExecutions",
				"athena:StartQueryExecution", "athena:StopQueryExecution",
			},
			Resources: []string{l.Account.ARN("athena", "workgroup/"+workgroup)},
		},
		policy.Statement{
			Sid: "SeeCatalog", Effect: policy.Allow,
			Actions: []string{
				"athena:GetDataCatalog", "athena:GetDatabase", "athena:GetTableMetadata", "athena:ListDatabases", "athena:ListTableMetadata",
			},
			Resources: []string{l.Account.ARN("athena", "datacatalog/AwsDataCatalog")},
		},
		policy.Statement{
			Sid: "AskLakeFormation", Effect: policy.Allow, // which has no resources; its own grants are the limit
			Actions: []string{"lakeformation:GetDataAccess"}, Resources: []string{"*"},
			Conditions: policy.Conditions{"StringEquals": {"aws:RequestedRegion": {l.Account.Region}}},
		})
	return policy.Document{Statements: statements}
}

// byHighestTier allows on each resource what the highest tier there allows, so that none is named twice.
func byHighestTier(what string, allowed map[Tier][]string, resources func(Tier) []string) []policy.Statement {
	var statements []policy.Statement
	var actions []string
	for i, tier := range tiers {
		actions = append(actions, allowed[tier]...)
		named := resources(tier)
		if i+1 < len(tiers) {
			higher := resources(tiers[i+1])
			named = slices.DeleteFunc(named, func(arn string) bool { return slices.Contains(higher, arn) })
		}
		if len(named) > 0 {
			statements = append(statements, policy.Statement{
				Sid: verbs[tier] + what, Effect: policy.Allow, Actions: slices.Sorted(slices.Values(actions)), Resources: named,
			})
		}
	}
	return statements
}

// lists allows listing. Zones with the same folders, as staged and analytics often have, share a statement.
func (l *Lake) lists(persona string, exact bool) []policy.Statement {
	var statements []policy.Statement
	for _, list := range []struct {
		sid, action string
		tier        Tier
	}{{"List", "s3:ListBucket", Read}, {"ListVersions", "s3:ListBucketVersions", Admin}} {
		var whole []string
		var areas []Area
		buckets := map[string][]string{}
		for _, kind := range append(slices.Clone(Grantable), zone.AthenaResults) {
			area := l.Area(persona, kind, list.tier)
			switch {
			case area.Empty():
			case area.Whole, !exact && list.tier == Read && kind != zone.AthenaResults:
				whole = append(whole, l.bucketARN(kind))
			default:
				if buckets[area.key()] == nil {
					areas = append(areas, area)
				}
				buckets[area.key()] = append(buckets[area.key()], l.bucketARN(kind))
			}
		}
		if len(whole) > 0 {
			statements = append(statements, policy.Statement{
				Sid: list.sid + "Zones", Effect: policy.Allow, Actions: []string{list.action}, Resources: whole,
			})
		}
		for i, area := range areas {
			var prefixes []string
			for _, path := range area.Folders {
				prefixes = append(prefixes, path+"/*")
			}
			statements = append(statements, policy.Statement{
				Sid: fmt.Sprintf("%sFolders%d", list.sid, i+1), Effect: policy.Allow, Actions: []string{list.action},
				Resources: buckets[area.key()], Conditions: policy.Conditions{"StringLike": {"s3:prefix": prefixes}},
			})
		}
	}
	return statements
}

// objects names the objects on which a persona has a tier.
func (l *Lake) objects(persona string, tier Tier, exact bool) []string {
	var arns []string
	for _, kind := range Grantable {
		area, bucket := l.Area(persona, kind, tier), l.bucketARN(kind)
		switch {
		case area.Empty():
		case area.Whole, !exact:
			arns = append(arns, bucket+"/*")
		default:
			for _, path := range area.Folders {
				arns = append(arns, bucket+"/"+path+"/*")
			}
		}
	}
	return arns
}

// zones gives the zones in some part of which a persona has a tier.
func (l *Lake) zones(persona string, tier Tier) []zone.Kind {
	return slices.DeleteFunc(slices.Clone(Grantable), func(kind zone.Kind) bool { return l.Area(persona, kind, tier).Empty() })
}

// throughS3 allows the use of the key by S3 only, for the buckets of some zones only: all zones have the
// same key.
func (l *Lake) throughS3(sid, keyARN string, actions []string, kinds []zone.Kind) policy.Statement {
	var buckets []string
	for _, kind := range kinds {
		buckets = append(buckets, l.bucketARN(kind)+"*") // the bucket or, without a bucket key, the object; no name goes on after the region
	}
	return policy.Statement{
		Sid: sid, Effect: policy.Allow, Actions: actions, Resources: []string{keyARN},
		Conditions: policy.Conditions{
			"StringEquals": {viaKey: {"s3." + l.Account.Region + ".amazonaws.com"}},
			"StringLike":   {contextKey: buckets},
		},
	}
}

// throughGlue allows the use of the key by the Glue catalog, which may be encrypted with it (Glue Developer
// Guide, "Encrypting your Data Catalog": whoever reads needs kms:Decrypt, whoever writes the others too).
func (l *Lake) throughGlue(persona, keyARN string) []policy.Statement {
	actions := decryptActions
	switch {
	case len(l.tables(persona, Write)) > 0:
		actions = slices.Concat(decryptActions, []string{"kms:Encrypt", "kms:GenerateDataKey"})
	case len(l.tables(persona, Read)) == 0:
		return nil
	}
	return []policy.Statement{{
		Sid: "UseCatalogKey", Effect: policy.Allow, Actions: actions, Resources: []string{keyARN},
		Conditions: policy.Conditions{"StringEquals": {viaKey: {"glue." + l.Account.Region + ".amazonaws.com"}}},
	}}
}

// tables names the catalog, databases and tables of what a persona has a tier on; Glue wants all three. A
// zone has a database of its own and, unless it is the quarantine, one for each domain. Folders that are no domain's have none.
func (l *Lake) tables(persona string, tier Tier) []string {
	var arns []string
	database := func(name, table string) {
		arns = append(arns, l.Account.ARN("glue", "database/"+name), l.Account.ARN("glue", "table/"+table))
	}
	for _, kind := range Grantable {
		if !kind.HasDatabase() {
			continue
		}
		zoned := l.Scope.Database(string(kind))
		if l.Area(persona, kind, tier).Whole {
			database(zoned, zoned+"/*")
			database(zoned+"_*", zoned+"_*/*")
			continue
		}
		for _, name := range l.Domains.Names() {
			if kind != zone.Quarantine && l.Settings.Personas[persona].Has(tier, kind, name) {
				database(zoned+"_"+name, zoned+"_"+name+"/*")
			}
		}
	}
	if tier == Read {
		// Athena looks there first (Athena User Guide, "Configure access to databases and tables in the AWS Glue Data Catalog").
		arns = append(arns, l.Account.ARN("glue", "database/default"))
	}
	if len(arns) > 0 {
		arns = append([]string{l.Account.ARN("glue", "catalog")}, arns...)
	}
	return arns
}
