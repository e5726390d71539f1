package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/naming"
)

// as gives a copy of the lake whose commands work with other credentials.
func (l *lake) as(t *testing.T, variables ...string) *lake {
	t.Helper()
	other := *l
	other.variables = append([]string{
		"AWS_ENDPOINT_URL=" + l.endpoint(t), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_REGION=us-east-1",
	}, variables...)
	return &other
}

// asCI works as the CI user, who becomes a deploy role.
func (l *lake) asCI(t *testing.T) *lake {
	t.Helper()
	id, secret := l.accessKey(t)
	role, _ := l.outputs(t)["deployRoleArn"].(string)
	return l.as(t, "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret, "TARN_ASSUME_ROLE="+role)
}

func (l *lake) checkUserAlone(t *testing.T) {
	t.Helper()
	id, secret := l.accessKey(t)
	user := l.as(t, "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret)
	if out := user.run(t, 1, "up"); !strings.Contains(out, "AccessDenied") && !strings.Contains(out, "Forbidden") {
		t.Errorf("output\n%s", out)
	}
}

// checkRecording deploys each layer, deploys it again, changes much of it and destroys it as the CI identity while
// IAM is enforced. The calls it makes must be those that the policies are made from: no other, which would be
// denied, and no fewer, which would be rights that nobody needs.
//
// TARN_RECORD=1 does the same as the account's root and writes what it recorded: `make record-policy`.
func (l *lake) checkRecording(t *testing.T) {
	t.Helper()
	writing := os.Getenv("TARN_RECORD") != ""
	deployer := l.asCI(t)
	if writing {
		deployer = l
	}
	recording := deploypolicy.Recording{}
	segment := func(layer deploypolicy.Layer, work func()) {
		from := len(l.recorded(t))
		work()
		recording.Merge(layer, l.layerCalls(t, l.recorded(t)[from:], writing))
	}
	for _, layer := range deploypolicy.Deployed() {
		segment(layer, func() {
			deployer.deploy(t, "up", "--project", string(layer))
			l.expectNoChanges(t, deployer.deploy(t, "up", "--project", string(layer)))
		})
	}
	settings := map[deploypolicy.Layer]string{
		deploypolicy.Datalake: "    queryScanLimitBytes: 20000000\n    retention: {raw: {class: cool}}\n",
		deploypolicy.MPP:      "",
	}
	for _, layer := range deploypolicy.Deployed() {
		segment(layer, func() {
			l.change(t, string(layer), "    organization: tarn\n", "    organization: tarn\n    tags: {team: ci}\n"+settings[layer])
			if layer == deploypolicy.MPP {
				l.change(t, "mpp", "maxWorkers: 2", "maxWorkers: 3")
				l.change(t, "mpp", "logRetentionDays: 1", "logRetentionDays: 3")
				l.moveSource(t)
			}
			deployer.deploy(t, "up", "--project", string(layer))
			l.change(t, string(layer), "    tags: {team: ci}\n", "") // taking a tag away is another call
			deployer.deploy(t, "up", "--project", string(layer))
		})
	}
	layers := deploypolicy.Deployed()
	slices.Reverse(layers)
	for _, layer := range layers {
		segment(layer, func() { deployer.deploy(t, "destroy", "--yes", "--delete-data", "--project", string(layer)) })
	}
	recorded, err := deploypolicy.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	if writing {
		recorded[deploypolicy.Datalake], recorded[deploypolicy.MPP] = recording[deploypolicy.Datalake], recording[deploypolicy.MPP]
		content, err := recorded.JSON()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(l.root, "pkg", "deploypolicy", "recorded.json") // through the link into the repository
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, layer := range deploypolicy.Deployed() {
		for _, action := range recording[layer] {
			if !slices.Contains(recorded[layer], action) {
				t.Errorf("%s calls %s, which is not in recorded.json: run `make record-policy`", layer, action)
			}
		}
		for _, action := range recorded[layer] {
			if !slices.Contains(recording[layer], action) {
				t.Errorf("recorded.json has %s for %s, which nothing calls: run `make record-policy`", action, layer)
			}
		}
	}
}

// moveSource gives a data set another folder in the raw zone, which changes the crawler and the roles.
func (l *lake) moveSource(t *testing.T) {
	t.Helper()
	file := filepath.Join(l.root, "mpp", "datasets", "airlines.yaml")
	before := readFile(t, file)
	after := strings.Replace(before, "nycflights13/airlines", "nycflights13/carriers", 1)
	if after == before {
		t.Fatalf("%s names another folder than expected", file)
	}
	if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// layerCalls gives the actions among the calls that are about a layer, and fails the test for each that was denied.
func (l *lake) layerCalls(t *testing.T, calls []deploypolicy.Call, root bool) []string {
	t.Helper()
	key, _ := l.outputs(t)["keyArn"].(string)
	dataKey, _ := l.outputs(t)["dataKeyArn"].(string)
	params := &deploypolicy.Params{
		Scope:   naming.Scope{Organization: "tarn", Environment: l.environment},
		Account: account.Account{ID: "123456789012", Region: "us-east-1"}, KeyARN: key, DataKeyARN: dataKey,
	}
	var lines bytes.Buffer
	for _, call := range calls {
		if !root && !strings.Contains(call.Principal, "/tarn-"+l.environment+"-deploy/") {
			continue // this test looking at what happened
		}
		if !call.Allowed {
			t.Errorf("%s on %v was denied", call.Action, call.Resources)
		}
		line, err := json.Marshal(call)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	actions, err := deploypolicy.FromCalls(&lines, params.StateCall)
	if err != nil {
		t.Fatal(err)
	}
	return actions
}

// checkEscalation lets the deploy role, with the CI user's own keys, try to get more rights or to destroy what it
// may not. The emulator enforces IAM and must deny every attempt.
func (l *lake) checkEscalation(t *testing.T) {
	t.Helper()
	id, secret := l.accessKey(t)
	outputs := l.outputs(t)
	role, _ := outputs["deployRoleArn"].(string)
	boundary, _ := outputs["boundaryArn"].(string)
	key, _ := outputs["keyArn"].(string)
	dataKey, _ := outputs["dataKeyArn"].(string)
	user, _ := outputs["ciUser"].(string)
	ci := l.aws(t)
	ci.Credentials = credentials.NewStaticCredentialsProvider(id, secret, "")
	session, err := sts.NewFromConfig(ci).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("attack")})
	if err != nil {
		t.Fatal(err)
	}
	deployer := l.aws(t)
	deployer.Credentials = credentials.NewStaticCredentialsProvider(
		*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)
	i, ctx := iam.NewFromConfig(deployer), t.Context()
	store := s3.NewFromConfig(deployer, func(o *s3.Options) { o.UsePathStyle = true })
	name := func(arn string) *string { return aws.String(arn[strings.LastIndex(arn, "/")+1:]) }
	path := aws.String("/tarn/" + l.environment + "/")
	trust := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	admin, all := "arn:aws:iam::aws:policy/AdministratorAccess", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	jobRole := "tarn-" + l.environment + "-flights-job"
	bucket, object := l.bucket(), l.stateKey("mpp")
	attempts := map[string]func() error{
		"make a role without a boundary": func() error {
			_, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), Path: path, AssumeRolePolicyDocument: trust})
			return err
		},
		"make a role with another boundary": func() error {
			_, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), Path: path, AssumeRolePolicyDocument: trust, PermissionsBoundary: &admin})
			return err
		},
		"make a role elsewhere": func() error {
			_, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: trust, PermissionsBoundary: &boundary})
			return err
		},
		"make a job's role an administrator": func() error {
			_, err := i.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &jobRole, PolicyArn: &admin})
			return err
		},
		"take a job's boundary away": func() error {
			_, err := i.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &jobRole})
			return err
		},
		"change the boundary": func() error {
			_, err := i.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &boundary, PolicyDocument: &all, SetAsDefault: true})
			return err
		},
		"delete the boundary": func() error {
			_, err := i.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &boundary})
			return err
		},
		"give itself a policy": func() error {
			_, err := i.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name(role), PolicyName: aws.String("x"), PolicyDocument: &all})
			return err
		},
		"let others become it": func() error {
			_, err := i.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name(role), PolicyDocument: trust})
			return err
		},
		"make a key for the CI user": func() error {
			_, err := i.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
			return err
		},
		"make a user": func() error {
			_, err := i.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x"), Path: path})
			return err
		},
		"trust another client of GitHub's provider": func() error {
			_, err := i.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{
				OpenIDConnectProviderArn: aws.String("arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"), ClientID: aws.String("x"),
			})
			return err
		},
		"run a job as itself": func() error {
			_, err := glue.NewFromConfig(deployer).CreateJob(ctx, &glue.CreateJobInput{
				Name: aws.String("tarn-" + l.environment + "-x"), Role: &role, Command: &gluetypes.JobCommand{Name: aws.String("glueetl"), ScriptLocation: aws.String("s3://x/y")},
			})
			return err
		},
		"destroy the state's history": func() error {
			versions, err := l.s3(t).ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &object})
			if err != nil || len(versions.Versions) == 0 {
				t.Fatalf("no version of the state: %v", err)
			}
			_, err = store.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &object, VersionId: versions.Versions[0].VersionId})
			return err
		},
		"open the state bucket": func() error {
			_, err := store.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket})
			return err
		},
		"stop the state's versions": func() error {
			_, err := store.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended}})
			return err
		},
		"delete the lock table": func() error {
			_, err := dynamodb.NewFromConfig(deployer).DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(l.table())})
			return err
		},
		"take another environment's lease": func() error {
			_, err := dynamodb.NewFromConfig(deployer).UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: aws.String(l.table()), Key: map[string]dynamotypes.AttributeValue{"LockID": &dynamotypes.AttributeValueMemberS{Value: "lease/prod"}},
				UpdateExpression: aws.String("REMOVE Lease"),
			})
			return err
		},
		"delete the data key": func() error {
			_, err := kms.NewFromConfig(deployer).ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &dataKey})
			return err
		},
		"write the policy of the platform's key": func() error {
			_, err := kms.NewFromConfig(deployer).PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
			return err
		},
		"lock everybody out of the data": func() error {
			_, err := kms.NewFromConfig(deployer).PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{
				KeyId: &dataKey, Policy: aws.String(`{"Version":"2012-10-17","Statement":[]}`), BypassPolicyLockoutSafetyCheck: true,
			})
			return err
		},
		"have Lake Formation work as itself": func() error {
			_, err := lakeformation.NewFromConfig(deployer).RegisterResource(ctx, &lakeformation.RegisterResourceInput{
				ResourceArn: aws.String("arn:aws:s3:::" + bucket), RoleArn: &role,
			})
			return err
		},
		"delete the key": func() error {
			_, err := kms.NewFromConfig(deployer).ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &key})
			return err
		},
		"read the CI user's key": func() error {
			secretARN, _ := outputs["accessKeySecret"].(string)
			_, err := secretsmanager.NewFromConfig(deployer).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
			return err
		},
	}
	for what, attempt := range attempts {
		var refused smithy.APIError
		if err := attempt(); !errors.As(err, &refused) || !strings.Contains(refused.ErrorCode(), "AccessDenied") {
			t.Errorf("the deploy role could %s: %v", what, err)
		}
	}
}

