package deploypolicy

import (
	"bufio"
	_ "embed" // recorded.json
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// recordedFile has the actions that deploying each layer calls: the first up, one without changes, an
// update, and destroy. Call is how they are recorded, Merge how they get here.
//
//go:embed recorded.json
var recordedFile []byte

// Recording is the actions by layer, sorted.
type Recording map[Layer][]string

// Recorded gives the recording that the policies are made from.
func Recorded() (Recording, error) {
	var recording Recording
	if err := json.Unmarshal(recordedFile, &recording); err != nil {
		return nil, fmt.Errorf("recorded.json: %w", err)
	}
	return recording, nil
}

// Call is one line of the emulator's call record.
type Call struct {
	Action    string   `json:"action"`
	Resources []string `json:"resources"`
	Principal string   `json:"principal"`
	Allowed   bool     `json:"allowed"`
	Implied   bool     `json:"implied"` // needed by the call besides the action of its own name
}

// FromCalls reads a call record and gives its actions, each once and sorted. Left out is what drop says,
// for example calls of other principals, or calls that are about the state and not about the layer:
// see Params.StateCall.
func FromCalls(lines io.Reader, drop func(Call) bool) ([]string, error) {
	found := map[string]bool{}
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20) // a call can name many resources
	for number := 1; scanner.Scan(); number++ {
		if strings.TrimSpace(scanner.Text()) == "" {
			continue
		}
		var call Call
		if err := json.Unmarshal(scanner.Bytes(), &call); err != nil {
			return nil, fmt.Errorf("call record, line %d: %w", number, err)
		}
		if !strings.Contains(call.Action, ":") {
			return nil, fmt.Errorf("call record, line %d: action %q has no service", number, call.Action)
		}
		if _, free := withoutPermission[call.Action]; free || drop != nil && drop(call) {
			continue
		}
		found[call.Action] = true
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("call record: %w", err)
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// Merge adds a layer's actions to the recording.
func (r Recording) Merge(layer Layer, actions []string) {
	merged := append(slices.Clone(r[layer]), actions...)
	slices.Sort(merged)
	r[layer] = slices.Compact(merged)
}

// JSON is the form of recorded.json.
func (r Recording) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// useKey are the calls that encrypt and decrypt, and what a client asks of a key before.
var useKey = []string{"Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"}

// StateCall reports whether a call is about the state or the lock table, or uses one of the keys: every deployer has
// these rights without a recording.
func (p *Params) StateCall(call Call) bool {
	table := p.Account.ARN("dynamodb", "table/"+p.LockTable())
	state := p.Account.BucketARN(p.StateBucket())
	return len(call.Resources) > 0 && !slices.ContainsFunc(call.Resources, func(resource string) bool {
		switch service, name, _ := strings.Cut(call.Action, ":"); service {
		case "s3":
			return !strings.HasPrefix(resource, state+"/.pulumi/") && (resource != state || !strings.HasPrefix(name, "ListBucket"))
		case "dynamodb":
			return resource != table || !strings.HasSuffix(name, "Item")
		case "kms":
			return resource != p.KeyARN && resource != p.DataKeyARN || !slices.Contains(useKey, name)
		default:
			return true
		}
	})
}

// withoutPermission are calls that AWS lets everybody make (Service Authorization Reference).
var withoutPermission = map[string]string{
	"sts:GetCallerIdentity": "no permission is required, and none can take it away",
}

// unrecorded are actions that deploying needs on AWS and that no recording on the emulator shows, each
// with its reason.
var unrecorded = map[Layer]map[string]string{
	Bootstrap: {
		"dynamodb:UntagResource":         anotherTag,
		"dynamodb:UpdateTable":           "only a stack whose protect changes switches deletion protection",
		"iam:CreatePolicyVersion":        anotherVersion,
		"iam:DeleteAccessKey":            "the user is deleted with the keys that were made besides Pulumi",
		"iam:DeletePolicyVersion":        "IAM keeps five versions of a policy, so the sixth takes the place of the oldest",
		"iam:UntagOpenIDConnectProvider": anotherTag,
		"iam:UntagPolicy":                anotherTag,
		"iam:UntagRole":                  anotherTag,
		"iam:UntagUser":                  anotherTag,
		"kms:PutKeyPolicy":               anotherVersion,
		"kms:UntagResource":              anotherTag,
		"kms:UpdateKeyDescription":       anotherVersion,
		"secretsmanager:UntagResource":   anotherTag,
		"secretsmanager:UpdateSecret":    anotherVersion,
	},
	Datalake: with(with(lakeFormationGrants, crawlerCalls()), map[string]string{
		"glue:CreateTableOptimizer":              optimized,
		"glue:DeleteTableOptimizer":              optimized,
		"glue:DeleteUserDefinedFunction":         "Glue wants it of whoever deletes a database that has functions",
		"glue:GetTableOptimizer":                 optimized,
		"glue:GetTables":                         "only a stack whose lakeFormation is switched off gives the tables back to IAM",
		"glue:UpdateDatabase":                    anotherVersion,
		"glue:UpdateTable":                       "only a view whose text changes, or a declared table",
		"glue:UpdateTableOptimizer":              optimized,
		"iam:PassRole":                           optional("replication, lakeFormation and catalog.crawlers, or an optimized table"),
		"iam:PutRolePermissionsBoundary":         "only a stack whose boundary changes gives its roles another one",
		"iam:UpdateAssumeRolePolicy":             "only a persona whom somebody else may take",
		"iam:UpdateRole":                         "only a persona whose session gets longer or shorter",
		"lakeformation:AddLFTagsToResource":      optional("lakeFormation"),
		"lakeformation:CreateDataCellsFilter":    optional("lakeFormation.filters"),
		"lakeformation:CreateLFTag":              optional("lakeFormation"),
		"lakeformation:CreateLakeFormationOptIn": optional("lakeFormation"),
		"lakeformation:DeleteDataCellsFilter":    optional("lakeFormation.filters"),
		"lakeformation:DeleteLFTag":              optional("lakeFormation"),
		"lakeformation:DeleteLakeFormationOptIn": optional("lakeFormation"),
		"lakeformation:DeregisterResource":       optional("lakeFormation"),
		"lakeformation:DescribeResource":         optional("lakeFormation"),
		"lakeformation:GetDataCellsFilter":       optional("lakeFormation.filters"),
		"lakeformation:GetDataLakeSettings":      optional("lakeFormation"),
		"lakeformation:GetLFTag":                 optional("lakeFormation"),
		"lakeformation:GetResourceLFTags":        optional("lakeFormation"),
		"lakeformation:ListDataCellsFilter":      optional("lakeFormation.filters"),
		"lakeformation:ListLakeFormationOptIns":  optional("lakeFormation"),
		"lakeformation:PutDataLakeSettings":      optional("lakeFormation"),
		"lakeformation:RegisterResource":         optional("lakeFormation"),
		"lakeformation:RemoveLFTagsFromResource": optional("lakeFormation"),
		"lakeformation:UpdateDataCellsFilter":    optional("lakeFormation.filters"),
		"lakeformation:UpdateLFTag":              "only a stack whose domains change gives a tag other values",
		"lakeformation:UpdateResource":           "only a stack that goes from hybrid to full changes a location",
		"s3:GetIntelligentTieringConfiguration":  optional("zones.*.tiering"),
		"s3:GetInventoryConfiguration":           optional("zones.*.inventory"),
		"s3:GetMetricsConfiguration":             optional("zones.*.metrics"),
		"s3:PutObject":                           "only a stack with a declared Iceberg table: Glue writes its first file for who makes it",
		"s3:PutBucketObjectLockConfiguration":    optional("zones.raw.objectLock"),
		"s3:PutIntelligentTieringConfiguration":  optional("zones.*.tiering"),
		"s3:PutInventoryConfiguration":           optional("zones.*.inventory"),
		"s3:PutMetricsConfiguration":             optional("zones.*.metrics"),
		"s3:PutReplicationConfiguration":         optional("replication"),
	}),
	MPP: with(with(with(with(lakeFormationGrants, networkCalls()), messageCalls()), runCalls()), map[string]string{
		"glue:UpdateDataQualityRuleset":  "only a stack whose rules change",
		"glue:StartTrigger":              "a trigger that is switched on; the recorded ones are made as they stay",
		"glue:StopTrigger":               "a trigger that is switched off",
		"glue:UpdateTrigger":             anotherVersion,
		"glue:UpdateWorkflow":            anotherVersion,
		"iam:PutRolePermissionsBoundary": "only a stack whose boundary changes gives its roles another one",
		"iam:UpdateAssumeRolePolicy":     anotherVersion,
		"iam:UpdateRole":                 anotherVersion,
		"s3:DeleteObject":                "tarn upload --delete, and an object of which the bucket has no versions",
		"logs:AssociateKmsKey":           "only a stack whose key changes encrypts its log groups with another one",
		"logs:DisassociateKmsKey":        "as logs:AssociateKmsKey",
		"s3:AbortMultipartUpload":        "a large script or file is uploaded in parts, which are given up after a failure",
		"s3:ListMultipartUploadParts":    "as s3:AbortMultipartUpload",
	}),
}

// crawlerCalls are what only a stack with crawlers of its own calls: they have a log group each, and a security
// configuration together.
func crawlerCalls() map[string]string {
	calls := map[string]string{}
	for _, action := range []string{
		"glue:CreateCrawler", "glue:CreateSecurityConfiguration", "glue:DeleteCrawler", "glue:DeleteSecurityConfiguration",
		"glue:GetCrawler", "glue:GetSecurityConfiguration", "glue:UpdateCrawler",
		"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DescribeLogGroups", "logs:DisassociateKmsKey",
		"logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
	} {
		calls[action] = optional("catalog.crawlers")
	}
	return calls
}

// messageCalls are what only a stack calls whose pipelines start when files arrive, or that sends alerts by mail.
func messageCalls() map[string]string {
	calls := map[string]string{}
	for _, action := range []string{
		"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:ListQueueTags",
		"sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue",
	} {
		calls[action] = "only a stack with a pipeline that has an arrival"
	}
	for _, action := range []string{
		"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Subscribe",
		"sns:Unsubscribe",
	} {
		calls[action] = "only a stack with mpp:settings.alerts.emails"
	}
	return calls
}

// runCalls are what whoever deploys pipelines calls to run them and to see how they went: tarn run, backfill, status and
// logs. They give no right that a deployer lacks, who may change what a job does and when it starts. The rows of tables
// are for personas.
func runCalls() map[string]string {
	calls := map[string]string{}
	for _, action := range []string{
		"glue:GetTables", "glue:GetWorkflowRun", "glue:GetWorkflowRuns", "glue:ResumeWorkflowRun", "glue:StartWorkflowRun",
		"glue:StopWorkflowRun", "logs:DescribeLogStreams", "logs:GetLogEvents",
	} {
		calls[action] = "no deployment: tarn run, backfill, status and logs"
	}
	return calls
}

// networkCalls are what only a stack with a private network calls; e2e.TestNetwork compares them with what is called.
func networkCalls() map[string]string {
	calls := map[string]string{}
	for _, action := range []string{
		"ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:AuthorizeSecurityGroupEgress",
		"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs", "ec2:CreateInternetGateway", "ec2:CreateRouteTable",
		"ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateTags", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
		"ec2:DeleteFlowLogs", "ec2:DeleteInternetGateway", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet",
		"ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints", "ec2:DescribeFlowLogs", "ec2:DescribeInternetGateways",
		"ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribePrefixLists", "ec2:DescribeRouteTables",
		"ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcAttribute",
		"ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs", "ec2:DetachInternetGateway", "ec2:DisassociateRouteTable",
		"ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint",
		"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
		"glue:CreateConnection", "glue:DeleteConnection", "glue:GetConnection", "glue:PassConnection", "glue:UpdateConnection",
	} {
		calls[action] = "only a stack with mpp:settings.network"
	}
	return calls
}

// lakeFormationGrants are what every layer calls that gives its roles rights in Lake Formation.
var lakeFormationGrants = map[string]string{
	"lakeformation:GrantPermissions":  optional("lakeFormation"),
	"lakeformation:ListPermissions":   optional("lakeFormation"),
	"lakeformation:RevokePermissions": optional("lakeFormation"),
}

func with(actions, more map[string]string) map[string]string {
	all := maps.Clone(actions)
	maps.Copy(all, more)
	return all
}

// optional is the reason of what only stacks with a setting of the datalake project call.
func optional(setting string) string { return "only a stack with datalake:settings." + setting }

// Reasons that many actions share.
const (
	anotherVersion = "only another version of the programs changes it in place"
	optimized      = "only a stack with a declared Iceberg table that has optimizers"
	anotherTag     = "only a stack whose tags get fewer takes one away"
)
