package state

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tarn-data/tarn/pkg/lease/leasetest"
)

func TestMain(m *testing.M) {
	// Open takes credentials from the environment, as Pulumi does, and nothing else of this machine.
	for _, name := range []string{"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		_ = os.Unsetenv(name)
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
	} {
		_ = os.Setenv(name, value) // only a bad name is an error
	}
	os.Exit(leasetest.Run(m))
}

// place is a kind of backend to try the same things on.
type place struct {
	store Store
	put   func(t *testing.T, key, content string)
}

// places gives an empty backend of each kind.
func places(t *testing.T) map[string]place {
	t.Helper()
	bucket := newBucket(t, leasetest.Endpoint(t))
	folder := t.TempDir()
	return map[string]place{
		"bucket": {bucket, func(t *testing.T, key, content string) { put(t, bucket, key, content) }},
		"folder": {Folder(folder), func(t *testing.T, key, content string) {
			t.Helper()
			writeFile(t, filepath.Join(folder, key), content)
			writeFile(t, filepath.Join(folder, key+".attrs"), "{}") // as gocloud does
		}},
	}
}

// newBucket makes a bucket with versions and opens it with the URL that Pulumi would get.
func newBucket(t *testing.T, endpoint string) *Bucket {
	t.Helper()
	name := "state-" + strings.ToLower(rand.Text())
	bucket := openTestBucket(t, endpoint, name)
	if _, err := bucket.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	_, err := bucket.client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func openTestBucket(t *testing.T, endpoint, name string) *Bucket {
	t.Helper()
	query := url.Values{"region": {"us-east-1"}, "awssdk": {"v2"}, "endpoint": {endpoint}, "s3ForcePathStyle": {"true"}}
	store, err := Open(t.Context(), "s3://"+name+"?"+query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return store.(*Bucket)
}

func put(t *testing.T, bucket *Bucket, key, content string) {
	t.Helper()
	_, err := bucket.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket.Name, Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStores(t *testing.T) {
	t.Parallel()
	for name, p := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if there, err := p.store.Exists(ctx); !there || err != nil {
				t.Errorf("it exists: %v, error %v", there, err)
			}
			if found, err := p.store.List(ctx, ".pulumi/"); err != nil || len(found) != 0 {
				t.Errorf("an empty backend lists %v, error %v", found, err)
			}
			begin := time.Now().Add(-2 * time.Second) // a bucket counts in whole seconds
			for _, key := range []string{
				".pulumi/stacks/mpp/dev.json", ".pulumi/stacks/mpp/dev.json.bak", ".pulumi/stacks/mpp/prod.json",
				".pulumi/stacks/mpp-2/dev.json", ".pulumi/stacks/bootstrap/dev.json", ".pulumi/meta.yaml", ".pulumi/locks/x/1.json",
			} {
				p.put(t, key, "content of "+key)
			}
			for prefix, want := range map[string][]string{
				".pulumi/stacks/": {
					// In the order of bytes, as S3 has it: a hyphen comes before a slash.
					".pulumi/stacks/bootstrap/dev.json", ".pulumi/stacks/mpp-2/dev.json",
					".pulumi/stacks/mpp/dev.json", ".pulumi/stacks/mpp/dev.json.bak", ".pulumi/stacks/mpp/prod.json",
				},
				".pulumi/stacks/mpp":          {".pulumi/stacks/mpp-2/dev.json", ".pulumi/stacks/mpp/dev.json", ".pulumi/stacks/mpp/dev.json.bak", ".pulumi/stacks/mpp/prod.json"},
				".pulumi/stacks/mpp/":         {".pulumi/stacks/mpp/dev.json", ".pulumi/stacks/mpp/dev.json.bak", ".pulumi/stacks/mpp/prod.json"},
				".pulumi/stacks/mpp/dev":      {".pulumi/stacks/mpp/dev.json", ".pulumi/stacks/mpp/dev.json.bak"},
				".pulumi/stacks/mpp/dev.json": {".pulumi/stacks/mpp/dev.json", ".pulumi/stacks/mpp/dev.json.bak"},
				".pulumi/meta":                {".pulumi/meta.yaml"},
				".pulumi/locks/x/":            {".pulumi/locks/x/1.json"},
				".pulumi/locks/y/":            nil,
				"elsewhere/":                  nil,
			} {
				found, err := p.store.List(ctx, prefix)
				var keys []string
				for _, object := range found {
					keys = append(keys, object.Key)
					if object.Modified.Before(begin) || object.Modified.After(time.Now().Add(time.Second)) {
						t.Errorf("%s was modified at %v", object.Key, object.Modified)
					}
				}
				if err != nil || !slices.Equal(keys, want) {
					t.Errorf("below %s: %q, error %v; want %q", prefix, keys, err, want)
				}
			}

			const key = ".pulumi/stacks/mpp/dev.json"
			if content, err := p.store.Read(ctx, key); err != nil || string(content) != "content of "+key {
				t.Errorf("read %q, error %v", content, err)
			}
			for range 2 { // deleting what is not there is no error
				if err := p.store.Delete(ctx, key); err != nil {
					t.Error(err)
				}
				if content, err := p.store.Read(ctx, key); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), key) {
					t.Errorf("after the deletion: read %q, error %v", content, err)
				}
			}
			if _, err := p.store.Read(ctx, key+".bak"); err != nil {
				t.Errorf("a longer key went with it: %v", err)
			}
		})
	}
}

