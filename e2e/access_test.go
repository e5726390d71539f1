package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// everythingAllowed is the policy of somebody whom IAM stops at nothing.
const everythingAllowed = `{"Version":"2012-10-17","Statement":[{"Sid":"Everything","Effect":"Allow","Action":"*","Resource":"*"}]}`

// checkPersonas works with the data as each persona, and as somebody who is none, while the emulator enforces IAM.
func (l *lake) checkPersonas(t *testing.T) {
	t.Helper()
	root := visitor{t, l.aws(t), l.aws(t), l.environment}
	for _, place := range []string{"raw/personas/x", "staged/flights/personas/x", "staged/personas/x", "analytics/personas/x"} {
		if err := root.put(place); err != nil {
			t.Fatalf("%s: %v", place, err)
		}
		t.Cleanup(func() { root.clear(place) })
	}
	t.Cleanup(func() {
		root.clear("athena-results/tarn-" + l.environment + "-analyst/personas/")
	})
	personas := map[string]visitor{}
	for _, name := range []string{"ingest", "engineer", "analyst", "steward", "service"} {
		user := l.user(t, "somebody-"+name, name)
		personas[name] = visitor{t, user.become(name), l.aws(t), l.environment}
		other := map[string]string{"steward": "analyst"}[name]
		if other == "" {
			other = "steward"
		}
		if _, err := user.assume(other); !refused(err) {
			t.Errorf("somebody tagged %s becomes %s: %v", name, other, err)
		}
	}
	// Who is no persona may do nothing, although his own policy allows everything.
	outsider := l.user(t, "somebody-else", "")
	if _, err := outsider.assume("steward"); !refused(err) {
		t.Errorf("somebody without a tag becomes steward: %v", err)
	}
	personas["nobody"] = outsider
	attempts := map[string]func(visitor, string) error{
		"get": visitor.get, "put": visitor.put, "list": visitor.list, "delete": visitor.remove, "delete for good": visitor.removeVersion,
	}
	may := map[string]map[string]string{ // persona: place: attempts
		"ingest":   {"raw/personas/x": "list get put delete"},
		"engineer": {"raw/personas/x": "list get", "staged/flights/personas/x": "list get put delete", "staged/personas/x": "list get put delete", "analytics/personas/x": "list get put delete"},
		"analyst":  {"staged/flights/personas/x": "list get", "analytics/personas/x": "list get"},
		"steward":  {},
		"service":  {"analytics/personas/x": "list get"},
		"nobody":   {},
	}
	places := []string{"raw/personas/x", "staged/flights/personas/x", "staged/personas/x", "analytics/personas/x"}
	for _, place := range places {
		may["steward"][place] = "list get put delete delete for good"
	}
	for name, visitor := range personas {
		for _, place := range places {
			for what, attempt := range attempts {
				if err := root.put(place); err != nil { // a deletion may have come before
					t.Fatal(err)
				}
				err := attempt(visitor, place)
				if allowed := strings.Contains(may[name][place], what); allowed && err != nil || !allowed && !refused(err) {
					t.Errorf("%s, %s %s: allowed %v, but %v", name, what, place, allowed, err)
				}
			}
		}
	}
	l.checkPersonaResults(t, personas)
}

// checkPersonaResults lets personas ask in their own workgroup and look at the results of others, and lets nobody
// change what makes a bucket safe.
func (l *lake) checkPersonaResults(t *testing.T, personas map[string]visitor) {
	t.Helper()
	own, others := "athena-results/tarn-"+l.environment+"-analyst/personas/x", "athena-results/tarn-"+l.environment+"-steward/personas/x"
	analyst, steward := personas["analyst"], personas["steward"]
	if err := errors.Join(analyst.put(own), analyst.get(own), analyst.list(own)); err != nil {
		t.Errorf("the analyst's own results: %v", err)
	}
	for what, err := range map[string]error{
		"write another's results": analyst.put(others), "read another's results": steward.get(own), "list another's results": steward.list(own),
		"ask in everybody's workgroup": analyst.ask("lake"), "ask in another's workgroup": analyst.ask("steward"),
		"stop the versions": steward.suspendVersions("raw"), "open the bucket": steward.removePolicy("raw"),
	} {
		if !refused(err) {
			t.Errorf("a persona could %s: %v", what, err)
		}
	}
	if err := analyst.ask("analyst"); err != nil {
		t.Errorf("the analyst asks: %v", err)
	}
	var said struct {
		Answers []struct{ Persona, Outcome string }
	}
	decode(t, l.run(t, 0, "access", "explain", "--path", "raw/personas/x"), &said)
	outcomes := map[string]string{}
	for _, answer := range said.Answers {
		outcomes[answer.Persona] = answer.Outcome
	}
	for name, want := range map[string]string{"ingest": "allowed", "engineer": "allowed", "steward": "allowed", "analyst": "denied", "service": "denied"} {
		if outcomes[name] != want {
			t.Errorf("explain says that %s is %q, want %s", name, outcomes[name], want)
		}
	}
}

// refused reports whether AWS denied a call, and not something else.
func refused(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && strings.Contains(answer.ErrorCode(), "AccessDenied")
}

