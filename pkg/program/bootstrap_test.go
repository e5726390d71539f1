package program_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/pulumitest"
	"github.com/tarn-data/tarn/pkg/statestore"
)

// What cannot be had back is protected and retained where the setting says so, and nowhere else.
func TestProtectKeepsWhatCannotBeHadBack(t *testing.T) {
	t.Parallel()
	for _, protect := range []bool{true, false} {
		recorder := foundation(t, map[string]any{"protect": protect, "stateReplicaRegion": "eu-central-1"})
		want := map[string]int{"aws:kms/key:Key": 3, "aws:s3/bucketV2:BucketV2": 3, "aws:dynamodb/table:Table": 1}
		for token, number := range want {
			made := recorder.OfType(token)
			if len(made) != number {
				t.Errorf("%d resources of type %s, want %d", len(made), token, number)
			}
			for _, resource := range made {
				protected, retained := recorder.Kept(resource)
				if protected != protect || retained != protect {
					t.Errorf("with protect %v %s %s is protected: %v, retained: %v", protect, token, resource.Name, protected, retained)
				}
			}
		}
		table := recorder.OfType("aws:dynamodb/table:Table")[0]
		if table.Inputs["deletionProtectionEnabled"] != protect {
			t.Errorf("with protect %v the table's deletion protection is %v", protect, table.Inputs["deletionProtectionEnabled"])
		}
	}
}

func TestLockTable(t *testing.T) {
	t.Parallel()
	table := foundation(t, nil).OfType("aws:dynamodb/table:Table")[0]
	on := func(property string) map[string]any { m, _ := table.Inputs[property].(map[string]any); return m }
	if text(table, "billingMode") != "PAY_PER_REQUEST" || text(table, "hashKey") != statestore.LockKey ||
		on("pointInTimeRecovery")["enabled"] != true || on("serverSideEncryption")["enabled"] != true ||
		on("serverSideEncryption")["kmsKeyArn"] == nil || on("ttl")["attributeName"] != statestore.LockExpiresAt || on("ttl")["enabled"] != true {
		t.Errorf("lock table %v", table.Inputs)
	}
}

// Every key rotates, says what it is for, can be had back for the configured time, and lets nobody in
// whom IAM policies of the account do not.
func TestKeys(t *testing.T) {
	t.Parallel()
	keys := foundation(t, map[string]any{"stateReplicaRegion": "eu-central-1"}).OfType("aws:kms/key:Key")
	for _, key := range keys {
		if key.Inputs["enableKeyRotation"] != true || text(key, "description") == "" || key.Inputs["deletionWindowInDays"] != 30.0 {
			t.Errorf("key %s: %v", key.Name, key.Inputs)
		}
		policies := policy.Policies{Resource: []policy.Document{pulumitest.Document(t, key, "policy")}}
		for _, principal := range []string{"arn:aws:iam::123456789012:user/x", "arn:aws:iam::999999999999:root", "ec2.amazonaws.com"} {
			if d := decide(t, policy.Request{Principal: principal, Action: "kms:Decrypt", Resource: keyARN}, policies); d.Allowed {
				t.Errorf("key %s: %s decrypts without an IAM policy: %s", key.Name, principal, d.Reason)
			}
		}
	}
}

