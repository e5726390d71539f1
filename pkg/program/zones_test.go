package program_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/pulumitest"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Types of the parts of a bucket.
const (
	bucketType       = "aws:s3/bucketV2:BucketV2"
	ownershipType    = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	publicType       = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	encryptionType   = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	versioningType   = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	bucketPolicyType = "aws:s3/bucketPolicy:BucketPolicy"
	loggingType      = "aws:s3/bucketLoggingV2:BucketLoggingV2"
	notificationType = "aws:s3/bucketNotification:BucketNotification"
	lockType         = "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2"
	metricType       = "aws:s3/bucketMetric:BucketMetric"
	tieringType      = "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"
	inventoryType    = "aws:s3/inventory:Inventory"
	lifecycleType    = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
)

const (
	otherKeyARN = "arn:aws:kms:eu-central-1:123456789012:key/12345678-1234-1234-1234-123456789012"
	someRole    = "arn:aws:iam::123456789012:role/team/somebody"
	deployer    = "arn:aws:iam::123456789012:role/tarn/test.deploy/tarn-test-deploy"
	endpoint    = "vpce-0123456789abcdef0"
)

// everyZoneOption are settings with all that a zone can do, except what contradicts something else.
func everyZoneOption() map[string]any {
	return map[string]any{
		"protect": true,
		"domains": map[string]any{"pay": map[string]any{"classification": "restricted", "rawPrefixes": []string{"hr/pay"}}},
		"retention": map[string]any{
			"raw":    map[string]any{"class": "cool", "classifications": map[string]any{"restricted": "archive"}},
			"staged": map[string]any{"class": "cool"},
		},
		"retentionClasses": map[string]any{"archive": map[string]any{
			"noncurrentDays": 30, "abortUploadDays": 2,
			"transitions": []any{transition(0, "INTELLIGENT_TIERING"), transition(100, "DEEP_ARCHIVE")},
		}},
		"zones": map[string]any{
			"raw": map[string]any{
				"inventory": "daily", "objectLock": map[string]any{"mode": "GOVERNANCE", "days": 7},
				"tiering": map[string]any{"archiveDays": 90, "deepArchiveDays": 180},
			},
			"access-logs": map[string]any{"metrics": true},
		},
		"replication":      map[string]any{"region": "eu-central-1", "keyArn": otherKeyARN, "zones": []string{"raw", "quarantine"}},
		"vpcEndpoints":     []string{endpoint},
		"vpcExemptRoles":   []string{"arn:aws:iam::123456789012:user/test", "arn:aws:iam::123456789012:role/glue/*"},
		"strictEncryption": true,
	}
}

// deployLake runs the datalake program with some settings changed.
func deployLake(t *testing.T, change map[string]any) *pulumitest.Recorder {
	t.Helper()
	recorder, err := tryLake(t, change)
	if err != nil {
		t.Fatal(err)
	}
	return recorder
}

func tryLake(t *testing.T, change map[string]any) (*pulumitest.Recorder, error) {
	t.Helper()
	p := projects()[1]
	settings := map[string]any{"organization": "tarn", "owner": "data"}
	maps.Copy(settings, change)
	recorder := &pulumitest.Recorder{Upstream: upstream("test"), Functions: freshLakeFormation()}
	return recorder, recorder.Run(t, p.program, p.name, "test", settings)
}

// deployments are every project with every shipped environment, and the lake with all a zone can do.
func deployments(t *testing.T) map[string]*pulumitest.Recorder {
	t.Helper()
	all := map[string]*pulumitest.Recorder{"datalake with everything": deployLake(t, everyZoneOption())}
	for _, p := range projects() {
		for _, environment := range []string{"local", "dev", "staging", "prod"} {
			recorder := &pulumitest.Recorder{Upstream: upstream(environment), Region: shippedRegion(t, p, environment)}
			if err := recorder.Run(t, p.program, p.name, environment, shippedSettings(t, p, environment)); err != nil {
				t.Fatal(err)
			}
			all[p.name+"/"+environment] = recorder
		}
	}
	return all
}

// part gives the one part of a type that a bucket has, or nothing.
func part(t *testing.T, r *pulumitest.Recorder, token, name string) (pulumitest.Resource, bool) {
	t.Helper()
	var found []pulumitest.Resource
	for _, resource := range r.OfType(token) {
		if resource.Inputs["bucket"] == name {
			found = append(found, resource)
		}
	}
	if len(found) > 1 {
		t.Errorf("bucket %s has %d times %s", name, len(found), token)
	}
	return append(found, pulumitest.Resource{})[0], len(found) > 0
}

func physical(kind zone.Kind) string {
	return "tarn-test-" + string(kind) + "-123456789012-us-east-1"
}

