package tokens

// OptIn is the one resource that the Terraform provider of the plugin's version lacks; package provider adds it.
const OptIn = "aws_lakeformation_opt_in"

var lakeFormation = Service{
	Package: "lakeformation",
	Module:  "lakeformation",
	Resources: []Entry{
		{Terraform: "aws_lakeformation_data_cells_filter", Pulumi: "DataCellsFilter"},
		{Terraform: "aws_lakeformation_data_lake_settings", Pulumi: "DataLakeSettings"},
		{Terraform: "aws_lakeformation_lf_tag", Pulumi: "LfTag"},
		{Terraform: OptIn, Pulumi: "OptIn"},
		{Terraform: "aws_lakeformation_permissions", Pulumi: "Permissions"},
		{Terraform: "aws_lakeformation_resource", Pulumi: "Resource"},
		{Terraform: "aws_lakeformation_resource_lf_tag", Pulumi: "ResourceLfTag"},
		{Terraform: "aws_lakeformation_resource_lf_tags", Pulumi: "ResourceLfTags"},
	},
	Functions: []Entry{
		{Terraform: "aws_lakeformation_data_lake_settings", Pulumi: "getDataLakeSettings"},
		{Terraform: "aws_lakeformation_permissions", Pulumi: "getPermissions"},
		{Terraform: "aws_lakeformation_resource", Pulumi: "getResource"},
	},
}