// The data key is another one than the platform's. Its first policy is bootstrap's, later ones are the
// datalake project's; CloudWatch Logs may use it, and not the platform's.
func TestDataKey(t *testing.T) {
	t.Parallel()
	recorder := foundation(t, nil)
	data, platform := recorder.Named("aws:kms/key:Key", "data-key"), recorder.Named("aws:kms/key:Key", "key")
	if !slices.Equal(data.IgnoreChanges, []string{"policy"}) || len(platform.IgnoreChanges) > 0 {
		t.Errorf("changes are ignored of %v and %v", data.IgnoreChanges, platform.IgnoreChanges)
	}
	if description := text(platform, "description"); strings.Contains(description, "data") || !strings.Contains(text(data, "description"), "data") {
		t.Errorf("descriptions %q and %q", description, text(data, "description"))
	}
	if alias := recorder.Named("aws:kms/alias:Alias", "data-key-alias"); text(alias, "name") != "alias/tarn-test-data" {
		t.Errorf("alias %v", alias.Inputs)
	}
	logs := policy.Request{Principal: "logs.us-east-1.amazonaws.com", Action: "kms:GenerateDataKey", Resource: keyARN, Context: policy.Context{
		"kms:EncryptionContext:aws:logs:arn": {"arn:aws:logs:us-east-1:123456789012:log-group:/tarn/test/flights/output"},
	}}
	for key, allowed := range map[string]bool{"data-key": true, "key": false} {
		document := pulumitest.Document(t, recorder.Named("aws:kms/key:Key", key), "policy")
		if d := decide(t, logs, policy.Policies{Resource: []policy.Document{document}}); d.Allowed != allowed {
			t.Errorf("%s: %s", key, d.Reason)
		}
	}
	if outputs := outputsOf(t, "bootstrap", map[string]any{"organization": "tarn", "owner": "data", "dataKeyArn": keyARN}); outputs["dataKeyManaged"] != false ||
		outputs["dataKeyArn"] != keyARN || outputs["keyArn"] == keyARN {
		t.Errorf("with a key that was given: %v", outputs)
	}
	if outputs := outputsOf(t, "bootstrap", map[string]any{"organization": "tarn", "owner": "data"}); outputs["dataKeyManaged"] != true ||
		outputs["dataKeyArn"] == outputs["keyArn"] {
		t.Errorf("with a key that was made: %v", outputs)
	}
}

