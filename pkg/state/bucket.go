package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Bucket is a backend in an S3 bucket.
type Bucket struct {
	Name   string
	client *s3.Client
}

func openBucket(ctx context.Context, backend *url.URL) (*Bucket, error) {
	query := backend.Query()
	var options []func(*config.LoadOptions) error
	if region := query.Get("region"); region != "" {
		options = append(options, config.WithRegion(region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("state bucket %s: %w", backend.Host, err)
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.DisableLogOutputChecksumValidationSkipped = true // Pulumi writes without one
		o.UsePathStyle = query.Get("s3ForcePathStyle") == "true" || query.Get("use_path_style") == "true"
		if endpoint := query.Get("endpoint"); endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	})
	return &Bucket{Name: backend.Host, client: client}, nil
}

// Exists tells whether the bucket is there. Somebody else's bucket of that name is an error: it must
// not be taken for one that is still to be made.
func (b *Bucket) Exists(ctx context.Context) (bool, error) {
	_, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.Name})
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking for the state bucket %s: %w", b.Name, err)
	}
	return true, nil
}

// List implements Store.
func (b *Bucket) List(ctx context.Context, prefix string) ([]Object, error) {
	var found []Object
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.Name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.explain("listing "+prefix, err)
		}
		for _, object := range page.Contents {
			found = append(found, Object{Key: aws.ToString(object.Key), Modified: aws.ToTime(object.LastModified)})
		}
	}
	return found, nil
}

// Read implements Store.
func (b *Bucket) Read(ctx context.Context, key string) ([]byte, error) {
	return b.ReadVersion(ctx, key, "")
}

// ReadVersion reads an old version of an object, or the newest when the version is empty.
func (b *Bucket) ReadVersion(ctx context.Context, key, version string) ([]byte, error) {
	input := &s3.GetObjectInput{Bucket: &b.Name, Key: &key}
	if version != "" {
		input.VersionId = &version
	}
	answer, err := b.client.GetObject(ctx, input)
	if err != nil {
		return nil, b.explain("reading "+key, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s of state bucket %s: %w", key, b.Name, err)
	}
	return content, nil
}

// Delete implements Store. The bucket keeps what is deleted as an old version.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Name, Key: &key})
	if err != nil {
		return b.explain("deleting "+key, err)
	}
	return nil
}

// Version is a version of an object that the bucket still has.
type Version struct {
	ID      string    `json:"version"`
	Time    time.Time `json:"time"`
	Bytes   int64     `json:"bytes"`
	Current bool      `json:"current"`
	Deleted bool      `json:"deleted"` // not content, but the mark that it was deleted then
}

// Versions gives the versions of one object, the newest first.
func (b *Bucket) Versions(ctx context.Context, key string) ([]Version, error) {
	var found []Version
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.Name, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.explain("listing the versions of "+key, err)
		}
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == key { // the prefix also finds longer keys, such as a .bak
				found = append(found, Version{
					ID: aws.ToString(v.VersionId), Time: aws.ToTime(v.LastModified), Bytes: aws.ToInt64(v.Size), Current: aws.ToBool(v.IsLatest),
				})
			}
		}
		for _, mark := range page.DeleteMarkers {
			if aws.ToString(mark.Key) == key {
				found = append(found, Version{
					ID: aws.ToString(mark.VersionId), Time: aws.ToTime(mark.LastModified), Current: aws.ToBool(mark.IsLatest), Deleted: true,
				})
			}
		}
	}
	// Times have whole seconds only, so S3's own order, newest first, decides among equals. It holds
	// within versions and within marks; a current mark is newer than any version.
	slices.SortStableFunc(found, func(a, b Version) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return b.Time.Compare(a.Time)
	})
	return found, nil
}

// Restore makes an old version the current one. What is current now stays as a version.
func (b *Bucket) Restore(ctx context.Context, key, version string) error {
	source := b.Name + "/" + (&url.URL{Path: key}).EscapedPath() + "?versionId=" + url.QueryEscape(version)
	_, err := b.client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b.Name, Key: &key, CopySource: &source})
	if err != nil {
		return b.explain("restoring "+key, err)
	}
	return nil
}

func (b *Bucket) explain(doing string, err error) error {
	if isNotFound(err) {
		return fmt.Errorf("%s in state bucket %s: %w", doing, b.Name, ErrNotFound)
	}
	return fmt.Errorf("%s in state bucket %s: %w", doing, b.Name, err)
}

func isNotFound(err error) bool {
	var missing *types.NotFound
	var noKey *types.NoSuchKey
	var coded smithy.APIError
	return errors.As(err, &missing) || errors.As(err, &noKey) ||
		errors.As(err, &coded) && strings.HasPrefix(coded.ErrorCode(), "NoSuch")
}
