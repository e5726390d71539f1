package rds

import "github.com/hashicorp/terraform-provider-aws/internal/conns"

func ServicePackage() conns.ServicePackage { return nil }

func list(c *conns.AWSClient) { c.RDSClient() }