// The state bucket's policy lets nobody in and keeps wrong keys out; its log goes to a bucket into which
// only S3's log service may write, for this one source and account.
func TestStateBucket(t *testing.T) {
	t.Parallel()
	recorder := foundation(t, nil)
	bucket := func(name string) policy.Policies {
		return policy.Policies{Resource: []policy.Document{
			pulumitest.Document(t, recorder.Named("aws:s3/bucketPolicy:BucketPolicy", name+"-policy"), "policy"),
		}}
	}
	state := bucket("state")
	for _, s := range state.Resource[0].Statements {
		if s.Effect == policy.Allow {
			t.Errorf("statement %s of the state bucket's policy allows something", s.Sid)
		}
	}
	deployer := policiesOf(t, recorder, "deploy")
	deployer.Resource = state.Resource
	const algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
	own := text(recorder.Named("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "state-encryption"), "bucket")
	if own == "" {
		t.Fatal("the state bucket has no encryption")
	}
	platformKey := stateKey(t, state.Resource[0])
	for name, test := range map[string]struct {
		context policy.Context
		allowed bool
	}{
		"no header":         {policy.Context{"aws:SecureTransport": {"true"}}, true},
		"the platform key":  {policy.Context{"aws:SecureTransport": {"true"}, algorithm: {"aws:kms"}, key: {platformKey}}, true},
		"another key":       {policy.Context{"aws:SecureTransport": {"true"}, algorithm: {"aws:kms"}, key: {"arn:aws:kms:us-east-1:999999999999:key/x"}}, false},
		"another algorithm": {policy.Context{"aws:SecureTransport": {"true"}, algorithm: {"AES256"}}, false},
		"no TLS":            {policy.Context{"aws:SecureTransport": {"false"}}, false},
	} {
		request := policy.Request{Principal: deployARN, Action: "s3:PutObject", Resource: stateARN + "/.pulumi/stacks/mpp/test.json", Context: test.context}
		if d := decide(t, request, deployer); d.Allowed != test.allowed {
			t.Errorf("%s: %s", name, d.Reason)
		}
	}

	logging := recorder.Named("aws:s3/bucketLoggingV2:BucketLoggingV2", "state-logging")
	if text(logging, "targetBucket") != "tarn-test-state-logs-123456789012-us-east-1" || text(logging, "targetPrefix") != "state/" {
		t.Errorf("logging %v", logging.Inputs)
	}
	if len(recorder.OfType("aws:s3/bucketLoggingV2:BucketLoggingV2")) != 1 {
		t.Error("the log bucket writes a log of itself")
	}
	logs := bucket("state-logs")
	const target = "arn:aws:s3:::tarn-test-state-logs-123456789012-us-east-1/state/2026-01-01"
	for name, test := range map[string]struct {
		principal, resource, source, account string
		allowed                              bool
	}{
		"S3's log service": {"logging.s3.amazonaws.com", target, stateARN, "123456789012", true},
		"another source":   {"logging.s3.amazonaws.com", target, "arn:aws:s3:::evil", "123456789012", false},
		"another account":  {"logging.s3.amazonaws.com", target, stateARN, "999999999999", false},
		"another prefix":   {"logging.s3.amazonaws.com", strings.Replace(target, "/state/", "/other/", 1), stateARN, "123456789012", false},
		"another service":  {"ec2.amazonaws.com", target, stateARN, "123456789012", false},
		"a user":           {"arn:aws:iam::123456789012:user/x", target, stateARN, "123456789012", false},
	} {
		request := policy.Request{Principal: test.principal, Action: "s3:PutObject", Resource: test.resource, Context: policy.Context{
			"aws:SecureTransport": {"true"}, "aws:SourceArn": {test.source}, "aws:SourceAccount": {test.account},
			"aws:PrincipalIsAWSService": {fmt.Sprint(strings.HasSuffix(test.principal, ".amazonaws.com"))},
		}}
		if d := decide(t, request, logs); d.Allowed != test.allowed {
			t.Errorf("delivery by %s: %s", name, d.Reason)
		}
	}
}

// stateKey finds the key in the bucket policy.
func stateKey(t *testing.T, document policy.Document) string {
	t.Helper()
	for _, s := range document.Statements {
		if s.Sid == "DenyWrongKey" {
			return s.Conditions["StringNotEquals"]["s3:x-amz-server-side-encryption-aws-kms-key-id"][0]
		}
	}
	t.Fatal("the bucket policy names no key")
	return ""
}

// The copy of the state is made by a provider of its own, which is as careful as the default one.
func TestStateReplica(t *testing.T) {
	t.Parallel()
	p := projects()[0]
	recorder := &pulumitest.Recorder{Config: map[string]string{
		"aws:s3UsePathStyle": "true", "aws:skipMetadataApiCheck": "true", "aws:maxRetries": "2", "aws:allowedAccountIds": `["123456789012"]`,
	}}
	if err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data", "stateReplicaRegion": "eu-central-1"}); err != nil {
		t.Fatal(err)
	}
	pulumitest.CheckInvariants(t, recorder)
	provider := recorder.Named("pulumi:providers:aws", "replica").Inputs
	for property, want := range map[string]string{
		"region": "eu-central-1", "s3UsePathStyle": "true", "skipMetadataApiCheck": "true", "maxRetries": "2", "allowedAccountIds": "[123456789012]",
	} {
		if fmt.Sprint(provider[property]) != want {
			t.Errorf("the provider's %s is %#v, want %q", property, provider[property], want)
		}
	}
	const name = "tarn-test-state-replica-123456789012-eu-central-1"
	for _, made := range recorder.Resources() {
		theirs := text(made, "bucket") == name || strings.HasPrefix(made.Name, "replica-key")
		if made.Custom && strings.HasPrefix(made.Type, "aws:") && strings.Contains(made.Provider, "::replica::") != theirs {
			t.Errorf("%s %s is made by provider %q", made.Type, made.Name, made.Provider)
		}
	}

	rule := recorder.OfType("aws:s3/bucketReplicationConfig:BucketReplicationConfig")[0]
	for _, part := range []string{"state-versioning", "state-replica-versioning", "state-replication-policy"} {
		if !slices.ContainsFunc(rule.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+part) }) {
			t.Errorf("the replication does not wait for %s", part)
		}
	}
	role := recorder.Named("aws:iam/role:Role", "state-replication-role")
	trust := policy.Policies{Resource: []policy.Document{pulumitest.Document(t, role, "assumeRolePolicy")}}
	for source, allowed := range map[string]bool{stateARN: true, "arn:aws:s3:::evil": false} {
		request := policy.Request{Principal: "s3.amazonaws.com", Action: "sts:AssumeRole", Resource: "role", Context: policy.Context{
			"aws:SourceAccount": {"123456789012"}, "aws:SourceArn": {source},
		}}
		if d := decide(t, request, trust); d.Allowed != allowed {
			t.Errorf("S3 for %s: %s", source, d.Reason)
		}
	}
	document := pulumitest.Document(t, recorder.Named("aws:iam/rolePolicy:RolePolicy", "state-replication-policy"), "policy")
	key := func(sid string) string {
		for _, s := range document.Statements {
			if s.Sid == sid {
				return s.Resources[0]
			}
		}
		return ""
	}
	const copyARN = "arn:aws:s3:::" + name
	for _, test := range []struct {
		action, key, via, context string
		allowed                   bool
	}{
		{"kms:Decrypt", key("DecryptVersions"), "s3.us-east-1.amazonaws.com", stateARN, true}, // with a bucket key
		{"kms:Decrypt", key("DecryptVersions"), "s3.us-east-1.amazonaws.com", stateARN + "/.pulumi/meta.yaml", true},
		{"kms:Decrypt", key("DecryptVersions"), "s3.us-east-1.amazonaws.com", "arn:aws:s3:::tarn-test-raw-123456789012-us-east-1", false},
		{"kms:Decrypt", key("DecryptVersions"), "secretsmanager.us-east-1.amazonaws.com", stateARN, false},
		{"kms:GenerateDataKey", key("EncryptCopies"), "s3.eu-central-1.amazonaws.com", copyARN, true},
		{"kms:GenerateDataKey", key("EncryptCopies"), "s3.eu-central-1.amazonaws.com", copyARN + "/.pulumi/meta.yaml", true},
		{"kms:GenerateDataKey", key("EncryptCopies"), "s3.us-east-1.amazonaws.com", copyARN, false},
		{"kms:Decrypt", key("EncryptCopies"), "s3.eu-central-1.amazonaws.com", copyARN, false},
	} {
		request := policy.Request{Principal: accountARN + "role/x", Action: test.action, Resource: test.key, Context: policy.Context{
			"kms:ViaService": {test.via}, "kms:EncryptionContext:aws:s3:arn": {test.context},
		}}
		if d := decide(t, request, policy.Policies{Identity: []policy.Document{document}}); d.Allowed != test.allowed {
			t.Errorf("%s via %s for %s: %s", test.action, test.via, test.context, d.Reason)
		}
	}
}