// bucketPolicy gives the policy of a bucket and the bucket's ARN.
func bucketPolicy(t *testing.T, r *pulumitest.Recorder, name string) (policy.Document, string) {
	t.Helper()
	found, _ := part(t, r, bucketPolicyType, name)
	return pulumitest.Document(t, found, "policy"), "arn:aws:s3:::" + name
}

// Besides what CheckInvariants says: no list of access rights, and every rule of every lifecycle deletes
// old versions and the parts of uploads that were given up.
func TestEveryBucketIsPrivateAndForgets(t *testing.T) {
	t.Parallel()
	for where, r := range deployments(t) {
		pulumitest.CheckInvariants(t, r)
		for _, made := range r.Resources() {
			if strings.Contains(made.Type, "Acl") || made.Inputs["acl"] != nil {
				t.Errorf("%s: %s %s is about an access control list", where, made.Type, made.Name)
			}
		}
		for _, made := range r.OfType(lifecycleType) {
			for _, rule := range made.Inputs["rules"].([]any) {
				rule := rule.(map[string]any)
				abort, _ := rule["abortIncompleteMultipartUpload"].(map[string]any)
				old, _ := rule["noncurrentVersionExpiration"].(map[string]any)
				if days, _ := abort["daysAfterInitiation"].(float64); days < 1 || days > 7 || old["noncurrentDays"] == nil || rule["status"] != "Enabled" {
					t.Errorf("%s: %s: rule %v", where, made.Name, rule)
				}
			}
		}
	}
}

// Criterion 4, and the data perimeter: whatever IAM allows, a bucket refuses requests without TLS, of
// other accounts and of nobody, and uploads with a stranger's key.
func TestEveryBucketPolicyDeniesWhatIAMMayAllow(t *testing.T) {
	t.Parallel()
	everything := []policy.Document{{Statements: []policy.Statement{
		{Sid: "Everything", Effect: policy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
	}}}
	checked := 0
	for where, r := range deployments(t) {
		for _, made := range r.OfType(bucketType) {
			name, _ := made.Inputs["bucket"].(string)
			document, arn := bucketPolicy(t, r, name)
			// An exempt deployer, so that the statement about networks is silent.
			environment := strings.Split(name, "-")[1]
			who := fmt.Sprintf("arn:aws:iam::123456789012:role/tarn/%s.deploy/x", environment)
			for _, test := range []struct {
				what, who, action, resource string
				context                     policy.Context
				denied                      string
			}{
				{"TLS", who, "s3:GetObject", arn + "/x", nil, ""},
				{"no TLS on an object", who, "s3:GetObject", arn + "/x", policy.Context{"aws:SecureTransport": {"false"}}, "DenyInsecureTransport"},
				{"no TLS on an upload", who, "s3:PutObject", arn + "/x", policy.Context{"aws:SecureTransport": {"false"}}, "DenyInsecureTransport"},
				{"no TLS on the bucket", who, "s3:ListBucket", arn, policy.Context{"aws:SecureTransport": {"false"}}, "DenyInsecureTransport"},
				{"another account", "arn:aws:iam::999999999999:role/x", "s3:GetObject", arn + "/x", nil, "DenyOtherAccounts"},
				{"another account lists", "arn:aws:iam::999999999999:role/x", "s3:ListBucket", arn, nil, "DenyOtherAccounts"},
				{"a stranger's key", who, "s3:PutObject", arn + "/x", policy.Context{"s3:x-amz-server-side-encryption-customer-algorithm": {"AES256"}}, "DenySSEC"},
			} {
				checked++
				context := policy.Context{
					"aws:SecureTransport": {"true"}, "aws:PrincipalIsAWSService": {"false"}, "aws:ViaAWSService": {"false"},
					"s3:x-amz-server-side-encryption-aws-kms-key-id": {keyOf(r, name)}, "s3:x-amz-server-side-encryption": {"aws:kms"},
				}
				if keyOf(r, name) == "" {
					delete(context, "s3:x-amz-server-side-encryption-aws-kms-key-id")
				}
				maps.Copy(context, test.context)
				d := decide(t, policy.Request{Principal: test.who, Action: test.action, Resource: test.resource, Context: context},
					policy.Policies{Identity: everything, Resource: []policy.Document{document}})
				if d.Allowed != (test.denied == "") || test.denied != "" && d.Statement != test.denied {
					t.Errorf("%s: %s: %s: %s", where, name, test.what, d.Reason)
				}
			}
		}
	}
	if checked < 7*45 {
		t.Errorf("only %d requests were judged", checked)
	}
}

// keyOf gives the key of a bucket's default encryption.
func keyOf(r *pulumitest.Recorder, name string) string {
	for _, made := range r.OfType(encryptionType) {
		if made.Inputs["bucket"] == name {
			rules, _ := made.Inputs["rules"].([]any)
			byDefault, _ := rules[0].(map[string]any)["applyServerSideEncryptionByDefault"].(map[string]any)
			key, _ := byDefault["kmsMasterKeyId"].(string)
			return key
		}
	}
	return ""
}

// Criterion 5: an upload gets the platform's key or is refused, and in strict mode has to name it.
func TestUploadsAreEncryptedWithTheKeyOfTheBucket(t *testing.T) {
	t.Parallel()
	const algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
	foundation := &pulumitest.Recorder{}
	p := projects()[0]
	if err := foundation.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data", "stateReplicaRegion": "eu-central-1"}); err != nil {
		t.Fatal(err)
	}
	copied := map[string]any{"replication": everyZoneOption()["replication"]}
	strict := maps.Clone(copied)
	strict["strictEncryption"] = true
	checked := 0
	for mode, r := range map[string]*pulumitest.Recorder{"state": foundation, "": deployLake(t, copied), "strict": deployLake(t, strict)} {
		for _, made := range r.OfType(bucketType) {
			name, _ := made.Inputs["bucket"].(string)
			own := keyOf(r, name)
			if strings.Contains(name, "-logs-") {
				continue // S3's own encryption: only S3 writes there
			}
			if own == "" {
				t.Errorf("%s has no key", name)
			}
			document, arn := bucketPolicy(t, r, name)
			for what, test := range map[string]struct {
				context policy.Context
				allowed bool
			}{
				"the bucket's key": {policy.Context{algorithm: {"aws:kms"}, key: {own}}, true},
				"another key":      {policy.Context{algorithm: {"aws:kms"}, key: {"arn:aws:kms:us-east-1:999999999999:key/x"}}, false},
				"S3's own key":     {policy.Context{algorithm: {"AES256"}}, false},
				"no word of it":    {policy.Context{}, mode != "strict"},
			} {
				checked++
				d := decide(t, policy.Request{Principal: someRole, Action: "s3:PutObject", Resource: arn + "/x", Context: test.context},
					policy.Policies{Identity: all("s3:PutObject"), Resource: []policy.Document{document}})
				if d.Allowed != test.allowed {
					t.Errorf("%s %s: upload with %s: %s", mode, name, what, d.Reason)
				}
			}
		}
	}
	if want := 4 * (2 + 2*(len(zone.DataKinds)+2)); checked != want {
		t.Errorf("%d uploads were judged, want %d", checked, want)
	}
}

