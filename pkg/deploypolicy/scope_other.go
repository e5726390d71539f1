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
		actions: []string{
			"*LogGroup", "*RetentionPolicy", "*KmsKey", "ListTagsForResource", "TagResource", "UntagResource",
			"DescribeLogStreams", "GetLogEvents", // of whoever looks at a run
		},
		scope: scope{sid: "LogGroups", resources: logGroups},
	},
}

// logGroups are those that a layer makes. Glue gives some of them their names, of which only the security configuration
// is the environment's for sure: a role may be somebody else's (pkg/catalog, SecurityConfigurationName and CrawlerLogGroup;
// pkg/pipeline, jobLogGroups).
func logGroups(p *Params, layer Layer) []string {
	group := func(name string) string { return p.Account.ARN("logs", "log-group:"+name) }
	if layer == Datalake {
		return []string{group("/aws-glue/crawlers-role/*-" + p.Scope.Name("catalog") + "*")}
	}
	pipelines := p.Scope.Name("pipelines")
	return []string{
		group(p.Scope.LogGroup("*")), group("/aws-glue/crawlers-role/*-" + pipelines + "*"),
		group("/aws-glue/python-jobs/" + pipelines + "-*"),
	}
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