// checkStateBucket writes to the state bucket as root: without a header, which the bucket's key encrypts, and with
// headers that name something else, which the bucket refuses.
func (l *lake) checkStateBucket(t *testing.T) {
	t.Helper()
	client, bucket, key := l.s3(t), l.bucket(), "x"
	put := func(algorithm s3types.ServerSideEncryption, kmsKey *string) error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: strings.NewReader("x"), ServerSideEncryption: algorithm, SSEKMSKeyId: kmsKey,
		})
		return err
	}
	if err := put("", nil); err != nil {
		t.Errorf("a write without a header: %v", err)
	}
	own, _ := l.outputs(t)["keyArn"].(string)
	if err := put(s3types.ServerSideEncryptionAwsKms, &own); err != nil {
		t.Errorf("a write with the bucket's own key: %v", err)
	}
	written, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil || aws.ToString(written.SSEKMSKeyId) != own {
		t.Errorf("it is encrypted with %q, want %q: %v", aws.ToString(written.SSEKMSKeyId), own, err)
	}
	for what, err := range map[string]error{
		"S3's key":    put(s3types.ServerSideEncryptionAes256, nil),
		"another key": put(s3types.ServerSideEncryptionAwsKms, aws.String("arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000")),
	} {
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("a write with %s: %v, want it denied", what, err)
		}
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Error(err)
	}
}

