// Package upload brings a bucket in line with a local folder: files that are new or differ are uploaded,
// several at a time. What an object holds is told by the hash that it was uploaded with, so that an interrupted
// upload goes on where it stopped, and a second one does nothing. Thousands of files are no resources of a stack:
// data changes without a deployment, and each resource would make every deployment slower.
package upload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	transfer "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// hashKey is the metadata of an object with the SHA-256 of the file it was. S3's own checksum of an object that
// came in parts is one of its parts and depends on their size.
const hashKey = "tarn-sha256"

// AtOnce is how many files are compared or uploaded at a time by default.
const AtOnce = 16

// maxDeletes is how many objects one call deletes (Amazon S3 API Reference, DeleteObjects).
const maxDeletes = 1000

// Target is where a folder goes.
type Target struct {
	// Required: the bucket.
	Bucket string
	// Required: ARN of the KMS key that the bucket is encrypted with. It is named, because a bucket may refuse uploads that
	// do not say their key.
	KeyARN string
	// Optional: folder of the bucket; defaults to its root.
	Prefix string
}

// Options says how a folder is uploaded.
type Options struct {
	// Optional: delete objects that the local folder does not have, but only below those top-level folders that it has:
	// what others have put into the bucket stays. Defaults to deleting nothing.
	Delete bool
	// Optional: find out what would be done and do nothing.
	DryRun bool
	// Optional: files at a time; defaults to AtOnce.
	AtOnce int
}

// Result is what was done, or would be.
type Result struct {
	Bucket    string   `json:"bucket"`
	Files     int      `json:"files"`     // in the local folder
	Uploaded  int      `json:"uploaded"`  // new or different
	Bytes     int64    `json:"bytes"`     // of those
	Unchanged int      `json:"unchanged"` // the same already
	Deleted   []string `json:"deleted"`   // keys
	DryRun    bool     `json:"dryRun,omitempty"`
}

// Observer is told how far it is. It is called from several goroutines.
type Observer func(done, files int, bytes int64)

// Sync uploads a folder. After a failure or the end of ctx the same call goes on; Result then says how far it came.
func Sync(ctx context.Context, client *s3.Client, folder string, to Target, options Options, observe Observer) (Result, error) {
	result := Result{Bucket: to.Bucket, Deleted: []string{}, DryRun: options.DryRun}
	files, err := list(folder, to.Prefix)
	if err != nil {
		return result, err
	}
	result.Files = len(files)
	present, err := listObjects(ctx, client, to, folders(files, to.Prefix))
	if err != nil {
		return result, err
	}
	s := &syncing{client: client, to: to, options: options, observe: observe, result: result}
	// Multipart uploads of several files share the number of connections. Parts of a file that fails are given up,
	// and what a kill leaves the bucket's lifecycle rule removes.
	s.manager = transfermanager.New(client, func(o *transfermanager.Options) { o.Concurrency = 4 })
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(max(options.AtOnce, 1))
	for _, f := range files {
		size, found := present[f.key]
		delete(present, f.key)
		if running.Err() != nil {
			break
		}
		group.Go(func() error { return s.one(running, f, found && size == f.size) })
	}
	if err := group.Wait(); err != nil {
		return s.result, interrupted(ctx, err)
	}
	if options.Delete {
		err = s.remove(ctx, slices.Sorted(maps.Keys(present)))
	}
	return s.result, interrupted(ctx, err)
}

// syncing is one upload of a folder.
type syncing struct {
	client  *s3.Client
	manager *transfermanager.Client
	to      Target
	options Options
	observe Observer

	mu     sync.Mutex
	result Result
}

// one uploads a file, unless the object is the same.
func (s *syncing) one(ctx context.Context, f file, mayBeSame bool) error {
	sum := ""
	if mayBeSame || !s.options.DryRun {
		var err error
		if sum, err = hash(f.path); err != nil {
			return err
		}
	}
	if mayBeSame {
		same, err := s.holds(ctx, f.key, sum)
		if err != nil {
			return err
		}
		if same {
			s.count(func(r *Result) { r.Unchanged++ })
			return nil
		}
	}
	if !s.options.DryRun {
		if err := s.put(ctx, f, sum); err != nil {
			return fmt.Errorf("uploading %s to s3://%s/%s: %w", f.path, s.to.Bucket, f.key, err)
		}
	}
	s.count(func(r *Result) { r.Uploaded++; r.Bytes += f.size })
	return nil
}

// holds tells whether an object is what a file with the hash was uploaded to.
func (s *syncing) holds(ctx context.Context, key, sum string) (bool, error) {
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.to.Bucket, Key: &key})
	var gone *types.NotFound
	switch {
	case errors.As(err, &gone):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("asking for s3://%s/%s: %w", s.to.Bucket, key, err)
	}
	return head.Metadata[hashKey] == sum, nil
}

func (s *syncing) put(ctx context.Context, f file, sum string) error {
	content, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = s.manager.UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket: &s.to.Bucket, Key: &f.key, Body: content,
		Metadata: map[string]string{hashKey: sum},
		// S3 compares what arrives with what was sent. A zone with Object Lock takes no upload without.
		ChecksumAlgorithm:    transfer.ChecksumAlgorithmSha256,
		ServerSideEncryption: transfer.ServerSideEncryptionAwsKms,
		SSEKMSKeyID:          &s.to.KeyARN,
	})
	return err
}

// remove deletes objects. The zones have versions: what is deleted can be had back for a while.
func (s *syncing) remove(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, maxDeletes) {
		if !s.options.DryRun {
			var objects []types.ObjectIdentifier
			for _, key := range some {
				objects = append(objects, types.ObjectIdentifier{Key: aws.String(key)})
			}
			out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
				Bucket: &s.to.Bucket, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
			})
			if err != nil {
				return fmt.Errorf("deleting from %s: %w", s.to.Bucket, err)
			}
			if len(out.Errors) > 0 {
				return fmt.Errorf("deleting s3://%s/%s: %s", s.to.Bucket, aws.ToString(out.Errors[0].Key), aws.ToString(out.Errors[0].Message))
			}
		}
		s.result.Deleted = append(s.result.Deleted, some...)
	}
	return nil
}

func (s *syncing) count(change func(*Result)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.result)
	if s.observe != nil {
		s.observe(s.result.Uploaded+s.result.Unchanged, s.result.Files, s.result.Bytes)
	}
}

// folders gives the places of the bucket that the files are in: the top-level folders, and single files of the root.
func folders(files []file, prefix string) []string {
	seen := map[string]bool{}
	for _, f := range files {
		below := strings.TrimPrefix(strings.TrimPrefix(f.key, prefix), "/")
		first, _, inFolder := strings.Cut(below, "/")
		place := strings.TrimSuffix(f.key, below) + first
		if inFolder {
			place += "/"
		}
		seen[place] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// listObjects gives the sizes of the objects at some places.
func listObjects(ctx context.Context, client *s3.Client, to Target, places []string) (map[string]int64, error) {
	present := map[string]int64{}
	for _, place := range places {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &to.Bucket, Prefix: &place})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("listing s3://%s/%s: %w", to.Bucket, place, err)
			}
			for _, object := range page.Contents {
				key := aws.ToString(object.Key)
				if key == place || strings.HasSuffix(place, "/") { // a place that is a file is no prefix of others
					present[key] = aws.ToInt64(object.Size)
				}
			}
		}
	}
	return present, nil
}

// interrupted says of an error that comes from the end of ctx only that.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
