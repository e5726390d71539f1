package s3

import (
	"github.com/hashicorp/terraform-provider-aws/internal/conns"
	"github.com/hashicorp/terraform-provider-aws/internal/service/iam"
)

func ServicePackage() conns.ServicePackage { return nil }

func list(c *conns.AWSClient) { _, _ = c.S3Client(), iam.User(c) }