func all(actions ...string) []policy.Document {
	return []policy.Document{{Statements: []policy.Statement{
		{Sid: "All", Effect: policy.Allow, Actions: actions, Resources: []string{"*"}},
	}}}
}

// Criterion 6: every data bucket writes its log below a folder of its own, S3 may deliver it there for
// exactly these buckets, and the log bucket writes none.
func TestAccessLogsAreDelivered(t *testing.T) {
	t.Parallel()
	r := deployLake(t, everyZoneOption())
	target := physical(zone.AccessLogs)
	document, arn := bucketPolicy(t, r, target)
	if _, found := part(t, r, loggingType, target); found {
		t.Error("the log bucket logs itself")
	}
	prefixes := map[string]bool{}
	for _, kind := range zone.DataKinds {
		logging, found := part(t, r, loggingType, physical(kind))
		prefix, _ := logging.Inputs["targetPrefix"].(string)
		if !found || logging.Inputs["targetBucket"] != target || !strings.HasSuffix(prefix, "/") || prefixes[prefix] {
			t.Errorf("%s: logs %v", kind, logging.Inputs)
		}
		prefixes[prefix] = true
		checkDelivery(t, document, arn, "logging.s3.amazonaws.com", prefix, physical(kind), nil)
	}
}

// checkDelivery asks for a delivery of S3's, and for the same one with each thing wrong.
func checkDelivery(t *testing.T, document policy.Document, target, service, prefix, source string, extra policy.Context) {
	t.Helper()
	for what, test := range map[string]struct {
		service, action, key, source, account string
		allowed                               bool
	}{
		"delivery":                      {service, "s3:PutObject", prefix + "x", source, pulumitest.AccountID, true},
		"delivery for another bucket":   {service, "s3:PutObject", prefix + "x", "somebodys-bucket", pulumitest.AccountID, false},
		"delivery for another account":  {service, "s3:PutObject", prefix + "x", source, "999999999999", false},
		"delivery of another service":   {"cloudtrail.amazonaws.com", "s3:PutObject", prefix + "x", source, pulumitest.AccountID, false},
		"delivery to another folder":    {service, "s3:PutObject", "elsewhere/x", source, pulumitest.AccountID, false},
		"something else than delivery":  {service, "s3:GetObject", prefix + "x", source, pulumitest.AccountID, false},
		"deleting what was delivered":   {service, "s3:DeleteObject", prefix + "x", source, pulumitest.AccountID, false},
		"changing the policy after all": {service, "s3:PutBucketPolicy", "", source, pulumitest.AccountID, false},
	} {
		context := policy.Context{
			"aws:SecureTransport": {"true"}, "aws:PrincipalIsAWSService": {"true"}, "aws:PrincipalServiceName": {test.service},
			"aws:SourceArn": {"arn:aws:s3:::" + test.source}, "aws:SourceAccount": {test.account},
		}
		maps.Copy(context, extra)
		d := decide(t, policy.Request{Principal: test.service, Action: test.action, Resource: target + "/" + test.key, Context: context},
			policy.Policies{Resource: []policy.Document{document}})
		if d.Allowed != test.allowed || strings.HasPrefix(d.Statement, "Deny") {
			t.Errorf("%s for %s: %s", what, source, d.Reason)
		}
	}
}

