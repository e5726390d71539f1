package tokens

var secretsManager = Service{
	Package: "secretsmanager",
	Module:  "secretsmanager",
	Resources: []Entry{
		{Terraform: "aws_secretsmanager_secret", Pulumi: "Secret"},
		{Terraform: "aws_secretsmanager_secret_policy", Pulumi: "SecretPolicy"},
		{Terraform: "aws_secretsmanager_secret_version", Pulumi: "SecretVersion"},
	},
	Functions: []Entry{
		{Terraform: "aws_secretsmanager_secret", Pulumi: "getSecret"},
	},
}

var ssm = Service{
	Package: "ssm",
	Module:  "ssm",
	Resources: []Entry{
		{Terraform: "aws_ssm_parameter", Pulumi: "Parameter"},
	},
	Functions: []Entry{
		{Terraform: "aws_ssm_parameter", Pulumi: "getParameter"},
	},
}