// A provider that could not be handed on as it is stops the program.
func TestReplicaRefusesAnotherIdentity(t *testing.T) {
	t.Parallel()
	p := projects()[0]
	for key, value := range map[string]string{"aws:assumeRoles": `[{"roleArn":"x"}]`, "aws:maxRetries": "many"} {
		recorder := &pulumitest.Recorder{Config: map[string]string{key: value}}
		err := recorder.Run(t, p.program, p.name, "test", map[string]any{"organization": "tarn", "owner": "data", "stateReplicaRegion": "eu-central-1"})
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: error %v", key, err)
		}
		if made := recorder.OfType("aws:kms/key:Key"); len(made) > 0 {
			t.Errorf("%s: a key was registered before the error", key)
		}
	}
}

// A key and a boundary that exist are used and not made.
func TestWhatIsGivenIsNotMade(t *testing.T) {
	t.Parallel()
	const boundary = "arn:aws:iam::123456789012:policy/security/limit"
	const dataKey = "arn:aws:kms:us-east-1:123456789012:key/87654321-4321-4321-4321-210987654321"
	recorder := foundation(t, map[string]any{
		"keyArn": keyARN, "dataKeyArn": dataKey, "boundaryArn": boundary, "stateReplicaRegion": "eu-central-1",
	})
	if keys := recorder.OfType("aws:kms/key:Key"); len(keys) != 1 || keys[0].Name != "replica-key" {
		t.Errorf("keys %v", keys)
	}
	if made := recorder.Named("aws:iam/policy:Policy", "workload-boundary"); made.Name != "" {
		t.Error("a workload boundary was made")
	}
	if role := recorder.Named("aws:iam/role:Role", "state-replication-role"); text(role, "permissionsBoundary") != boundary {
		t.Errorf("the replication role has the boundary %q", text(role, "permissionsBoundary"))
	}
	policies := policiesOf(t, recorder, "deploy")
	for given, allowed := range map[string]bool{boundary: true, boundaryARN: false} {
		if d := decide(t, call{"iam:CreateRole", pipeRole, boundaryKey, given}.request(deployARN), policies); d.Allowed != allowed {
			t.Errorf("a role with boundary %s: %s", given, d.Reason)
		}
	}
	for _, theirs := range []call{{"iam:CreatePolicyVersion", boundary, "", ""}, {"kms:PutKeyPolicy", dataKey, "", ""}} {
		if d := decide(t, theirs.request(deployARN), policies); d.Allowed {
			t.Error(d.Reason)
		}
	}
}