// Events are on for every bucket; what costs is on where data is protected, and can be switched.
func TestWhatABucketTells(t *testing.T) {
	t.Parallel()
	types := []string{notificationType, metricType, inventoryType, lockType, tieringType}
	has := func(r *pulumitest.Recorder, kind zone.Kind) string {
		var found []string
		for _, token := range types {
			if _, there := part(t, r, token, physical(kind)); there {
				found = append(found, token[strings.LastIndex(token, ":")+1:])
			}
		}
		return strings.Join(found, " ")
	}
	off := map[string]any{"zones": map[string]any{"raw": map[string]any{"events": false, "metrics": false, "inventory": "off"}}}
	for name, test := range map[string]struct {
		change map[string]any
		kind   zone.Kind
		want   string
	}{
		"protected":                 {nil, zone.Raw, "BucketNotification BucketMetric Inventory"},
		"protected results":         {nil, zone.AthenaResults, "BucketNotification BucketMetric Inventory"},
		"protected logs":            {nil, zone.AccessLogs, "BucketNotification"},
		"not protected":             {map[string]any{"protect": false}, zone.Staged, "BucketNotification"},
		"switched off":              {off, zone.Raw, ""},
		"another one switched off":  {off, zone.Staged, "BucketNotification BucketMetric Inventory"},
		"everything":                {everyZoneOption(), zone.Raw, "BucketNotification BucketMetric Inventory BucketObjectLockConfigurationV2 BucketIntelligentTieringConfiguration"},
		"everything, of other data": {everyZoneOption(), zone.Staged, "BucketNotification BucketMetric Inventory"},
		"everything, of the logs":   {everyZoneOption(), zone.AccessLogs, "BucketNotification BucketMetric"},
	} {
		if got := has(deployLake(t, test.change), test.kind); got != test.want {
			t.Errorf("%s: %s has %q, want %q", name, test.kind, got, test.want)
		}
	}
}

// Inventories arrive where the log bucket's policy lets S3 put them, and nobody may put any where none is wanted.
func TestInventoriesAreDelivered(t *testing.T) {
	t.Parallel()
	r := deployLake(t, everyZoneOption())
	document, arn := bucketPolicy(t, r, physical(zone.AccessLogs))
	delivered := policy.Context{"s3:x-amz-acl": {"bucket-owner-full-control"}, "s3:x-amz-server-side-encryption": {"AES256"}}
	for _, kind := range zone.DataKinds {
		inventory, _ := part(t, r, inventoryType, physical(kind))
		destination, _ := inventory.Inputs["destination"].(map[string]any)["bucket"].(map[string]any)
		want := "Weekly"
		if kind == zone.Raw {
			want = "Daily"
		}
		schedule, _ := inventory.Inputs["schedule"].(map[string]any)
		if destination["bucketArn"] != arn || destination["accountId"] != pulumitest.AccountID || schedule["frequency"] != want {
			t.Errorf("%s: inventory %v", kind, inventory.Inputs)
		}
		prefix, _ := destination["prefix"].(string)
		checkDelivery(t, document, arn, "s3.amazonaws.com", prefix+"/", physical(kind), delivered)
	}
	without := deployLake(t, map[string]any{"protect": false})
	document, _ = bucketPolicy(t, without, physical(zone.AccessLogs))
	for _, s := range document.Statements {
		if s.Sid == "AllowInventoryDelivery" {
			t.Error("S3 may deliver inventories that nobody asked for")
		}
	}
}

// The lock is set on the bucket that is there: one that were made with it could only be had as another bucket.
func TestTheLockNeedsNoOtherBucket(t *testing.T) {
	t.Parallel()
	r := deployLake(t, everyZoneOption())
	for _, made := range r.OfType(bucketType) {
		if made.Inputs["objectLockEnabled"] != nil {
			t.Errorf("%s is made with a lock", made.Name)
		}
	}
	locked := map[string]bool{}
	for _, made := range r.OfType(lockType) {
		name, _ := made.Inputs["bucket"].(string)
		locked[name] = true
		retention := made.Inputs["rule"].(map[string]any)["defaultRetention"].(map[string]any)
		if retention["mode"] != "GOVERNANCE" || retention["days"] != 7.0 {
			t.Errorf("%s is locked with %v", name, retention)
		}
	}
	// S3 copies what is locked only to where it stays locked.
	if want := map[string]bool{physical(zone.Raw): true, "tarn-test-raw-copy-123456789012-eu-central-1": true}; !maps.Equal(locked, want) {
		t.Errorf("locked are %v, want %v", locked, want)
	}
}

