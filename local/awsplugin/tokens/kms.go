package tokens

var kms = Service{
	Package: "kms",
	Module:  "kms",
	Resources: []Entry{
		{Terraform: "aws_kms_alias", Pulumi: "Alias"},
		{Terraform: "aws_kms_grant", Pulumi: "Grant"},
		{Terraform: "aws_kms_key", Pulumi: "Key"},
		{Terraform: "aws_kms_key_policy", Pulumi: "KeyPolicy"},
		{Terraform: "aws_kms_replica_key", Pulumi: "ReplicaKey"},
	},
	Functions: []Entry{
		{Terraform: "aws_kms_alias", Pulumi: "getAlias"},
		{Terraform: "aws_kms_key", Pulumi: "getKey"},
	},
}
