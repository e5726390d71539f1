package state

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/lease/leasetest"
)

const stateFile = ".pulumi/stacks/mpp/dev.json"

func TestVersionsAndRestore(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t, leasetest.Endpoint(t))
	ctx := t.Context()
	if versions, err := bucket.Versions(ctx, stateFile); err != nil || len(versions) != 0 {
		t.Errorf("no object has the versions %v, error %v", versions, err)
	}
	for _, content := range []string{"1", "two", "three"} {
		put(t, bucket, stateFile, content)
		put(t, bucket, stateFile+".bak", "not one of them")
	}
	put(t, bucket, ".pulumi/stacks/mpp/dev", "nor this")
	before := versionsOf(t, bucket)
	var sizes []int64
	for i, v := range before {
		sizes = append(sizes, v.Bytes)
		if v.Current != (i == 0) || v.Deleted || v.ID == "" || v.Time.IsZero() {
			t.Errorf("version %d is %+v", i, v)
		}
	}
	if !slices.Equal(sizes, []int64{5, 3, 1}) {
		t.Fatalf("sizes %v, want those of three, two and 1", sizes)
	}
	if content, err := bucket.ReadVersion(ctx, stateFile, before[2].ID); err != nil || string(content) != "1" {
		t.Errorf("the oldest version is %q, error %v", content, err)
	}
	if _, err := bucket.ReadVersion(ctx, stateFile, "00000000-0000-0000-0000-000000000000"); err == nil {
		t.Error("a version that never was is read")
	}

	if err := bucket.Delete(ctx, stateFile); err != nil {
		t.Fatal(err)
	}
	deleted := versionsOf(t, bucket)
	if len(deleted) != 4 || !deleted[0].Deleted || !deleted[0].Current || deleted[1].ID != before[0].ID || deleted[1].Current {
		t.Fatalf("after the deletion: %+v", deleted)
	}
	if err := bucket.Restore(ctx, stateFile, before[1].ID); err != nil {
		t.Fatal(err)
	}
	if content, err := bucket.Read(ctx, stateFile); err != nil || string(content) != "two" {
		t.Errorf("restored %q, error %v", content, err)
	}
	// Nothing is lost by it: it can be undone.
	after := versionsOf(t, bucket)
	if len(after) != 5 || after[0].Deleted || !after[0].Current || after[0].ID == before[1].ID || after[0].Bytes != 3 {
		t.Errorf("after the restoration: %+v", after)
	}
	for _, old := range before {
		if !slices.ContainsFunc(after, func(v Version) bool { return v.ID == old.ID && !v.Current }) {
			t.Errorf("version %s is gone", old.ID)
		}
	}
	if err := bucket.Restore(ctx, stateFile, "00000000-0000-0000-0000-000000000000"); err == nil || !strings.Contains(err.Error(), "restoring "+stateFile) {
		t.Errorf("restoring a version that never was: error %v", err)
	}
	if err := bucket.Restore(ctx, ".pulumi/stacks/mpp/nothing.json", before[1].ID); err == nil {
		t.Error("a version of another object is restored")
	}
}

func versionsOf(t *testing.T, bucket *Bucket) []Version {
	t.Helper()
	versions, err := bucket.Versions(t.Context(), stateFile)
	if err != nil {
		t.Fatal(err)
	}
	return versions
}

// The key of a copy's source stands in a header, encoded; the key itself does not.
func TestRestoreOfAnUnusualKey(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t, leasetest.Endpoint(t))
	const key = ".pulumi/stacks/mpp/a b?versionId=x&ü.json"
	put(t, bucket, key, "first")
	put(t, bucket, key, "second")
	versions, err := bucket.Versions(t.Context(), key)
	if err != nil || len(versions) != 2 {
		t.Fatalf("versions %v, error %v", versions, err)
	}
	if err := bucket.Restore(t.Context(), key, versions[1].ID); err != nil {
		t.Fatal(err)
	}
	if content, err := bucket.Read(t.Context(), key); err != nil || string(content) != "first" {
		t.Errorf("restored %q, error %v", content, err)
	}
}

