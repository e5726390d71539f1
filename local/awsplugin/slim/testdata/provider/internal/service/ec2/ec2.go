package ec2

import "github.com/hashicorp/terraform-provider-aws/internal/conns"

func ServicePackage() conns.ServicePackage { return nil }