func TestStacks(t *testing.T) {
	t.Parallel()
	for name, p := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, key := range []string{
				StackKey("mpp", "dev"), StackKey("bootstrap", "dev"), StackKey("datalake", "prod"), StackKey("mpp", "prod"),
				StackKey("gone", "dev") + ".bak", StackKey("zipped", "dev") + ".gz", StackKey("deeper/still", "dev"),
				".pulumi/stacks/dev.json", ".pulumi/backups/old/dev.json", StackKey("other", "dev2"), StackKey("third", "my-dev"),
			} {
				p.put(t, key, emptyStack)
			}
			for environment, want := range map[string][]string{
				"dev": {"bootstrap", "mpp"}, "prod": {"datalake", "mpp"}, "staging": nil, "": nil,
			} {
				if got, err := Stacks(t.Context(), p.store, environment); err != nil || !slices.Equal(got, want) {
					t.Errorf("environment %q: %q, error %v; want %q", environment, got, err, want)
				}
			}
		})
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	const prefix = ".pulumi/locks/organization/mpp/dev/"
	for name, p := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if locks, err := Locks(t.Context(), p.store, "mpp", "dev"); err != nil || len(locks) != 0 {
				t.Errorf("no lock gives %v, error %v", locks, err)
			}
			whole := `{"pid":4242,"username":"alice","hostname":"laptop","timestamp":"2026-11-25T05:29:11.847566623+01:00"}`
			for file, content := range map[string]string{
				prefix + "a.json": whole, prefix + "b.json": whole[:len(whole)-20], prefix + "c.json": "", prefix + "d.json": "null",
				prefix + "e.json": `{"pid":"4242","username":"alice","hostname":"laptop"}`,
				prefix + "f.json": whole[:30], prefix + "notes.txt": whole,
				".pulumi/locks/organization/mpp/dev2/a.json": whole, ".pulumi/locks/organization/bootstrap/dev/a.json": whole,
			} {
				p.put(t, file, content)
			}
			locks, err := Locks(t.Context(), p.store, "mpp", "dev")
			if err != nil || len(locks) != 6 {
				t.Fatalf("%d locks, error %v", len(locks), err)
			}
			at := time.Date(2026, time.November, 25, 4, 29, 11, 847566623, time.UTC)
			first := locks[0]
			if first.Key != prefix+"a.json" || first.PID != 4242 || first.User != "alice" || first.Host != "laptop" || !first.Time.Equal(at) {
				t.Errorf("lock %+v", first)
			}
			if got := first.String(); got != "alice@laptop (process 4242, since 2026-11-25T05:29:11+01:00)" {
				t.Errorf("it says %q", got)
			}
			// What was cut short has no owner, or somebody could take it for his own and remove it.
			for i, lock := range locks[1:] {
				if lock.Host != "" || lock.User != "" || lock.PID != 0 || lock.Key != prefix+string(rune('b'+i))+".json" {
					t.Errorf("a lock that cannot be read gives %+v", lock)
				}
				if lock.Key != prefix+"d.json" && time.Since(lock.Time) > time.Hour {
					t.Errorf("%s has the time %v, want that of its file", lock.Key, lock.Time)
				}
			}
		})
	}
}

// vanishing is a store whose locks go while they are listed.
type vanishing struct {
	Store
	failure error
}

func (v vanishing) Read(context.Context, string) ([]byte, error) { return nil, v.failure }

