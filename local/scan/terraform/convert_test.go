package terraform

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/state"
)

// mapping is the real answer of the provider, cut down to some types.
func mapping(t *testing.T) *Mapping {
	t.Helper()
	content, err := os.ReadFile("testdata/mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseMapping(content)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// resource is one of project p. Its inputs are JSON, as in a state file.
func resource(t *testing.T, token, name, inputs string) Resource {
	t.Helper()
	r := Resource{Project: "p", Resource: state.Resource{URN: "urn:pulumi:e::p::" + token + "::" + name, Type: token, ID: name}}
	if err := json.Unmarshal([]byte(inputs), &r.Inputs); err != nil {
		t.Fatal(err)
	}
	return r
}

func convert(t *testing.T, resources ...Resource) *Plan {
	t.Helper()
	plan, err := Convert(mapping(t), resources)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestShapes(t *testing.T) {
	t.Parallel()
	const asset = `"4dabf18193072939515e22adb298388d":"c44067f5952c0a294b673a41bacd8c17"`
	tests := map[string]struct{ token, inputs, want string }{
		"a plain value": {
			"aws:kms/key:Key", `{"enableKeyRotation":true,"deletionWindowInDays":30}`, `{"enable_key_rotation":true,"deletion_window_in_days":30}`,
		},
		"words for truth values and numbers": {
			"aws:kms/key:Key", `{"enableKeyRotation":"true","deletionWindowInDays":"30"}`, `{"enable_key_rotation":true,"deletion_window_in_days":30}`,
		},
		"a number that Terraform keeps as text": {
			"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", `{"rules":[{"filter":{"objectSizeGreaterThan":1}}]}`,
			`{"rule":[{"filter":[{"object_size_greater_than":"1"}]}]}`,
		},
		"a single block becomes a list": {
			"aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":{"__defaults":[],"status":"Enabled"}}`,
			`{"versioning_configuration":[{"status":"Enabled"}]}`,
		},
		"several blocks lose their plural": {
			"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
			`{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms"}},{"bucketKeyEnabled":true}]}`,
			`{"rule":[{"apply_server_side_encryption_by_default":[{"sse_algorithm":"aws:kms"}]},{"bucket_key_enabled":true}]}`,
		},
		"an irregular plural": {
			"aws:glue/catalogTable:CatalogTable", `{"partitionIndices":[{"indexName":"i","keys":["k"]}]}`,
			`{"partition_index":[{"index_name":"i","keys":["k"]}]}`,
		},
		"a plural that Terraform has too": {
			"aws:dynamodb/table:Table", `{"attributes":[{"name":"a","type":"S"}]}`, `{"attribute":[{"name":"a","type":"S"}]}`,
		},
		"keys of a map are no names": {
			"aws:glue/job:Job", `{"defaultArguments":{"--TempDir":"s3://b","camelCase":"x"},"tags":{"costCentre":"1"}}`,
			`{"default_arguments":{"--TempDir":"s3://b","camelCase":"x"},"tags":{"costCentre":"1"}}`,
		},
		"a file": {
			"aws:s3/bucketObjectv2:BucketObjectv2", `{"source":{` + asset + `,"path":"jobs/a.py"}}`, `{"source":"jobs/a.py"}`,
		},
		"a text as a file": {
			"aws:s3/bucketObjectv2:BucketObjectv2", `{"source":{` + asset + `,"text":"{}"}}`, `{"source":""}`,
		},
		"blocks without properties": {
			"aws:lakeformation/dataCellsFilter:DataCellsFilter", `{"tableData":{"name":"n","rowFilter":{"allRowsWildcard":{}}}}`,
			`{"table_data":[{"name":"n","row_filter":[{"all_rows_wildcard":[{}]}]}]}`,
		},
		"what is unset": {
			"aws:kms/key:Key", `{"description":null}`, `{"description":null}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := convert(t, resource(t, test.token, "r", test.inputs))
			var want map[string]any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(plan.PlannedValues.RootModule.Resources[0].Values)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %s", raw)
			}
		})
	}
}

func TestNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	const secret = `{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"x"}`
	tests := map[string]struct{ token, inputs, want string }{
		"a type without a mapping":  {"aws:ec2/instance:Instance", `{}`, "no scanner knows the type aws:ec2/instance:Instance"},
		"a type of another package": {"random:index/randomId:RandomId", `{}`, "no scanner knows the type random:index"},
		"an unknown property":       {"aws:kms/key:Key", `{"openToAll":true}`, "property openToAll is not in the provider's mapping"},
		"one in a block": {
			"aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":{"mfaToken":"1"}}`,
			"property versioningConfiguration: property mfaToken",
		},
		"a secret":              {"aws:kms/key:Key", `{"policy":` + secret + `}`, "a secret cannot be judged"},
		"a list where one goes": {"aws:kms/key:Key", `{"description":["a"]}`, "is not a single value"},
		"a value as a block":    {"aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":"on"}`, "is not a block"},
		"a value as a map":      {"aws:kms/key:Key", `{"tags":"on"}`, "is not a map"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := resource(t, "aws:kms/key:Key", "good", `{}`)
			_, err := Convert(mapping(t), []Resource{good, resource(t, test.token, "bad", test.inputs)})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "::bad") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// lakeOf gives a bucket and what belongs to it, as a state file has them.
func lakeOf(t *testing.T, versionedBy ...string) []Resource {
	t.Helper()
	bucket := resource(t, "aws:s3/bucketV2:BucketV2", "raw", `{"bucket":"tarn-raw"}`)
	bucket.ID, bucket.Outputs = "tarn-raw", map[string]any{"arn": "arn:aws:s3:::tarn-raw", "bucket": "tarn-raw"}
	block := resource(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", `{"bucket":"tarn-raw"}`)
	block.ID, block.PropertyDependencies = "tarn-raw", map[string][]string{"bucket": {bucket.URN}}
	versioning := resource(t, "aws:s3/bucketVersioningV2:BucketVersioningV2", "versioning", `{"bucket":"tarn-raw"}`)
	versioning.ID, versioning.PropertyDependencies = "tarn-raw", map[string][]string{"bucket": append(versionedBy, block.URN, bucket.URN)}
	policy := resource(t, "aws:s3/bucketPolicy:BucketPolicy", "policy", `{"bucket":"tarn-raw","policy":"{\"Resource\":\"arn:aws:s3:::tarn-raw/*\"}"}`)
	policy.ID, policy.PropertyDependencies = "tarn-raw", map[string][]string{"bucket": {bucket.URN}, "policy": {bucket.URN}}
	return []Resource{versioning, block, bucket, policy}
}

func TestReferencesTakeThePlaceOfValues(t *testing.T) {
	t.Parallel()
	plan := convert(t, lakeOf(t)...)
	want := []string{"aws_s3_bucket.p_raw.id", "aws_s3_bucket.p_raw"}
	for i, resource := range plan.Configuration.RootModule.Resources {
		_, literal := plan.PlannedValues.RootModule.Resources[i].Values["bucket"]
		if got := resource.Expressions["bucket"].References; resource.Type != "aws_s3_bucket" && (!slices.Equal(got, want) || literal) {
			t.Errorf("%s: %v, and the value is there: %v", resource.Address, got, literal)
		}
		if resource.Type == "aws_s3_bucket" && (!literal || len(resource.Expressions) > 0) {
			t.Errorf("the bucket itself: %+v", resource)
		}
	}
	policy := plan.PlannedValues.RootModule.Resources[3].Values["policy"]
	if text, _ := policy.(string); !strings.Contains(text, "tarn-raw/*") {
		t.Errorf("the policy is not there to be judged: %v", policy)
	}
}

func TestReferencesAcrossProjects(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:kms:us-east-1:123456789012:key/k"
	key := resource(t, "aws:kms/key:Key", "key", `{}`)
	key.ID, key.Outputs = "k", map[string]any{"arn": arn}
	logs := resource(t, "aws:cloudwatch/logGroup:LogGroup", "logs", `{"name":"/logs","kmsKeyId":"`+arn+`"}`)
	logs.Project = "q"
	plan := convert(t, key, logs)
	got := plan.Configuration.RootModule.Resources[1].Expressions["kms_key_id"].References
	if !slices.Equal(got, []string{"aws_kms_key.p_key.arn", "aws_kms_key.p_key"}) {
		t.Errorf("got %v", got)
	}
}

func TestReferencesInLists(t *testing.T) {
	t.Parallel()
	group := resource(t, "aws:iam/group:Group", "group", `{"name":"deployers"}`)
	group.ID, group.Outputs = "deployers", map[string]any{"name": "deployers", "arn": "arn:aws:iam::123456789012:group/deployers"}
	member := resource(t, "aws:iam/userGroupMembership:UserGroupMembership", "member", `{"user":"ci","groups":["deployers","others"]}`)
	member.PropertyDependencies = map[string][]string{"groups": {group.URN}}
	plan := convert(t, group, member)
	if got := plan.PlannedValues.RootModule.Resources[1].Values["groups"]; !reflect.DeepEqual(got, []any{nil, "others"}) {
		t.Errorf("values %v", got)
	}
	if got := plan.Configuration.RootModule.Resources[1].Expressions["groups"].References; len(got) == 0 || got[0] != "aws_iam_group.p_group.id" {
		t.Errorf("references %v", got)
	}
}

func TestAddressesAreUnique(t *testing.T) {
	t.Parallel()
	first := resource(t, "aws:kms/key:Key", "data-key", `{}`)
	second := resource(t, "aws:kms/key:Key", "data.key", `{}`)
	other := resource(t, "aws:kms/key:Key", "data-key", `{}`)
	other.Project = "q"
	plan := convert(t, first, second, other)
	want := map[string]string{
		"aws_kms_key.p_data_key": "p/aws_kms_key/data-key", "aws_kms_key.p_data_key_2": "p/aws_kms_key/data.key",
		"aws_kms_key.q_data_key": "q/aws_kms_key/data-key",
	}
	for address, label := range want {
		if got, _ := plan.Label(address); got != label {
			t.Errorf("%s is %q, want %s", address, got, label)
		}
	}
	if _, known := plan.Label("aws_kms_key.nobody"); known {
		t.Error("an address that is not there has a label")
	}
}

func TestMappingsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ content, want string }{
		"no JSON":            {`<`, "mapping to Terraform"},
		"nothing in it":      {`{}`, "names no resource type"},
		"a type of a schema": {`{"provider":{"resources":{"r":{"p":{"type":9}}}},"resources":{"r":{"tok":"a:b:C"}}}`, "type 9, which is new"},
		"two of one name": {
			`{"provider":{"resources":{"r":{"rule":{"type":5},"rules":{"type":4}}}},"resources":{"r":{"tok":"a:b:C"}}}`, "both called rules",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ParseMapping([]byte(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if tokens := mapping(t).Tokens(); !slices.Contains(tokens, "aws:kms/key:Key") || !slices.IsSorted(tokens) {
		t.Errorf("tokens %v", tokens)
	}
}
