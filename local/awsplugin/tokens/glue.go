package tokens

var glue = Service{
	Package: "glue",
	Module:  "glue",
	Resources: []Entry{
		{Terraform: "aws_glue_catalog_database", Pulumi: "CatalogDatabase"},
		{Terraform: "aws_glue_catalog_table", Pulumi: "CatalogTable"},
		{Terraform: "aws_glue_catalog_table_optimizer", Pulumi: "CatalogTableOptimizer"},
		{Terraform: "aws_glue_classifier", Pulumi: "Classifier"},
		{Terraform: "aws_glue_connection", Pulumi: "Connection"},
		{Terraform: "aws_glue_crawler", Pulumi: "Crawler"},
		{Terraform: "aws_glue_data_catalog_encryption_settings", Pulumi: "DataCatalogEncryptionSettings"},
		{Terraform: "aws_glue_data_quality_ruleset", Pulumi: "DataQualityRuleset"},
		{Terraform: "aws_glue_job", Pulumi: "Job"},
		{Terraform: "aws_glue_resource_policy", Pulumi: "ResourcePolicy"},
		{Terraform: "aws_glue_security_configuration", Pulumi: "SecurityConfiguration"},
		{Terraform: "aws_glue_trigger", Pulumi: "Trigger"},
		{Terraform: "aws_glue_workflow", Pulumi: "Workflow"},
	},
	Functions: []Entry{
		{Terraform: "aws_glue_catalog_table", Pulumi: "getCatalogTable"},
	},
}
