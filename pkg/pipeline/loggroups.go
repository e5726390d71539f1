package pipeline

import (
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
)

// With a security configuration that encrypts logs Glue puts its name and the role's between the prefix and the last
// part of a log group's name (Glue User Guide, "Logging for AWS Glue jobs", "Log group naming with security
// configuration"):
//
//	<prefix>/<security configuration>-role/<role>/output
//
// The prefix can be chosen for Spark jobs of Glue 5.0 and later. Groups that Glue finds under another name it would make
// itself, without retention; the roles may do so only below the prefix. Crawlers: catalog.CrawlerLogGroup.

const pythonLogs = "/aws-glue/python-jobs"

// jobLogGroups gives the exact names of the log groups of jobs of a kind.
func jobLogGroups(kind, prefix, securityConfiguration, roleARN string) contract.LogGroups {
	if kind == dataset.PythonShell {
		prefix = pythonLogs // it knows no other
	}
	group := prefix + "/" + securityConfiguration + "-" + catalog.RolePart(roleARN)
	return contract.LogGroups{Output: group + "/output", Error: group + "/error"}
}