// Criterion 27: what holds data is protected, unless the settings say otherwise.
func TestDataIsProtected(t *testing.T) {
	t.Parallel()
	types := []string{bucketType, "aws:glue/catalogDatabase:CatalogDatabase"}
	for _, protect := range []bool{true, false} {
		settings := everyZoneOption()
		settings["protect"] = protect
		r := deployLake(t, settings)
		count := 0
		for _, token := range types {
			for _, made := range r.OfType(token) {
				count++
				if protected, _ := r.Kept(made); protected != protect {
					t.Errorf("with protect %v, %s is protected: %v", protect, made.Name, protected)
				}
				if made.Type == bucketType && made.Inputs["forceDestroy"] == true {
					t.Errorf("%s is deleted with its data", made.Name)
				}
			}
		}
		if count < len(zone.DataKinds)+3+4 {
			t.Errorf("only %d resources were looked at", count)
		}
	}
	for _, p := range projects()[1:2] {
		recorder := &pulumitest.Recorder{Upstream: upstream("prod")}
		if err := recorder.Run(t, p.program, p.name, "prod", shippedSettings(t, p, "prod")); err != nil {
			t.Fatal(err)
		}
		for _, made := range recorder.OfType(bucketType) {
			if protected, _ := recorder.Kept(made); !protected {
				t.Errorf("prod: %s is not protected", made.Name)
			}
		}
	}
}

// Criterion 31: S3 refuses calls on one bucket that overlap, so every part waits for those before it.
func TestPartsOfABucketAreMadeInOrder(t *testing.T) {
	t.Parallel()
	order := []string{
		bucketType, ownershipType, publicType, encryptionType, versioningType, bucketPolicyType, loggingType, notificationType,
		lockType, metricType, tieringType, inventoryType, lifecycleType,
	}
	for where, r := range deployments(t) {
		for _, made := range r.OfType(bucketType) {
			name, _ := made.Inputs["bucket"].(string)
			before := []pulumitest.Resource{made}
			for _, token := range order[1:] {
				next, found := part(t, r, token, name)
				if !found {
					continue
				}
				for _, earlier := range before {
					if !slices.ContainsFunc(next.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, earlier.Type+"::"+earlier.Name) }) {
						t.Errorf("%s: %s does not wait for %s", where, next.Name, earlier.Name)
					}
				}
				before = append(before, next)
			}
			if len(before) < 7 {
				t.Errorf("%s: %s has only %d parts", where, name, len(before))
			}
		}
	}
}

// Criterion 37: off by default; switched on, requests have to come through the endpoint, but for those whom
// it would shut out of their own bucket or who cannot come through one.
func TestOnlyTheVPCMayAsk(t *testing.T) {
	t.Parallel()
	const job = "arn:aws:iam::123456789012:role/tarn/test/tarn-test-flights-job"
	const replication = "arn:aws:iam::123456789012:role/tarn/test/tarn-test-raw-replication"
	through := policy.Context{"aws:SourceVpce": {endpoint}}
	viaAthena := policy.Context{"aws:ViaAWSService": {"true"}}
	tests := []struct {
		what, who, action string
		context           policy.Context
		allowed           bool
	}{
		{"a job through the endpoint", job, "s3:GetObject", through, true},
		{"a job from elsewhere", job, "s3:GetObject", nil, false},
		{"a job through another endpoint", job, "s3:PutObject", policy.Context{"aws:SourceVpce": {"vpce-0fffffffffffffff0"}}, false},
		{"an administrator from elsewhere", someRole, "s3:GetObject", nil, false},
		{"an administrator changing the policy from elsewhere", someRole, "s3:PutBucketPolicy", nil, false},
		{"the deployer from elsewhere", deployer, "s3:PutBucketPolicy", nil, true},
		{"the deployer of another environment", "arn:aws:iam::123456789012:role/tarn/prod.deploy/tarn-prod-deploy", "s3:PutBucketPolicy", nil, false},
		{"the CI user", "arn:aws:iam::123456789012:user/tarn/test.deploy/tarn-test-ci", "s3:GetObject", nil, true},
		{"an exempt role", "arn:aws:iam::123456789012:role/glue/etl", "s3:GetObject", nil, true},
		{"the account's root user", "arn:aws:iam::123456789012:root", "s3:PutBucketPolicy", nil, true},
		{"an analyst's query through Athena", someRole, "s3:GetObject", viaAthena, true},
		{"replication", replication, "s3:GetObjectVersionForReplication", nil, true},
	}
	for _, on := range []bool{false, true} {
		settings := everyZoneOption()
		if !on {
			delete(settings, "vpcEndpoints")
			delete(settings, "vpcExemptRoles")
		}
		r := deployLake(t, settings)
		for _, name := range []string{physical(zone.Raw), "tarn-test-raw-copy-123456789012-eu-central-1"} {
			document, arn := bucketPolicy(t, r, name)
			for _, test := range tests {
				context := policy.Context{
					"aws:SecureTransport": {"true"}, "aws:PrincipalIsAWSService": {"false"}, "aws:ViaAWSService": {"false"},
					"s3:x-amz-server-side-encryption-aws-kms-key-id": {keyOf(r, name)},
				}
				maps.Copy(context, test.context)
				d := decide(t, policy.Request{Principal: test.who, Action: test.action, Resource: arn + "/x", Context: context}, policy.Policies{
					Identity: all("s3:GetObject", "s3:PutObject", "s3:PutBucketPolicy", "s3:GetObjectVersionForReplication"),
					Resource: []policy.Document{document},
				})
				if d.Allowed != (test.allowed || !on) || on && !test.allowed && d.Statement != "DenyOtherVpc" {
					t.Errorf("endpoints %v, %s: %s: %s", on, name, test.what, d.Reason)
				}
			}
		}
		if _, found := statement(t, r, physical(zone.Staged), "DenyOtherVpc"); found != on {
			t.Errorf("endpoints %v: the statement is there: %v", on, found)
		}
	}
	// Nobody is exempt for the replication of a zone that is not copied.
	s, _ := statement(t, deployLake(t, everyZoneOption()), physical(zone.Staged), "DenyOtherVpc")
	if exempt := fmt.Sprint(s.Conditions["ArnNotLike"]); strings.Contains(exempt, "replication") {
		t.Errorf("exempt are %s", exempt)
	}
}

