module github.com/hashicorp/terraform-provider-aws