// user makes an IAM user with a tag, whose own policy allows everything.
func (l *lake) user(t *testing.T, name, persona string) visitor {
	t.Helper()
	client, ctx := iam.NewFromConfig(l.aws(t)), t.Context()
	input := &iam.CreateUserInput{UserName: &name}
	if persona != "" {
		input.Tags = []iamtypes.Tag{{Key: aws.String("persona"), Value: &persona}}
	}
	_, err := client.CreateUser(ctx, input)
	if err == nil {
		_, err = client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("all"), PolicyDocument: aws.String(everythingAllowed)})
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx) // which has ended by now
		_, first := client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: key.AccessKey.AccessKeyId})
		_, second := client.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &name, PolicyName: aws.String("all")})
		_, third := client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name})
		if err := errors.Join(first, second, third); err != nil {
			t.Error(err)
		}
	})
	config := l.aws(t)
	config.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	return visitor{t, config, l.aws(t), l.environment}
}

// visitor does things in the lake with somebody's credentials. A place is a zone and a key.
type visitor struct {
	t           *testing.T
	config      aws.Config
	root        aws.Config // to look at what there is
	environment string
}

func (v visitor) assume(persona string) (*sts.AssumeRoleOutput, error) {
	role := "arn:aws:iam::123456789012:role/tarn/" + v.environment + "/tarn-" + v.environment + "-persona-" + persona
	return sts.NewFromConfig(v.config).AssumeRole(v.t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("visit")})
}

// become gives the credentials of a session of a persona's role.
func (v visitor) become(persona string) aws.Config {
	v.t.Helper()
	session, err := v.assume(persona)
	if err != nil {
		v.t.Fatalf("becoming %s: %v", persona, err)
	}
	config := v.config.Copy()
	config.Credentials = credentials.NewStaticCredentialsProvider(
		*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)
	return config
}

func (v visitor) s3() *s3.Client {
	return s3.NewFromConfig(v.config, func(o *s3.Options) { o.UsePathStyle = true })
}

func (v visitor) zone(name string) *string {
	return aws.String("tarn-" + v.environment + "-" + name + "-123456789012-us-east-1")
}

func (v visitor) at(place string) (bucket, key *string) {
	zone, path, _ := strings.Cut(place, "/")
	return v.zone(zone), &path
}

func (v visitor) get(place string) error {
	bucket, key := v.at(place)
	_, err := v.s3().GetObject(v.t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key})
	return err
}

func (v visitor) put(place string) error {
	bucket, key := v.at(place)
	_, err := v.s3().PutObject(v.t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x")})
	return err
}

func (v visitor) list(place string) error {
	bucket, key := v.at(place)
	folder := (*key)[:strings.LastIndex(*key, "/")+1]
	_, err := v.s3().ListObjectsV2(v.t.Context(), &s3.ListObjectsV2Input{Bucket: bucket, Prefix: &folder})
	return err
}

func (v visitor) remove(place string) error {
	bucket, key := v.at(place)
	_, err := v.s3().DeleteObject(v.t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key})
	return err
}

// removeVersion deletes the current version for good.
func (v visitor) removeVersion(place string) error {
	bucket, key := v.at(place)
	versions, err := visitor{config: v.root}.s3().ListObjectVersions(v.t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket, Prefix: key})
	if err != nil || len(versions.Versions) == 0 {
		v.t.Fatalf("%s has no version: %v", place, err)
	}
	_, err = v.s3().DeleteObject(v.t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: versions.Versions[0].VersionId})
	return err
}

// clear deletes every version below a place.
func (v visitor) clear(place string) {
	bucket, key := v.at(place)
	ctx := context.WithoutCancel(v.t.Context())
	versions, err := v.s3().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket, Prefix: key})
	if err != nil {
		v.t.Error(err)
		return
	}
	var all []s3types.ObjectIdentifier
	for _, version := range versions.Versions {
		all = append(all, s3types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
	}
	for _, marker := range versions.DeleteMarkers {
		all = append(all, s3types.ObjectIdentifier{Key: marker.Key, VersionId: marker.VersionId})
	}
	if len(all) == 0 {
		return
	}
	if _, err := v.s3().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3types.Delete{Objects: all}}); err != nil {
		v.t.Error(err)
	}
}

func (v visitor) suspendVersions(zone string) error {
	_, err := v.s3().PutBucketVersioning(v.t.Context(), &s3.PutBucketVersioningInput{
		Bucket: v.zone(zone), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended},
	})
	return err
}

func (v visitor) removePolicy(zone string) error {
	_, err := v.s3().DeleteBucketPolicy(v.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: v.zone(zone)})
	return err
}

// ask starts a query in a workgroup and waits for its end.
func (v visitor) ask(workgroup string) error {
	client, ctx := athena.NewFromConfig(v.config), v.t.Context()
	started, err := client.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString: aws.String("SELECT 1"), WorkGroup: aws.String("tarn-" + v.environment + "-" + workgroup),
	})
	if err != nil {
		return err
	}
	for range 100 {
		query, err := client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		if err != nil {
			return err
		}
		switch query.QueryExecution.Status.State {
		case athenatypes.QueryExecutionStateSucceeded:
			_, err := client.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: started.QueryExecutionId})
			return err
		case athenatypes.QueryExecutionStateFailed, athenatypes.QueryExecutionStateCancelled:
			return errors.New(aws.ToString(query.QueryExecution.Status.StateChangeReason))
		default: // it goes on
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("the query does not end")
}
