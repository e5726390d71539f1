// Package s3client makes the client for S3 that works with AWS and with an emulator.
package s3client

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// New makes a client from loaded settings. Where they name another endpoint than AWS's, buckets are named in paths: an
// emulator has no host name for each bucket.
func New(settings aws.Config) *s3.Client {
	return s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = settings.BaseEndpoint != nil })
}
