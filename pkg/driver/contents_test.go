package driver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/tarn-data/tarn/pkg/lease/leasetest"
	"github.com/tarn-data/tarn/pkg/state"
)

func TestMain(m *testing.M) {
	os.Exit(leasetest.Run(m))
}

// listing is an S3 that has versions and delete markers, and gives two entries at a time.
type listing struct {
	versions []types.ObjectVersion
	markers  []types.DeleteMarkerEntry
	err      error
	asked    int
}

func (l *listing) ListObjectVersions(
	_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options),
) (*s3.ListObjectVersionsOutput, error) {
	l.asked++
	if l.err != nil {
		return nil, l.err
	}
	at := 0
	if in.KeyMarker != nil {
		_, _ = fmt.Sscan(*in.KeyMarker, &at)
	}
	out := &s3.ListObjectVersionsOutput{}
	for end := at + 2; at < end; at++ {
		if at < len(l.versions) {
			out.Versions = append(out.Versions, l.versions[at])
		} else if marker := at - len(l.versions); marker < len(l.markers) {
			out.DeleteMarkers = append(out.DeleteMarkers, l.markers[marker])
		}
	}
	if at < len(l.versions)+len(l.markers) {
		out.IsTruncated, out.NextKeyMarker, out.NextVersionIdMarker = aws.Bool(true), aws.String(fmt.Sprint(at)), aws.String("x")
	}
	return out, nil
}

func emptyBuckets(context.Context, string) (s3.ListObjectVersionsAPIClient, error) {
	return &listing{}, nil
}

func version(key string, latest bool) types.ObjectVersion {
	return types.ObjectVersion{Key: aws.String(key), IsLatest: aws.Bool(latest)}
}

func marker(key string) types.DeleteMarkerEntry {
	return types.DeleteMarkerEntry{Key: aws.String(key), IsLatest: aws.Bool(true)}
}

func TestCount(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDenied"}
	tests := map[string]struct {
		s3    *listing
		want  Contents
		pages int
		err   error
	}{
		"empty":         {s3: &listing{}, pages: 1},
		"gone":          {s3: &listing{err: &smithy.GenericAPIError{Code: "NoSuchBucket"}}, pages: 1},
		"not ours":      {s3: &listing{err: denied}, pages: 1, err: denied},
		"only managed":  {s3: &listing{versions: []types.ObjectVersion{version("code/a.py", true), version("code/a.py", false)}}, pages: 1},
		"only a marker": {s3: &listing{markers: []types.DeleteMarkerEntry{marker("x")}}, want: Contents{DeleteMarkers: 1}, pages: 1},
		"several pages": {
			s3: &listing{
				versions: []types.ObjectVersion{version("a", true), version("a", false), version("b", false), version("code/a.py", true), version("c", true)},
				markers:  []types.DeleteMarkerEntry{marker("b"), marker("code/a.py")},
			},
			want: Contents{Objects: 2, OldVersions: 2, DeleteMarkers: 1}, pages: 4,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := dataBucket{project: "datalake", name: "raw"}
			managed := map[objectName]bool{{"raw", "code/a.py"}: true, {"other", "a"}: true}
			got, err := count(t.Context(), test.s3, from, managed, func(Contents) { t.Error("reported") })
			test.want.Project, test.want.Bucket = from.project, from.name
			if !errors.Is(err, test.err) || test.err == nil && got != test.want || test.s3.asked != test.pages {
				t.Errorf("got %v with %d calls, want %v with %d; error %v", got, test.s3.asked, test.want, test.pages, err)
			}
		})
	}
}

func TestALargeCountIsReported(t *testing.T) {
	t.Parallel()
	large := &listing{versions: slices.Repeat([]types.ObjectVersion{version("a", true)}, 2*countPause+10)}
	var reported []int
	got, err := count(t.Context(), large, dataBucket{name: "raw"}, nil, func(soFar Contents) { reported = append(reported, soFar.Objects) })
	if err != nil || got.Objects != 2*countPause+10 || !slices.Equal(reported, []int{countPause, 2 * countPause}) {
		t.Errorf("%v, reported %v, error %v", got, reported, err)
	}
}

// lakeState writes the state of a lake whose raw bucket has one object that Pulumi has uploaded.
func lakeState(t *testing.T, bucket, region string, emptied bool) string {
	t.Helper()
	folder := t.TempDir()
	resources := map[string]string{
		"bootstrap": fmt.Sprintf(`{"urn":"urn:x::state","custom":true,"type":%q,"outputs":{"bucket":"state"}}`, bucketType),
		"datalake": fmt.Sprintf(`{"urn":"urn:x::raw","custom":true,"type":%q,"outputs":{"bucket":%q,"region":%q,"forceDestroy":%v}},
			{"urn":"urn:x::policy","custom":true,"type":"aws:s3/bucketPolicy:BucketPolicy","outputs":{"bucket":%q}}`, bucketType, bucket, region, emptied, bucket),
		"mpp": fmt.Sprintf(`{"urn":"urn:x::upload","custom":true,"type":%q,"outputs":{"bucket":%q,"key":"sample.csv"}}`, objectType, bucket),
	}
	for project, text := range resources {
		write(t, filepath.Join(folder, ".pulumi/stacks", project, "dev.json"), stackWith(text, ""))
	}
	return "file://" + folder
}

