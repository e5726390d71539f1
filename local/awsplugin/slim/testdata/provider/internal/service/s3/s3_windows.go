package s3

import "github.com/hashicorp/terraform-provider-aws/internal/service/ec2"
