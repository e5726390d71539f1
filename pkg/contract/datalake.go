package contract

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Outputs of the datalake project.
const (
	outDatalakeKeyARN     = "keyArn"
	outDatalakeBoundary   = "boundaryArn"
	outRawBucket          = "rawBucket"
	outStagedBucket       = "stagedBucket"
	outAnalyticsBucket    = "analyticsBucket"
	outQuarantineBucket   = "quarantineBucket"
	outArtifactsBucket    = "artifactsBucket"
	outRawDatabase        = "rawDatabase"
	outStagedDatabase     = "stagedDatabase"
	outAnalyticsDatabase  = "analyticsDatabase"
	outQuarantineDatabase = "quarantineDatabase"
	outWorkgroup          = "workgroup"
	outDomains            = "domains"
	outLakeFormationMode  = "lakeFormationMode"
)

// Datalake is what the datalake project gives the mpp project. Key and boundary are the bootstrap
// project's: a team that owns only pipelines reads this contract and no other.
type Datalake struct {
	KeyARN      pulumi.StringOutput // KMS key every zone is encrypted with
	BoundaryARN pulumi.StringOutput // permission boundary of every role that works with data

	RawBucket        pulumi.StringOutput
	StagedBucket     pulumi.StringOutput
	AnalyticsBucket  pulumi.StringOutput
	QuarantineBucket pulumi.StringOutput
	ArtifactsBucket  pulumi.StringOutput // scripts, manifests, run reports, query results

	RawDatabase        pulumi.StringOutput
	StagedDatabase     pulumi.StringOutput
	AnalyticsDatabase  pulumi.StringOutput
	QuarantineDatabase pulumi.StringOutput

	Workgroup pulumi.StringOutput // Athena workgroup for questions to the lake

	LakeFormationMode string // how much Lake Formation decides: off, hybrid or full

	Domains map[string]Domain // the declared domains by name
}

// Domain is what the lake has for one domain.
type Domain struct {
	RawDatabase       pulumi.StringOutput
	StagedDatabase    pulumi.StringOutput
	AnalyticsDatabase pulumi.StringOutput
	Classification    pulumi.StringOutput // how sensitive its data is
}

// Fields of a domain in the output.
const (
	keyDomainRawDatabase       = "rawDatabase"
	keyDomainStagedDatabase    = "stagedDatabase"
	keyDomainAnalyticsDatabase = "analyticsDatabase"
	keyDomainClassification    = "classification"
)

// For gives the lake as one pipeline sees it: if its name is a declared domain, with the domain's
// databases instead of the zones'.
func (d Datalake) For(pipeline string) Datalake {
	if domain, found := d.Domains[pipeline]; found {
		d.RawDatabase, d.StagedDatabase, d.AnalyticsDatabase = domain.RawDatabase, domain.StagedDatabase, domain.AnalyticsDatabase
	}
	return d
}

// Outputs gives the values by output name.
func (d Datalake) Outputs() pulumi.Map {
	domains := pulumi.Map{}
	for name, domain := range d.Domains {
		domains[name] = pulumi.Map{
			keyDomainRawDatabase:       domain.RawDatabase,
			keyDomainStagedDatabase:    domain.StagedDatabase,
			keyDomainAnalyticsDatabase: domain.AnalyticsDatabase,
			keyDomainClassification:    domain.Classification,
		}
	}
	return pulumi.Map{
		outDatalakeKeyARN:     d.KeyARN,
		outDatalakeBoundary:   d.BoundaryARN,
		outRawBucket:          d.RawBucket,
		outStagedBucket:       d.StagedBucket,
		outAnalyticsBucket:    d.AnalyticsBucket,
		outQuarantineBucket:   d.QuarantineBucket,
		outArtifactsBucket:    d.ArtifactsBucket,
		outRawDatabase:        d.RawDatabase,
		outStagedDatabase:     d.StagedDatabase,
		outAnalyticsDatabase:  d.AnalyticsDatabase,
		outQuarantineDatabase: d.QuarantineDatabase,
		outWorkgroup:          d.Workgroup,
		outLakeFormationMode:  pulumi.String(d.LakeFormationMode),
		outDomains:            domains,
	}
}

// Export makes the values outputs of the running stack.
func (d Datalake) Export(ctx *pulumi.Context) {
	export(ctx, d.Outputs())
}

// ReadDatalake reads the outputs of the datalake stack of the same environment.
func ReadDatalake(ctx *pulumi.Context) (Datalake, error) {
	r, err := open(ctx, ProjectDatalake)
	if err != nil {
		return Datalake{}, err
	}
	return Datalake{
		KeyARN:             r.text(outDatalakeKeyARN),
		BoundaryARN:        r.text(outDatalakeBoundary),
		RawBucket:          r.text(outRawBucket),
		StagedBucket:       r.text(outStagedBucket),
		AnalyticsBucket:    r.text(outAnalyticsBucket),
		QuarantineBucket:   r.text(outQuarantineBucket),
		ArtifactsBucket:    r.text(outArtifactsBucket),
		RawDatabase:        r.text(outRawDatabase),
		StagedDatabase:     r.text(outStagedDatabase),
		AnalyticsDatabase:  r.text(outAnalyticsDatabase),
		QuarantineDatabase: r.text(outQuarantineDatabase),
		Workgroup:          r.text(outWorkgroup),
		LakeFormationMode:  r.word(outLakeFormationMode),
		Domains:            readDomains(r),
	}, r.err()
}

func readDomains(r *reader) map[string]Domain {
	domains := map[string]Domain{}
	for name, texts := range r.objects(outDomains,
		keyDomainRawDatabase, keyDomainStagedDatabase, keyDomainAnalyticsDatabase, keyDomainClassification) {
		domains[name] = Domain{
			RawDatabase:       pulumi.String(texts[keyDomainRawDatabase]).ToStringOutput(),
			StagedDatabase:    pulumi.String(texts[keyDomainStagedDatabase]).ToStringOutput(),
			AnalyticsDatabase: pulumi.String(texts[keyDomainAnalyticsDatabase]).ToStringOutput(),
			Classification:    pulumi.String(texts[keyDomainClassification]).ToStringOutput(),
		}
	}
	return domains
}
