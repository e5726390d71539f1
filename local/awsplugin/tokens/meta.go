package tokens

var meta = Service{
	Package: "meta",
	Module:  "index",
	Functions: []Entry{
		{Terraform: "aws_partition", Pulumi: "getPartition"},
		{Terraform: "aws_region", Pulumi: "getRegion"},
		{Terraform: "aws_service_principal", Pulumi: "getServicePrincipal"},
	},
}