// Lake Formation reads for those it lets with a role of its own, which comes from its own network.
func TestTheVPCDoesNotShutOutLakeFormation(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"off", "hybrid", "full"} {
		r := deployLake(t, map[string]any{
			"vpcEndpoints": []string{endpoint}, "vpcExemptRoles": []string{"arn:aws:iam::123456789012:user/test"},
			"lakeFormation": map[string]any{"mode": mode, "administrators": []string{"arn:aws:iam::123456789012:user/test"}},
		})
		s, _ := statement(t, r, physical(zone.Staged), "DenyOtherVpc")
		exempt := s.Conditions["ArnNotLike"]["aws:PrincipalArn"]
		locations := 0
		for _, made := range r.OfType("aws:iam/role:Role") {
			for _, trusted := range pulumitest.Document(t, made, "assumeRolePolicy").Statements {
				if !slices.Contains(trusted.Principal.Services, "lakeformation.amazonaws.com") {
					continue
				}
				locations++
				if arn := fmt.Sprintf("arn:aws:iam::123456789012:role%v%v", made.Inputs["path"], made.Inputs["name"]); !slices.Contains(exempt, arn) {
					t.Errorf("mode %s: %s is not exempt: %v", mode, arn, exempt)
				}
			}
		}
		if (locations > 0) != (mode != "off") || len(exempt) != 4+locations {
			t.Errorf("mode %s: %d roles, exempt %v", mode, locations, exempt)
		}
	}
}

func statement(t *testing.T, r *pulumitest.Recorder, bucket, sid string) (policy.Statement, bool) {
	t.Helper()
	document, _ := bucketPolicy(t, r, bucket)
	at := slices.IndexFunc(document.Statements, func(s policy.Statement) bool { return s.Sid == sid })
	if at < 0 {
		return policy.Statement{}, false
	}
	return document.Statements[at], true
}