// badDeploy are settings of bootstrap:settings.deploy that must be refused before the first resource.
func badDeploy() map[string]struct {
	deploy map[string]any
	want   string
} {
	type bad = struct {
		deploy map[string]any
		want   string
	}
	github := func(change map[string]any) map[string]any {
		all := map[string]any{"repository": "acme/lake"}
		maps.Copy(all, change)
		return map[string]any{"github": all}
	}
	repository := func(name string) map[string]any { return github(map[string]any{"repository": name}) }
	layer := func(name string, values map[string]any) map[string]any {
		return github(map[string]any{"layers": map[string]any{name: values}})
	}
	const one = `want exactly one repository`
	return map[string]bad{
		"every repository":             {repository("*"), one},
		"every repository of an owner": {repository("acme/*"), one},
		"a pattern":                    {repository("acme/lake?"), one},
		"only an owner":                {repository("acme"), one},
		"an owner with a slash":        {repository("acme/"), one},
		"a subject":                    {repository("repo:acme/lake"), one},
		"a subject with claims":        {repository("acme/lake:*"), one},
		"a space":                      {repository("acme/my lake"), one},
		"an address":                   {repository("https://github.com/acme/lake"), one},
		"three parts":                  {repository("acme/lake/main"), one},
		"a parent folder":              {repository("acme/.."), one},
		"a variable":                   {repository("acme/${aws:username}"), one},
		"every environment":            {github(map[string]any{"environment": "*"}), `deploy.github.environment "*"`},
		"a colon in the environment":   {github(map[string]any{"environment": "prod:ref"}), "no wildcard, colon"},
		"every branch":                 {github(map[string]any{"branch": "release/*"}), `deploy.github.branch "release/*"`},
		"a full ref":                   {github(map[string]any{"branch": "refs/heads/main"}), `deploy.github.branch "refs/heads/main"`},
		"both":                         {github(map[string]any{"branch": "main", "environment": "prod"}), "has both environment and branch"},
		"a number in words":            {github(map[string]any{"repositoryId": "lake"}), "deploy.github.repositoryId"},
		"a number without quotes":      {github(map[string]any{"repositoryId": 42}), `"deploy.github.repositoryId" is a number, want string`},
		"another provider":             {github(map[string]any{"providerArn": "arn:aws:iam::123456789012:oidc-provider/evil.example"}), "deploy.github.providerArn"},
		"an unknown layer":             {layer("lake", map[string]any{"repository": "a/b"}), "deploy.github.layers.lake: there is no layer"},
		"the bootstrap layer":          {layer("bootstrap", map[string]any{"repository": "a/b"}), "want one of [datalake mpp]"},
		"a layer without repository":   {layer("mpp", map[string]any{"branch": "main"}), "deploy.github.layers.mpp.repository"},
		"every repository for a layer": {layer("mpp", map[string]any{"repository": "acme/*"}), "deploy.github.layers.mpp.repository"},
		"a misspelt layer field":       {layer("mpp", map[string]any{"repo": "a/b"}), `unknown field "repo"`},
		"a branch of nothing":          {map[string]any{"github": map[string]any{"branch": "main"}}, "deploy.github.repository is required"},
		"a provider for nothing":       {map[string]any{"github": map[string]any{"providerArn": gitHubARN}}, "providerArn has no effect"},
		"a repository for nothing":     {map[string]any{"roleArn": deployARN, "planRoleArn": deployARN, "github": map[string]any{"repository": "a/b"}}, "has no effect"},
		"a user as a role":             {map[string]any{"roleArn": accountARN + "user/x"}, "deploy.roleArn"},
		"every role":                   {map[string]any{"planRoleArn": accountARN + "role/*"}, "deploy.planRoleArn"},
		"a pattern of roles":           {map[string]any{"passRoleArns": []string{accountARN + "role/*"}}, "deploy.passRoleArns[0]"},
		"a short session":              {map[string]any{"maxSessionMinutes": 15}, "deploy.maxSessionMinutes is 15, IAM allows 60 to 720"},
		"a long session":               {map[string]any{"maxSessionMinutes": 721}, "deploy.maxSessionMinutes is 721"},
	}
}

