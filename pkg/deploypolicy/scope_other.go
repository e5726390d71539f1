package deploypolicy

var athenaRules = []rule{{
	// A named query belongs to a workgroup (Service Authorization Reference, "Amazon Athena").
	actions: []string{"*WorkGroup", "*NamedQuery", "ListNamedQueries", "ListTagsForResource", "TagResource", "UntagResource"},
	scope: scope{sid: "Workgroups", resources: fixed(func(p *Params) []string {
		return []string{p.Account.ARN("athena", "workgroup/"+p.Scope.Name("*"))}
	})},
}}

var dynamodbRules = []rule{{
	actions: []string{"*"},
	layers:  []Layer{Bootstrap},
	scope: scope{sid: "LockTable", resources: fixed(func(p *Params) []string {
		return []string{p.Account.ARN("dynamodb", "table/"+p.LockTable())}
	})},
}}

var logsRules = []rule{
	{
		actions: []string{"DescribeLogGroups"},
		scope: scope{sid: "ListLogGroups", resources: fixed(func(p *Params) []string {
			// CloudWatch Logs lists the groups of the account and region or none.
			return []string{p.Account.ARN("logs", "log-group:*")}
		})},
	},
	{
		actions: []string{"*LogGroup", "*RetentionPolicy", "*KmsKey", "ListTagsForResource", "TagResource", "UntagResource"},
		scope: scope{sid: "LogGroups", resources: fixed(func(p *Params) []string {
			return []string{p.Account.ARN("logs", "log-group:"+p.Scope.LogGroup("*"))}
		})},
	},
}

// lakeformationRules have no resources: Lake Formation decides by its own administrators and grants. Data is
// read with actions that are forbidden.
var lakeformationRules = []rule{{
	actions: []string{
		"*DataLakeSettings", "*Resource", "ListResources", "*LFTag*", "*Permissions", "GetEffectivePermissionsForPath",
		"*DataCellsFilter", "*OptIn*",
	},
	scope: scope{
		sid: "LakeFormation", resources: anything, conditions: (*Params).inRegion,
		everywhere: "Lake Formation knows no resources (Service Authorization Reference, \"AWS Lake Formation\")",
	},
}}

var secretsRules = []rule{{
	actions: []string{"*"},
	layers:  []Layer{Bootstrap},
	scope: scope{sid: "Secrets", resources: fixed(func(p *Params) []string {
		// Secrets Manager adds six characters to the name.
		return []string{p.Account.ARN("secretsmanager", "secret:"+p.Scope.Secret("*"))}
	})},
}}