// A copy is a bucket as safe as the zone it is of, in the other region and under the key there.
func TestZonesAreCopiedToAnotherRegion(t *testing.T) {
	t.Parallel()
	r := deployLake(t, everyZoneOption())
	pulumitest.CheckInvariants(t, r)
	copies := map[string]string{}
	for _, made := range r.OfType("aws:s3/bucketReplicationConfig:BucketReplicationConfig") {
		source, _ := made.Inputs["bucket"].(string)
		rule := made.Inputs["rules"].([]any)[0].(map[string]any)
		destination := rule["destination"].(map[string]any)
		copies[source] = strings.TrimPrefix(destination["bucket"].(string), "arn:aws:s3:::")
		if key := destination["encryptionConfiguration"].(map[string]any)["replicaKmsKeyId"]; key != otherKeyARN {
			t.Errorf("%s is copied with the key %v", source, key)
		}
		if made.Provider != "" && strings.Contains(made.Provider, "copies") {
			t.Errorf("%s: the rule is set in the other region", source)
		}
	}
	want := map[string]string{
		physical(zone.Raw):        "tarn-test-raw-copy-123456789012-eu-central-1",
		physical(zone.Quarantine): "tarn-test-quarantine-copy-123456789012-eu-central-1",
	}
	if !maps.Equal(copies, want) {
		t.Errorf("copied are %v, want %v", copies, want)
	}
	there := 0
	for _, made := range r.Resources() {
		inOther := strings.Contains(made.Provider, "copies")
		if made.Custom && strings.HasPrefix(made.Type, "aws:s3/") && strings.Contains(fmt.Sprint(made.Inputs["bucket"]), "-copy-") != inOther {
			t.Errorf("%s %s is in the wrong region", made.Type, made.Name)
		}
		if inOther {
			there++
		}
	}
	if there < 16 {
		t.Errorf("only %d resources are in the other region", there)
	}
	for _, kind := range []string{"raw", "quarantine"} {
		document := pulumitest.Document(t, r.Named("aws:iam/rolePolicy:RolePolicy", kind+"-replication-policy"), "policy")
		reads := slices.ContainsFunc(document.Statements, func(s policy.Statement) bool { return s.Sid == "ReadLocks" })
		if reads != (kind == "raw") {
			t.Errorf("the replication of %s reads locks: %v", kind, reads)
		}
	}
	if none := deployLake(t, nil); len(none.OfType("pulumi:providers:aws")) > 0 || len(none.OfType("aws:s3/bucketReplicationConfig:BucketReplicationConfig")) > 0 {
		t.Error("something is copied without a setting")
	}
}

// The folder of a domain gets the class of its classification, in S3's words.
func TestRetentionReachesTheBuckets(t *testing.T) {
	t.Parallel()
	r := deployLake(t, everyZoneOption())
	made, _ := part(t, r, lifecycleType, physical(zone.Raw))
	rules := made.Inputs["rules"].([]any)
	if len(rules) != 2 {
		t.Fatalf("rules %v", rules)
	}
	folder := rules[1].(map[string]any)
	if folder["id"] != "folder-hr/pay" || fmt.Sprint(folder["filter"]) != "map[prefix:hr/pay/]" || len(folder["transitions"].([]any)) != 2 ||
		fmt.Sprint(folder["abortIncompleteMultipartUpload"]) != "map[daysAfterInitiation:2]" {
		t.Errorf("rule %v", folder)
	}
	expiring := func(change map[string]any) (kinds []zone.Kind) {
		r := deployLake(t, change)
		for _, kind := range zone.Kinds {
			made, _ := part(t, r, lifecycleType, physical(kind))
			if rule := made.Inputs["rules"].([]any)[0].(map[string]any); rule["expiration"] != nil {
				kinds = append(kinds, kind)
			}
		}
		return kinds
	}
	if got := expiring(nil); !slices.Equal(got, []zone.Kind{zone.AthenaResults, zone.AccessLogs}) {
		t.Errorf("a protected lake deletes from %v", got)
	}
	want := []zone.Kind{zone.Raw, zone.Staged, zone.Analytics, zone.Quarantine, zone.AthenaResults, zone.AccessLogs}
	if got := expiring(map[string]any{"protect": false, "expireAllAfterDays": 5}); !slices.Equal(got, want) {
		t.Errorf("a lake of test data deletes from %v", got)
	}
}

// The plugin of the local environment knows every option of a zone.
func TestThePluginKnowsWhatAZoneCanDo(t *testing.T) {
	t.Parallel()
	schema := pluginSchema(t)
	for _, made := range deployLake(t, everyZoneOption()).Resources() {
		if made.Custom && made.Type != "pulumi:pulumi:Stack" {
			checkKnown(t, schema, contract.ProjectDatalake, made)
		}
	}
}