func TestBadDeploySettingsAreRefusedBeforeTheFirstResource(t *testing.T) {
	t.Parallel()
	for name, test := range badDeploy() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, map[string]any{"organization": "tarn", "owner": "data", "deploy": test.deploy}, test.want)
		})
	}
	for name, test := range map[string]struct {
		change map[string]any
		want   string
	}{
		"the same region":             {map[string]any{"stateReplicaRegion": "us-east-1"}, "stateReplicaRegion is us-east-1, where the state is"},
		"no region":                   {map[string]any{"stateReplicaRegion": "Frankfurt"}, `stateReplicaRegion "Frankfurt"`},
		"an alias as key":             {map[string]any{"keyArn": "arn:aws:kms:us-east-1:123456789012:alias/x"}, "not of an alias"},
		"a key elsewhere":             {map[string]any{"keyArn": strings.Replace(keyARN, "us-east-1", "eu-west-1", 1)}, "want a key of account 123456789012 in us-east-1"},
		"a boundary elsewhere":        {map[string]any{"boundaryArn": "arn:aws:iam::999999999999:policy/x"}, "only from the same account"},
		"a boundary of another kind":  {map[string]any{"boundaryArn": accountARN + "role/x"}, "boundaryArn"},
		"a name too long for buckets": {map[string]any{"organization": strings.Repeat("x", 18)}, "S3 allows 63: shorten the organization"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := map[string]any{"organization": "tarn", "owner": "data"}
			maps.Copy(settings, test.change)
			refused(t, settings, test.want)
		})
	}
}

// refused runs the bootstrap project and wants an error before any resource.
func refused(t *testing.T, settings map[string]any, want string) {
	t.Helper()
	p := projects()[0]
	recorder := &pulumitest.Recorder{}
	err := recorder.Run(t, p.program, p.name, "test", settings)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v\nwant one with %q", err, want)
	}
	for _, made := range recorder.Resources() {
		if made.Type != "pulumi:pulumi:Stack" {
			t.Errorf("%s %s was registered before the error", made.Type, made.Name)
		}
	}
}

// In the shipped prod environment nothing that holds data can be deleted by accident.
func TestProdIsProtected(t *testing.T) {
	t.Parallel()
	stateful := []string{
		"aws:dynamodb/table:Table", "aws:glue/catalogDatabase:CatalogDatabase", "aws:kms/key:Key", "aws:s3/bucketV2:BucketV2",
	}
	seen := map[string]bool{}
	for _, p := range projects()[:2] {
		recorder := &pulumitest.Recorder{Upstream: upstream("prod"), Region: shippedRegion(t, p, "prod")}
		if err := recorder.Run(t, p.program, p.name, "prod", shippedSettings(t, p, "prod")); err != nil {
			t.Fatal(err)
		}
		for _, made := range recorder.Resources() {
			if !slices.Contains(stateful, made.Type) {
				continue
			}
			seen[made.Type] = true
			if protected, _ := recorder.Kept(made); !protected {
				t.Errorf("%s: %s %s is not protected", p.name, made.Type, made.Name)
			}
		}
	}
	if len(seen) != len(stateful) {
		t.Errorf("only %v were found", seen)
	}
}