// S3's listing as it comes: versions apart from marks, each newest first, times in whole seconds, in pages.
func TestVersionsInOrder(t *testing.T) {
	t.Parallel()
	version := func(key, id, time string, latest bool) string {
		return fmt.Sprintf("<Version><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%v</IsLatest><LastModified>2026-01-01T%sZ</LastModified><Size>1</Size></Version>", key, id, latest, time)
	}
	mark := func(key, id, time string, latest bool) string {
		return fmt.Sprintf("<DeleteMarker><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%v</IsLatest><LastModified>2026-01-01T%sZ</LastModified></DeleteMarker>", key, id, latest, time)
	}
	tests := map[string]struct {
		pages []string
		want  []string
	}{
		"nothing": {[]string{""}, nil},
		"overwritten within a second": {
			[]string{version("k", "v3", "10:00:00", true) + version("k", "v2", "10:00:00", false) + version("k", "v1", "10:00:00", false)},
			[]string{"v3", "v2", "v1"},
		},
		"deleted within the second it was written": {
			[]string{version("k", "v2", "10:00:00", false) + version("k", "v1", "09:00:00", false) + mark("k", "d1", "10:00:00", true)},
			[]string{"d1", "v2", "v1"},
		},
		"deleted and written again": {
			[]string{version("k", "v3", "12:00:00", true) + version("k", "v1", "10:00:00", false) + mark("k", "d2", "11:00:00", false)},
			[]string{"v3", "d2", "v1"},
		},
		"written again within a second": {
			[]string{version("k", "v3", "10:00:00", true) + version("k", "v1", "09:00:00", false) + mark("k", "d2", "10:00:00", false)},
			[]string{"v3", "d2", "v1"},
		},
		"longer keys": {
			[]string{version("k", "v1", "10:00:00", true) + version("k.bak", "x1", "11:00:00", true) + version("k/", "x2", "11:00:00", true) + mark("k.bak", "x3", "12:00:00", false)},
			[]string{"v1"},
		},
		"in two pages": {
			[]string{version("k", "v3", "12:00:00", true) + version("k", "v2", "11:00:00", false), version("k", "v1", "10:00:00", false) + mark("k", "d0", "11:30:00", false)},
			[]string{"v3", "d0", "v2", "v1"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				at := 0
				if r.URL.Query().Get("version-id-marker") != "" {
					at = 1
				}
				more := at+1 < len(test.pages)
				fmt.Fprintf(w, `<ListVersionsResult><IsTruncated>%v</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>m</NextVersionIdMarker>%s</ListVersionsResult>`, more, test.pages[at])
			}))
			defer server.Close()
			versions, err := openTestBucket(t, server.URL, "b").Versions(t.Context(), "k")
			var ids []string
			for _, v := range versions {
				ids = append(ids, v.ID)
			}
			if err != nil || !slices.Equal(ids, test.want) {
				t.Errorf("got %v, error %v; want %v", ids, err, test.want)
			}
		})
	}
}

// What the state's readers must tell apart: not there, and not allowed to look.
func TestAForbiddenBucketIsNotAMissingOne(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
	}))
	defer server.Close()
	bucket := openTestBucket(t, server.URL, "theirs")
	_, reading := bucket.Read(t.Context(), stateFile)
	_, listing := bucket.List(t.Context(), ".pulumi/")
	_, versions := bucket.Versions(t.Context(), stateFile)
	for what, err := range map[string]error{
		"read": reading, "list": listing, "versions": versions,
		"delete": bucket.Delete(t.Context(), stateFile), "restore": bucket.Restore(t.Context(), stateFile, "v"),
	} {
		if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "state bucket theirs") {
			t.Errorf("%s: error %v", what, err)
		}
	}
}
