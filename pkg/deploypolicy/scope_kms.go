package deploypolicy

import "github.com/tarn-data/tarn/pkg/policy"

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
		layers:  []Layer{Bootstrap},
		scope:   scope{sid: "Keys", resources: fixed(keys)},
	},
	{
		actions: []string{"PutKeyPolicy"},
		layers:  []Layer{Datalake},
		scope: scope{
			sid: "DataKeyPolicy",
			resources: fixed(func(p *Params) []string {
				if p.DataKeyGiven {
					return nil // its policy is somebody else's
				}
				return []string{p.DataKeyARN}
			}),
			// Whoever writes a policy that locks everybody out has deleted the data (KMS Developer Guide,
			// "Condition keys", kms:BypassPolicyLockoutSafetyCheck).
			conditions: func(*Params) policy.Conditions {
				return policy.Conditions{"BoolIfExists": {"kms:BypassPolicyLockoutSafetyCheck": {"false"}}}
			},
		},
	},
	{
		actions: []string{"Describe*", "Get*", "List*"},
		layers:  []Layer{Datalake},
		scope:   scope{sid: "DataKey", resources: fixed(func(p *Params) []string { return []string{p.DataKeyARN} })},
	},
}

// keys are the keys of the platform and their aliases: an alias is made with rights on both.
func keys(p *Params) []string {
	alias := "alias/" + p.Scope.Name("*")
	resources := []string{p.KeyARN, p.DataKeyARN, p.Account.ARN("kms", alias)}
	if p.ReplicaRegion != "" {
		resources = append(resources, p.ReplicaKeyARN, p.replicaAccount().ARN("kms", alias))
	}
	return resources
}