// Both keys or nothing, whichever is missing, and only where there is data.
func TestDeletingDataTakesTwoKeys(t *testing.T) {
	t.Parallel()
	full := &listing{
		versions: []types.ObjectVersion{version("sample.csv", true), version("a.csv", true), version("a.csv", false)},
		markers:  []types.DeleteMarkerEntry{marker("b.csv")},
	}
	uploaded := &listing{versions: full.versions[:1]}
	const setting, flag = "set datalake:settings.deleteDataOnDestroy to true", "say so on the command line"
	tests := map[string]struct {
		s3       *listing
		projects []string // empty: all
		emptied  bool
		flag     bool
		wants    []string // nil: it goes on
		not      string
	}{
		"neither":                   {s3: full, wants: []string{"raw: 1 objects, 1 old versions, 1 delete markers", setting, flag, "tarn up --env dev", "tarn destroy --env dev --delete-data"}},
		"only the setting":          {s3: full, emptied: true, wants: []string{"raw: 1 objects", flag}, not: setting},
		"only the flag":             {s3: full, flag: true, wants: []string{setting, "then the same command again: tarn destroy"}, not: flag},
		"both":                      {s3: full, emptied: true, flag: true},
		"empty, neither":            {s3: &listing{}},
		"only what Pulumi uploaded": {s3: uploaded},
		"that of a project that stays": {
			s3: uploaded, projects: []string{"datalake"}, emptied: true,
			wants: []string{"raw: 1 objects, 0 old versions", "tarn destroy --env dev --delete-data --project datalake"},
		},
		"a project without buckets": {s3: full, projects: []string{"mpp"}},
		"bootstrap alone":           {s3: full, projects: []string{"bootstrap"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var region string
			d := &Driver{
				DeleteData: test.flag, observer: &recorder{},
				environment: Environment{Name: "dev", Backend: lakeState(t, "raw", "eu-west-3", test.emptied), Region: "eu-west-1"},
				buckets: func(_ context.Context, asked string) (s3.ListObjectVersionsAPIClient, error) {
					region = asked
					return &listing{versions: test.s3.versions, markers: test.s3.markers}, nil
				},
			}
			for _, project := range Projects("/x") {
				if test.projects == nil || slices.Contains(test.projects, project.Name) {
					d.projects = append(d.projects, project)
				}
			}
			found, err := d.deletable(t.Context())
			if (err == nil) != (test.wants == nil) || errors.Is(err, ErrData) != (test.wants != nil) || (len(found) == 0) == (test.wants != nil) && !test.flag {
				t.Fatalf("found %v, error %v, want %v", found, err, test.wants)
			}
			for _, want := range test.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
			if test.not != "" && strings.Contains(err.Error(), test.not) {
				t.Errorf("error %v, which asks for what is there", err)
			}
			if region != "" && region != "eu-west-3" {
				t.Errorf("S3 was asked in %s", region)
			}
		})
	}
}

// Against S3 as the emulator has it: versions and markers as they come about.
func TestContentsOfARealBucket(t *testing.T) {
	t.Parallel()
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(leasetest.Endpoint(t)), Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	ctx, bucket := t.Context(), aws.String("tarn-driver-contents")
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(key string) {
		t.Helper()
		do(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("x")}))
	}
	do(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	do(client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}))
	for _, key := range []string{"a", "a", "a", "b", "sample.csv", "sample.csv"} {
		put(key)
	}
	do(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("b")}))
	d := &Driver{
		projects: Projects("/x"), observer: &recorder{},
		environment: Environment{Name: "dev", Backend: lakeState(t, *bucket, "us-east-1", true), Region: "us-east-1"},
		buckets:     func(context.Context, string) (s3.ListObjectVersionsAPIClient, error) { return client, nil },
	}
	report, err := d.Destroy(ctx)
	want := Contents{Project: "datalake", Bucket: *bucket, Objects: 1, OldVersions: 3, DeleteMarkers: 1}
	if !errors.Is(err, ErrData) || len(report.Data) != 1 || report.Data[0] != want || report.Stacks[0].Result != NotRun {
		t.Errorf("report %+v, error %v", report, err)
	}
	d.environment.Backend = lakeState(t, "tarn-no-such-bucket", "us-east-1", false)
	if found, err := d.deletable(ctx); err != nil || len(found) > 0 {
		t.Errorf("a bucket that is gone: %v, error %v", found, err)
	}
}

func TestManagedObjectsNeedTheirName(t *testing.T) {
	t.Parallel()
	got := managedObjects([]state.Resource{
		{Type: objectType, Outputs: map[string]any{"bucket": "raw", "key": "a"}}, {Type: objectType}, {Type: bucketType, Outputs: map[string]any{"bucket": "raw"}},
	})
	if !slices.Equal(got, []objectName{{"raw", "a"}}) {
		t.Errorf("%v", got)
	}
}
