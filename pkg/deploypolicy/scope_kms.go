package deploypolicy

var kmsRules = []rule{
	{
		actions: []string{"CreateKey"},
		scope:   scope{sid: "MakeKeys", resources: anything, everywhere: "a key has no ARN before it is made"},
	},
	{
		actions: []string{"ListAliases"},
		scope:   scope{sid: "ListAliases", resources: anything, everywhere: "KMS lists the aliases of all keys at once"},
	},
	{
		actions: []string{"*"},
		scope:   scope{sid: "Keys", resources: fixed(keys)},
	},
}

// keys are the keys of the platform and their aliases: an alias is made with rights on both.
func keys(p *Params) []string {
	alias := "alias/" + p.Scope.Name("*")
	resources := []string{p.KeyARN, p.Account.ARN("kms", alias)}
	if p.ReplicaRegion != "" {
		resources = append(resources, p.ReplicaKeyARN, p.replicaAccount().ARN("kms", alias))
	}
	return resources
}
