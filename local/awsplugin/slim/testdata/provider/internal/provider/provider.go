package provider

import "github.com/hashicorp/terraform-provider-aws/internal/conns"

func New() []conns.ServicePackage { return servicePackages() }