func TestLocksThatGoMeanwhile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, ".pulumi/locks/organization/mpp/dev/a.json"), "{}")
	if locks, err := Locks(t.Context(), vanishing{Folder(folder), fmt.Errorf("a.json: %w", ErrNotFound)}, "mpp", "dev"); err != nil || len(locks) != 0 {
		t.Errorf("%v, error %v", locks, err)
	}
	broken := errors.New("no permission")
	if locks, err := Locks(t.Context(), vanishing{Folder(folder), broken}, "mpp", "dev"); !errors.Is(err, broken) {
		t.Errorf("%v, error %v", locks, err)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for backend, want := range map[string]Folder{"file:///var/lib/tarn": "/var/lib/tarn", "file:///a%20b": "/a b", "file:///a?no_tmp_dir=true": "/a"} {
		if got, err := Open(t.Context(), backend); err != nil || got != want {
			t.Errorf("%s is %v, error %v", backend, got, err)
		}
	}
	for name, backend := range map[string]string{
		"nothing": "", "a path": "/var/lib/tarn", "Pulumi Cloud": "https://api.pulumi.com", "another cloud": "gs://bucket",
		"no URL": "s3://bucket:port?%", "a relative folder": "file://./state", "the home folder": "file://~", "no folder": "file://",
		"no bucket": "s3://?region=eu-west-1", "a folder of a bucket": "s3://bucket/folder?region=eu-west-1",
	} {
		if got, err := Open(t.Context(), backend); err == nil || !strings.Contains(err.Error(), "state backend") {
			t.Errorf("%s (%s) gives %v, error %v", name, backend, got, err)
		}
	}
	if bucket, err := Open(t.Context(), "s3://bucket/?region=eu-west-1"); err != nil || bucket.(*Bucket).Name != "bucket" {
		t.Errorf("%v, error %v", bucket, err)
	}
}

func TestOpenTakesWhatTheURLSays(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		query    string
		path     bool
		endpoint string
	}{
		"a region":         {"region=eu-west-1&awssdk=v2", false, ""},
		"an emulator":      {"region=eu-west-1&endpoint=http%3A%2F%2F127.0.0.1%3A4566&s3ForcePathStyle=true", true, "http://127.0.0.1:4566"},
		"the newer name":   {"region=eu-west-1&use_path_style=true", true, ""},
		"no path style":    {"region=eu-west-1&s3ForcePathStyle=false", false, ""},
		"and other things": {"region=eu-west-1&awssdk=v2&kmskeyid=x&profile=", false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, err := Open(t.Context(), "s3://b?"+test.query)
			if err != nil {
				t.Fatal(err)
			}
			options := store.(*Bucket).client.Options()
			if options.Region != "eu-west-1" || options.UsePathStyle != test.path || aws.ToString(options.BaseEndpoint) != test.endpoint {
				t.Errorf("region %s, path style %v, endpoint %v", options.Region, options.UsePathStyle, aws.ToString(options.BaseEndpoint))
			}
		})
	}
}

func TestBucketExists(t *testing.T) {
	t.Parallel()
	endpoint := leasetest.Endpoint(t)
	there, missing := newBucket(t, endpoint), openTestBucket(t, endpoint, "does-not-exist")
	if exists, err := there.Exists(t.Context()); !exists || err != nil {
		t.Errorf("a bucket exists: %v, error %v", exists, err)
	}
	if exists, err := missing.Exists(t.Context()); exists || err != nil {
		t.Errorf("no bucket exists: %v, error %v", exists, err)
	}
	if exists, err := Folder(filepath.Join(t.TempDir(), "missing")).Exists(t.Context()); exists || err != nil {
		t.Errorf("no folder exists: %v, error %v", exists, err)
	}
	// Every way to a missing bucket says that it is missing.
	_, listing := missing.List(t.Context(), ".pulumi/")
	_, reading := missing.Read(t.Context(), "x")
	_, versions := missing.Versions(t.Context(), "x")
	for what, err := range map[string]error{"list": listing, "read": reading, "delete": missing.Delete(t.Context(), "x"), "versions": versions} {
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "does-not-exist") {
			t.Errorf("%s: error %v", what, err)
		}
	}
	// Somebody else's bucket is not one that is still to be made.
	for _, status := range []int{http.StatusForbidden, http.StatusMovedPermanently, http.StatusInternalServerError} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		exists, err := openTestBucket(t, server.URL, "theirs").Exists(t.Context())
		server.Close()
		if exists || err == nil || !strings.Contains(err.Error(), "theirs") {
			t.Errorf("after %d: %v, error %v", status, exists, err)
		}
	}
}
