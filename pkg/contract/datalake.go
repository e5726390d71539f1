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
}

// Outputs gives the values by output name.
func (d Datalake) Outputs() pulumi.Map {
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
	}, r.err()
}
