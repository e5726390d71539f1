package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tarn-data/tarn/pkg/upload"
)

const uploadedFiles = 2000

// TestUpload uploads thousands of files to the emulator: interrupted, again, changed and with deletions.
func TestUpload(t *testing.T) {
	lake := newLake(t)
	lake.run(t, 0, "local", "up")
	client := lake.s3(t)
	key, err := kms.NewFromConfig(lake.aws(t)).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	to := upload.Target{Bucket: "uploads", KeyARN: aws.ToString(key.KeyMetadata.Arn)}
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &to.Bucket}); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range uploadedFiles {
		write(fmt.Sprintf("sales/%d/%d.csv", i%20, i), fmt.Sprintf("id\n%d\n", i))
	}
	large := make([]byte, 20<<20) // comes in parts
	large[len(large)-1] = 1
	write("sales/large.bin", string(large))
	sync := func(ctx context.Context, options upload.Options, observe upload.Observer) upload.Result {
		options.AtOnce = upload.AtOnce
		result, err := upload.Sync(ctx, client, folder, to, options, observe)
		if err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		return result
	}

	plan := sync(t.Context(), upload.Options{DryRun: true}, nil)
	if plan.Uploaded != uploadedFiles+1 || len(lake.keys(t, to.Bucket)) != 0 {
		t.Fatalf("a dry run: %+v, and the bucket has %d objects", plan, len(lake.keys(t, to.Bucket)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := sync(ctx, upload.Options{}, func(done, _ int, _ int64) {
		if done >= uploadedFiles/4 {
			cancel()
		}
	})
	if interrupted.Uploaded < uploadedFiles/4 || interrupted.Uploaded == uploadedFiles+1 {
		t.Fatalf("interrupted: %+v", interrupted)
	}
	rest := sync(t.Context(), upload.Options{}, nil)
	if rest.Uploaded+rest.Unchanged != uploadedFiles+1 || rest.Unchanged < interrupted.Uploaded {
		t.Errorf("after %d files: %+v", interrupted.Uploaded, rest)
	}
	again := sync(t.Context(), upload.Options{Delete: true}, nil)
	if again.Uploaded != 0 || again.Unchanged != uploadedFiles+1 || len(again.Deleted) != 0 {
		t.Errorf("again: %+v", again)
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &to.Bucket, Key: aws.String("sales/large.bin")})
	if err != nil || aws.ToInt64(head.ContentLength) != int64(len(large)) || aws.ToString(head.SSEKMSKeyId) != to.KeyARN {
		t.Errorf("the large file: %+v %v", head, err)
	}

	write("sales/0/0.csv", "id\n7\n") // as long as before
	if err := os.Remove(filepath.Join(folder, "sales", "1", "1.csv")); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"other/kept.csv", "sales/foreign.csv"} {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &to.Bucket, Key: &foreign}); err != nil {
			t.Fatal(err)
		}
	}
	kept := sync(t.Context(), upload.Options{}, nil)
	if kept.Uploaded != 1 || len(kept.Deleted) != 0 {
		t.Errorf("one changed: %+v", kept)
	}
	deleted := sync(t.Context(), upload.Options{Delete: true}, nil)
	if fmt.Sprint(deleted.Deleted) != "[sales/1/1.csv sales/foreign.csv]" {
		t.Errorf("deleted %v", deleted.Deleted)
	}
	if keys := lake.keys(t, to.Bucket); len(keys) != uploadedFiles+1 || !keys["other/kept.csv"] || keys["sales/foreign.csv"] {
		t.Errorf("the bucket has %d objects", len(keys))
	}
}

// keys gives the keys of a bucket's objects.
func (l *lake) keys(t *testing.T, bucket string) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	pages := s3.NewListObjectsV2Paginator(l.s3(t), &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			keys[aws.ToString(object.Key)] = true
		}
	}
	return keys
}
