package deploypolicy

var glueRules = []rule{
	{
		actions: []string{"*DataCatalogEncryptionSettings"},
		scope: scope{sid: "CatalogEncryption", resources: fixed(func(p *Params) []string {
			return []string{p.Account.ARN("glue", "catalog")} // one switch for the account and region
		})},
	},
	{
		actions: []string{"*Database", "*Table", "*TableOptimizer", "GetTables", "GetPartitionIndexes", "*TableVersion*", "*UserDefinedFunction"},
		scope: scope{sid: "Catalog", resources: fixed(func(p *Params) []string {
			database := p.Scope.Database("")
			return []string{ // Glue wants the catalog, the database and what is in it
				p.Account.ARN("glue", "catalog"), p.Account.ARN("glue", "database/"+database+"*"),
				p.Account.ARN("glue", "table/"+database+"*/*"), p.Account.ARN("glue", "userDefinedFunction/"+database+"*/*"),
			}
		})},
	},
	{
		actions: []string{"GetTags", "TagResource", "UntagResource"},
		layers:  []Layer{Datalake},
		scope: scope{sid: "CatalogTags", resources: fixed(func(p *Params) []string {
			return []string{
				p.Account.ARN("glue", "crawler/"+p.Scope.Name("catalog", "*")),
				p.Account.ARN("glue", "database/"+p.Scope.Database("")+"*"),
			}
		})},
	},
	{
		actions: []string{"*Crawler"},
		layers:  []Layer{Datalake},
		scope: scope{sid: "Crawlers", resources: fixed(func(p *Params) []string {
			return []string{p.Account.ARN("glue", "crawler/"+p.Scope.Name("catalog", "*"))} // pkg/catalog makes them
		})},
	},
	{
		actions: []string{"*Connection"},
		layers:  []Layer{MPP},
		scope: scope{sid: "Connections", resources: fixed(func(p *Params) []string {
			return []string{ // Glue wants the catalog, too
				p.Account.ARN("glue", "catalog"), p.Account.ARN("glue", "connection/"+p.Scope.Name("network", "*")),
			}
		})},
	},
	{
		actions: []string{"*SecurityConfiguration"},
		scope: scope{
			sid: "SecurityConfigurations", resources: anything, conditions: (*Params).inRegion,
			everywhere: "Glue knows no resource for security configurations (Service Authorization Reference, \"AWS Glue\")",
		},
	},
	{
		actions: []string{"CreateDataQualityRuleset"},
		layers:  []Layer{MPP},
		scope: scope{
			sid: "MakeRulesets", resources: anything, conditions: requestedTags,
			everywhere: "Glue knows no resource for a ruleset that is not there yet (the same); its tags have to be the environment's",
		},
	},
	{
		actions: []string{
			"*Crawler", "*DataQualityRuleset", "*Job", "*Trigger", "*Workflow", "GetTags", "TagResource", "UntagResource",
			"GetWorkflowRun", "GetWorkflowRuns", "ResumeWorkflowRun", "StartWorkflowRun", "StopWorkflowRun",
		},
		scope: scope{sid: "Pipelines", resources: fixed(func(p *Params) []string {
			var resources []string
			for _, kind := range []string{"connection", "crawler", "dataQualityRuleset", "job", "trigger", "workflow"} {
				resources = append(resources, p.Account.ARN("glue", kind+"/"+p.Scope.Name("*")))
			}
			return resources
		})},
	},
}