func TestZoneSettingsAreRefused(t *testing.T) {
	t.Parallel()
	zones := func(kind, option string, value any) map[string]any {
		return map[string]any{"zones": map[string]any{kind: map[string]any{option: value}}}
	}
	replication := func(change map[string]any) map[string]any {
		whole := map[string]any{"region": "eu-central-1", "keyArn": otherKeyARN, "zones": []string{"raw"}}
		maps.Copy(whole, change)
		return map[string]any{"replication": whole}
	}
	with := func(settings map[string]any, key string, value any) map[string]any {
		settings[key] = value
		return settings
	}
	lock := map[string]any{"mode": "GOVERNANCE", "days": 30}
	exempt := []string{"arn:aws:iam::123456789012:user/test"}
	for i := range 450 {
		exempt = append(exempt, fmt.Sprintf("arn:aws:iam::123456789012:role/glue/job-%d", i))
	}
	for name, test := range map[string]struct {
		change map[string]any
		want   string
	}{
		"unknown zone":                {zones("rwa", "events", true), "zones.rwa: there is no such zone"},
		"unknown option":              {zones("raw", "event", true), `unknown field "event"`},
		"inventory":                   {zones("raw", "inventory", "hourly"), `zones.raw.inventory "hourly": want daily, weekly or off`},
		"inventory of inventories":    {zones("access-logs", "inventory", "daily"), "zones.access-logs.inventory: this zone holds"},
		"lock of a table":             {zones("staged", "objectLock", lock), "zones.staged.objectLock: it is only for raw"},
		"lock of the logs":            {zones("access-logs", "objectLock", lock), "zones.access-logs.objectLock: it is only for raw"},
		"kind of lock":                {zones("raw", "objectLock", map[string]any{"mode": "FOREVER", "days": 1}), `zones.raw.objectLock: mode "FOREVER": want one of`},
		"days of the lock":            {zones("raw", "objectLock", map[string]any{"mode": "COMPLIANCE"}), "zones.raw.objectLock: days is 0, want 1 to 36500"},
		"lock and delete":             {with(with(zones("raw", "objectLock", lock), "protect", false), "deleteDataOnDestroy", true), "zones.raw.objectLock and deleteDataOnDestroy contradict"},
		"lock and expire":             {with(with(zones("raw", "objectLock", lock), "protect", false), "expireAllAfterDays", 29), "objects expire after 29 days, and zones.raw.objectLock keeps them for 30"},
		"tiering of a table":          {zones("staged", "tiering", map[string]any{"archiveDays": 90}), "zones.staged.tiering: nobody can read a table"},
		"tiering of what is not":      {zones("raw", "tiering", map[string]any{"archiveDays": 90}), "zones.raw.tiering: no retention class moves objects of the zone to INTELLIGENT_TIERING; give it the class cool"},
		"tiering too soon":            {zones("raw", "tiering", map[string]any{"archiveDays": 89}), "archiveDays is 89, S3 allows 90 to 730"},
		"deep tiering too soon":       {zones("raw", "tiering", map[string]any{"deepArchiveDays": 179}), "deepArchiveDays is 179, S3 allows 180 to 730"},
		"tiering in the wrong order":  {zones("raw", "tiering", map[string]any{"archiveDays": 300, "deepArchiveDays": 200}), "deepArchiveDays is 200, want more than archiveDays"},
		"tiering of nothing":          {zones("raw", "tiering", map[string]any{}), "archiveDays or deepArchiveDays is required"},
		"copy to here":                {replication(map[string]any{"region": "us-east-1", "keyArn": keyARN}), "replication.region is us-east-1, where the zones are"},
		"copy to nowhere":             {replication(map[string]any{"region": "Frankfurt"}), `replication.region "Frankfurt": want the name of a region`},
		"copy with a key of here":     {replication(map[string]any{"keyArn": keyARN}), "want the ARN of a key in that region (arn:aws:kms:eu-central-1:ACCOUNT:key/ID)"},
		"copy with somebody's key":    {replication(map[string]any{"keyArn": strings.Replace(otherKeyARN, "123456789012", "999999999999", 1)}), "want a key of account 123456789012"},
		"copy without a key":          {replication(map[string]any{"keyArn": ""}), `keyArn "": want the ARN`},
		"copy of nothing":             {replication(map[string]any{"zones": []string{}}), "replication.zones is required"},
		"copy of logs":                {replication(map[string]any{"zones": []string{"access-logs"}}), `replication.zones[0] "access-logs": want one of`},
		"copy twice":                  {replication(map[string]any{"zones": []string{"raw", "raw"}}), "replication.zones[1]: raw is named twice"},
		"copy with too long a name":   {with(replication(map[string]any{"zones": []string{"athena-results"}}), "organization", "thirteenchars"), "which has 64 characters, S3 allows 63: shorten the organization"},
		"endpoint":                    {map[string]any{"vpcEndpoints": []string{"vpc-1"}}, `vpcEndpoints[0] "vpc-1": want the id of a VPC endpoint`},
		"exempt":                      {map[string]any{"vpcEndpoints": []string{endpoint}, "vpcExemptRoles": []string{"*"}}, `vpcExemptRoles[0] "*": want the ARN`},
		"too many exempt":             {map[string]any{"vpcEndpoints": []string{endpoint}, "vpcExemptRoles": exempt}, "the policy of the bucket tarn-test-raw-123456789012-us-east-1 would have"},
		"exempt from nothing":         {map[string]any{"vpcExemptRoles": []string{someRole}}, "vpcExemptRoles is set and vpcEndpoints is not"},
		"shutting oneself out":        {map[string]any{"vpcEndpoints": []string{endpoint}}, "vpcEndpoints would shut out arn:aws:iam::123456789012:user/test, who is deploying"},
		"shutting oneself out anyway": {map[string]any{"vpcEndpoints": []string{endpoint}, "vpcExemptRoles": []string{someRole}}, "would shut out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder, err := tryLake(t, test.change)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v\nwant one with %q", err, test.want)
			}
			for _, made := range recorder.Resources() {
				if made.Type != "pulumi:pulumi:Stack" {
					t.Errorf("%s %s was registered before the error", made.Type, made.Name)
				}
			}
		})
	}
}
