package contract

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Outputs of the datalake project.
const (
	outDatalakeKeyARN     = "keyArn"
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
)

// Datalake is what the datalake project gives the mpp project.
type Datalake struct {
	KeyARN pulumi.StringOutput // KMS key every zone is encrypted with

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
}

// Export makes the values outputs of the running stack.
func (d Datalake) Export(ctx *pulumi.Context) {
	ctx.Export(outDatalakeKeyARN, d.KeyARN)
	ctx.Export(outRawBucket, d.RawBucket)
	ctx.Export(outStagedBucket, d.StagedBucket)
	ctx.Export(outAnalyticsBucket, d.AnalyticsBucket)
	ctx.Export(outQuarantineBucket, d.QuarantineBucket)
	ctx.Export(outArtifactsBucket, d.ArtifactsBucket)
	ctx.Export(outRawDatabase, d.RawDatabase)
	ctx.Export(outStagedDatabase, d.StagedDatabase)
	ctx.Export(outAnalyticsDatabase, d.AnalyticsDatabase)
	ctx.Export(outQuarantineDatabase, d.QuarantineDatabase)
	ctx.Export(outWorkgroup, d.Workgroup)
}

// ReadDatalake reads the outputs of the datalake stack of the same environment.
func ReadDatalake(ctx *pulumi.Context) (Datalake, error) {
	r, err := open(ctx, ProjectDatalake)
	if err != nil {
		return Datalake{}, err
	}
	return Datalake{
		KeyARN:             r.text(outDatalakeKeyARN),
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
	}, r.err()
}
