package pipeline

import (
	"strings"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
)

// With a security configuration that encrypts logs Glue puts its name and the role's between the prefix and the last
// part of a log group's name (Glue User Guide, "Logging for AWS Glue jobs", "Log group naming with security
// configuration"):
//
//	<prefix>/<security configuration>-role/<role>/output
//
// The prefix can be chosen for Spark jobs of Glue 5.0 and later. Crawlers have the two at the end:
//
//	/aws-glue/crawlers-role/<role>-<security configuration>
//
// "role/<role>" is the last part of the role's ARN, as the logs of crawlers whose roles have a path show: the path is
// part of it. Groups that Glue finds under another name it would make itself, without retention; the roles may do so
// only below the prefix.
const (
	pythonLogs  = "/aws-glue/python-jobs"
	crawlerLogs = "/aws-glue/crawlers"
)

// jobLogGroups gives the exact names of the log groups of jobs of a kind.
func jobLogGroups(kind, prefix, securityConfiguration, roleARN string) contract.LogGroups {
	if kind == dataset.PythonShell {
		prefix = pythonLogs // it knows no other
	}
	group := prefix + "/" + securityConfiguration + "-" + rolePart(roleARN)
	return contract.LogGroups{Output: group + "/output", Error: group + "/error"}
}

// crawlerLogGroup gives the exact name of the log group of a crawler.
func crawlerLogGroup(securityConfiguration, roleARN string) string {
	return crawlerLogs + "-" + rolePart(roleARN) + "-" + securityConfiguration
}

// rolePart is the end of a role's ARN: role/PATH/NAME.
func rolePart(roleARN string) string {
	return roleARN[strings.LastIndex(roleARN, ":")+1:]
}
