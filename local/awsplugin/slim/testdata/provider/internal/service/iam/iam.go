package iam

import "github.com/hashicorp/terraform-provider-aws/internal/conns"

func ServicePackage() conns.ServicePackage { return nil }

func User(c *conns.AWSClient) any { return c.IAMClient() }
