package catalog

import "testing"

// The names are those of the Glue User Guide, "Logging for AWS Glue jobs".
func TestLogGroupsOfCrawlersHaveTheNamesOfGlue(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]string{
		"arn:aws:iam::123456789012:role/tarn/dev/tarn-dev-flights-raw-crawler": "/aws-glue/crawlers-role/tarn/dev/tarn-dev-flights-raw-crawler-tarn-dev-catalog",
		"arn:aws-us-gov:iam::123456789012:role/team":                           "/aws-glue/crawlers-role/team-tarn-dev-catalog",
	} {
		if got := CrawlerLogGroup("tarn-dev-catalog", role); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
