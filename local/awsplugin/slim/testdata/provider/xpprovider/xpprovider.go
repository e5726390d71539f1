package xpprovider

import "github.com/hashicorp/terraform-provider-aws/internal/provider"

var New = provider.New
