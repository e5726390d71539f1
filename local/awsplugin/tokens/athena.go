package tokens

var athena = Service{
	Package: "athena",
	Module:  "athena",
	Resources: []Entry{
		{Terraform: "aws_athena_data_catalog", Pulumi: "DataCatalog"},
		{Terraform: "aws_athena_database", Pulumi: "Database"},
		{Terraform: "aws_athena_named_query", Pulumi: "NamedQuery"},
		{Terraform: "aws_athena_workgroup", Pulumi: "Workgroup"},
	},
}
