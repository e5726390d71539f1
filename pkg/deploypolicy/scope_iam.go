package deploypolicy

import (
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/policy"
)

// writesOfRoles are the actions on roles that IAM lets depend on the role's boundary (Service
// Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access
// Management", key iam:PermissionsBoundary).
var writesOfRoles = []string{
	"AttachRolePolicy", "CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy",
}

var iamRules = []rule{
	{
		actions: []string{"CreateOpenIDConnectProvider", "*OpenIDConnectProvider"},
		scope: scope{sid: "GitHub", resources: fixed(func(p *Params) []string {
			return []string{p.Account.GlobalARN("iam", "oidc-provider/token.actions.githubusercontent.com")}
		})},
	},
	{
		actions: []string{"ListVirtualMFADevices"},
		layers:  []Layer{Bootstrap},
		scope:   scope{sid: "MFADevices", resources: anything, everywhere: "IAM lists the devices of all users at once"},
	},
	{
		actions: []string{"PassRole"},
		layers:  []Layer{Bootstrap},
		scope: pass("PassToReplication", toS3, func(p *Params, _ Layer) []string {
			return []string{p.RoleARN(ReplicationRoleName(p.Scope))}
		}),
	},
	{
		actions: []string{"*"},
		layers:  []Layer{Bootstrap},
		scope: scope{sid: "Deployers", resources: fixed(func(p *Params) []string {
			var own []string
			for _, kind := range []string{"group", "policy", "role", "user"} {
				own = append(own, p.deployARN(kind, "*"))
			}
			return own
		})},
	},
	{
		actions: []string{"PassRole"},
		layers:  []Layer{Datalake},
		scope: pass("PassToLakeFormation", toLakeFormation, func(p *Params, _ Layer) []string {
			return []string{p.workRole(governance.LocationRoleName(p.Scope))}
		}),
		also: []scope{pass("PassToS3", toS3, func(p *Params, _ Layer) []string {
			return []string{p.workRole(p.Scope.Name("*", "replication"))} // one for each zone that is copied
		}), pass("PassToGlue", toGlue, func(p *Params, _ Layer) []string {
			return []string{p.workRole(p.Scope.Name("catalog", "*"))} // of crawlers and optimizers
		})},
	},
	{
		actions: []string{"PassRole"},
		scope: pass("PassToGlue", toGlue, func(p *Params, layer Layer) []string {
			return append(roles(p, layer), p.PassRoleARNs...)
		}),
		also: []scope{pass("PassToFlowLogs", toFlowLogs, func(p *Params, _ Layer) []string {
			return []string{p.workRole(p.Scope.Name("flow-logs"))} // pkg/network makes it
		}), pass("PassToEvents", toEvents, func(p *Params, _ Layer) []string {
			// Of who publishes alerts, and of who starts the pipelines.
			return []string{p.workRole(p.Scope.Name("alerts")), p.workRole(p.Scope.Name("*-arrival"))}
		})},
	},
	{
		actions: writesOfRoles,
		scope: scope{
			sid: "LimitedRoles", resources: roles,
			conditions: func(p *Params) policy.Conditions {
				return policy.Conditions{"ArnEquals": {"iam:PermissionsBoundary": {p.WorkloadBoundaryARN()}}}
			},
		},
	},
	{
		actions: []string{"*Role", "*AssumeRolePolicy", "*RolePolicy", "*RolePolicies", "ListInstanceProfilesForRole", "UpdateRoleDescription"},
		scope:   scope{sid: "Roles", resources: roles},
	},
}

// pass lets roles be given to one service.
func pass(sid, service string, resources func(*Params, Layer) []string) scope {
	return scope{sid: sid, resources: resources, conditions: func(*Params) policy.Conditions {
		return policy.Conditions{"StringEquals": {"iam:PassedToService": {service}}}
	}}
}

// roles are the roles that work with data. No deployer is among them: see naming.Scope.DeployPath.
func roles(p *Params, _ Layer) []string {
	return []string{p.Account.GlobalARN("iam", "role"+p.Scope.Path()+"*")}
}
