package program_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/pulumitest"
)

// What other platforms for data lakes offer, each shown by a resource that the program registers. The names are
// those of the comparison with them.
func TestWhatOthersOfferIsThere(t *testing.T) {
	t.Parallel()
	prod := &pulumitest.Recorder{Upstream: upstream("prod"), Preview: true}
	p := projects()[1]
	if err := prod.Run(t, p.program, p.name, "prod", shippedSettings(t, p, "prod")); err != nil {
		t.Fatal(err)
	}
	options := deployLake(t, everyZoneOption())
	crawlers := crawledLake(t)
	hybrid, err := governedLake(t, map[string]any{"mode": "hybrid", "administrators": []any{testUser}}, formationBefore())
	if err != nil {
		t.Fatal(err)
	}
	full, err := governedLake(t, map[string]any{
		"mode": "full", "administrators": []any{testUser}, "filters": []any{map[string]any{
			"name": "some", "zone": "staged", "domain": "hr", "table": "people", "rows": "country = 'DE'",
			"excludedColumns": []any{"salary"}, "personas": []any{"analyst"},
		}},
	}, formationBefore())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		offer string
		lake  *pulumitest.Recorder
		kind  string
		has   string // part of the inputs, as JSON
	}{
		{"three zones out of the box", prod, "s3/bucketV2:BucketV2", `-analytics-`},
		{"SSE-KMS with bucket key", prod, "s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `"bucketKeyEnabled":true`},
		{"deny wrong key and algorithm", prod, "s3/bucketPolicy:BucketPolicy", "DenyWrongAlgorithm"},
		{"TLS only", prod, "s3/bucketPolicy:BucketPolicy", "DenyInsecureTransport"},
		{"versioning", prod, "s3/bucketVersioningV2:BucketVersioningV2", `"Enabled"`},
		{"public access block", prod, "s3/bucketPublicAccessBlock:BucketPublicAccessBlock", `"restrictPublicBuckets":true`},
		{"ownership enforced", prod, "s3/bucketOwnershipControls:BucketOwnershipControls", "BucketOwnerEnforced"},
		{"server access logs", prod, "s3/bucketLoggingV2:BucketLoggingV2", `"targetPrefix":"raw/"`},
		{"lifecycle to colder classes", prod, "s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "GLACIER_IR"},
		{"Intelligent-Tiering", options, "s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration", "ARCHIVE_ACCESS"},
		{"abort incomplete uploads", prod, "s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "daysAfterInitiation"},
		{"noncurrent-version expiry", prod, "s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "noncurrentDays"},
		{"replication of data", options, "s3/bucketReplicationConfig:BucketReplicationConfig", "raw-copy"},
		{"Object Lock", options, "s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2", "GOVERNANCE"},
		{"inventory", prod, "s3/inventory:Inventory", "Weekly"},
		{"EventBridge notifications", prod, "s3/bucketNotification:BucketNotification", `"eventbridge":true`},
		{"role access tiers by prefix with default deny", prod, "s3/bucketPolicy:BucketPolicy", "OthersMayNotRead"},
		{"two-key protection of data", prod, "s3/bucketV2:BucketV2", `"forceDestroy":false`},

		{"crawler schedule", crawlers, "glue/crawler:Crawler", `"schedule":"cron(`},
		{"recrawl policy", crawlers, "glue/crawler:Crawler", "CRAWL_NEW_FOLDERS_ONLY"},
		{"event mode", crawlers, "glue/crawler:Crawler", "CRAWL_EVENT_MODE"},
		{"Iceberg targets", crawlers, "glue/crawler:Crawler", "icebergTargets"},
		{"Hudi targets", crawlers, "glue/crawler:Crawler", "hudiTargets"},
		{"declared tables", crawlers, "glue/catalogTable:CatalogTable", `"projection.enabled":"true"`},
		{"Iceberg table", crawlers, "glue/catalogTable:CatalogTable", "icebergInput"},
		{"optimizer", crawlers, "glue/catalogTableOptimizer:CatalogTableOptimizer", `"compaction"`},

		{"location registration", full, "lakeformation/resource:Resource", "tarn-test-raw-"},
		{"LF-tags", full, "lakeformation/lfTag:LfTag", "tarn-test-classification"},
		{"permissions", full, "lakeformation/permissions:Permissions", "lfTagPolicy"},
		{"hybrid mode", hybrid, "lakeformation/resource:Resource", `"hybridAccessEnabled":true`},
		{"hybrid opt-ins", hybrid, "lakeformation/optIn:OptIn", "persona-analyst"},
		{"clears the default of IAMAllowedPrincipals", full, "lakeformation/dataLakeSettings:DataLakeSettings", "admins"},
		{"row and column filters", full, "lakeformation/dataCellsFilter:DataCellsFilter", "rowFilter"},
	}
	for _, test := range tests {
		found := false
		for _, made := range test.lake.OfType("aws:" + test.kind) {
			raw, err := json.Marshal(made.Inputs)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(raw), test.has)
		}
		if !found {
			t.Errorf("%s: no %s with %s", test.offer, test.kind, test.has)
		}
	}
}