// checkPlanRole previews as a pull request of the repository does, with a token of its OIDC provider.
func (l *lake) checkPlanRole(t *testing.T) {
	t.Helper()
	role, _ := l.outputs(t)["planRoleArn"].(string)
	deploy, _ := l.outputs(t)["deployRoleArn"].(string)
	// As GitHub's own action does: a token of the provider for keys of a session.
	assume := func(role, subject string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return sts.NewFromConfig(l.aws(t)).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &role, RoleSessionName: aws.String("run-1"), WebIdentityToken: aws.String(webToken(t, subject)),
		})
	}
	as := func(role, subject string) *lake {
		session, err := assume(role, subject)
		if err != nil {
			t.Fatalf("%s as %s: %v", subject, role, err)
		}
		return l.as(t, "AWS_ACCESS_KEY_ID="+*session.Credentials.AccessKeyId,
			"AWS_SECRET_ACCESS_KEY="+*session.Credentials.SecretAccessKey, "AWS_SESSION_TOKEN="+*session.Credentials.SessionToken)
	}
	pull := as(role, "repo:tarn-data/tarn:pull_request")
	pull.run(t, 0, "preview", "--expect-no-changes")
	if out := pull.run(t, 1, "up"); !strings.Contains(out, "not authorized") {
		t.Errorf("a pull request could deploy:\n%s", out)
	}
	for _, refused := range []struct{ role, subject string }{
		{deploy, "repo:tarn-data/tarn:pull_request"},
		{deploy, "repo:somebody/tarn:ref:refs/heads/main"},
		{role, "repo:somebody/tarn:pull_request"},
	} {
		if _, err := assume(refused.role, refused.subject); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s becomes %s: %v", refused.subject, refused.role, err)
		}
	}
	as(deploy, "repo:tarn-data/tarn:ref:refs/heads/main").run(t, 0, "preview", "--expect-no-changes")
}

// webToken is a token of GitHub's provider; the emulator does not verify its signature.
func webToken(t *testing.T, subject string) string {
	t.Helper()
	part := func(value any) string {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": "https://token.actions.githubusercontent.com", "aud": "sts.amazonaws.com", "sub": subject,
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}) + "." + part("signature")
}
