package tokens

var iam = Service{
	Package: "iam",
	Module:  "iam",
	Resources: []Entry{
		{Terraform: "aws_iam_access_key", Pulumi: "AccessKey"},
		{Terraform: "aws_iam_group", Pulumi: "Group"},
		{Terraform: "aws_iam_group_policy", Pulumi: "GroupPolicy"},
		{Terraform: "aws_iam_group_policy_attachment", Pulumi: "GroupPolicyAttachment"},
		{Terraform: "aws_iam_openid_connect_provider", Pulumi: "OpenIdConnectProvider"},
		{Terraform: "aws_iam_policy", Pulumi: "Policy"},
		{Terraform: "aws_iam_role", Pulumi: "Role"},
		{Terraform: "aws_iam_role_policy", Pulumi: "RolePolicy"},
		{Terraform: "aws_iam_role_policy_attachment", Pulumi: "RolePolicyAttachment"},
		{Terraform: "aws_iam_user", Pulumi: "User"},
		{Terraform: "aws_iam_user_group_membership", Pulumi: "UserGroupMembership"},
		{Terraform: "aws_iam_user_policy", Pulumi: "UserPolicy"},
		{Terraform: "aws_iam_user_policy_attachment", Pulumi: "UserPolicyAttachment"},
	},
	Functions: []Entry{
		{Terraform: "aws_iam_openid_connect_provider", Pulumi: "getOpenIdConnectProvider"},
		{Terraform: "aws_iam_policy_document", Pulumi: "getPolicyDocument"},
		{Terraform: "aws_iam_role", Pulumi: "getRole"},
		{Terraform: "aws_iam_session_context", Pulumi: "getSessionContext"},
	},
}

var sts = Service{
	Package: "sts",
	Module:  "index",
	Functions: []Entry{
		{Terraform: "aws_caller_identity", Pulumi: "getCallerIdentity"},
	},
}
