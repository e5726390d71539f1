package pipeline

import (
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
)

// The names are those of the Glue User Guide, "Logging for AWS Glue jobs".
func TestLogGroupsHaveTheNamesOfGlue(t *testing.T) {
	t.Parallel()
	const made = "arn:aws:iam::123456789012:role/tarn/dev/tarn-dev-flights-job"
	for name, test := range map[string]struct {
		kind, role string
		want       contract.LogGroups
	}{
		"spark": {dataset.Spark, made, contract.LogGroups{
			Output: "/tarn/dev/flights/tarn-dev-pipelines-role/tarn/dev/tarn-dev-flights-job/output",
			Error:  "/tarn/dev/flights/tarn-dev-pipelines-role/tarn/dev/tarn-dev-flights-job/error",
		}},
		"streaming, role without a path": {dataset.Streaming, "arn:aws-us-gov:iam::123456789012:role/team", contract.LogGroups{
			Output: "/tarn/dev/flights/tarn-dev-pipelines-role/team/output",
			Error:  "/tarn/dev/flights/tarn-dev-pipelines-role/team/error",
		}},
		"python shell, whose prefix cannot be chosen": {dataset.PythonShell, made, contract.LogGroups{
			Output: "/aws-glue/python-jobs/tarn-dev-pipelines-role/tarn/dev/tarn-dev-flights-job/output",
			Error:  "/aws-glue/python-jobs/tarn-dev-pipelines-role/tarn/dev/tarn-dev-flights-job/error",
		}},
	} {
		if got := jobLogGroups(test.kind, "/tarn/dev/flights", "tarn-dev-pipelines", test.role); got != test.want {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, test.want)
		}
	}
}
