package bootstrap

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/identity"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// params says what the policies are for, with stand-ins for the keys that this project makes.
func (s *Settings) params(scope naming.Scope, acct account.Account) *deploypolicy.Params {
	p := &deploypolicy.Params{
		Scope: scope, Account: acct, Protect: s.Protect, BoundaryARN: s.BoundaryARN,
		KeyARN: s.KeyARN, DataKeyARN: s.DataKeyARN, DataKeyGiven: s.DataKeyARN != "",
		ReplicaRegion: s.StateReplicaRegion, PassRoleARNs: s.Deploy.PassRoleARNs,
	}
	if p.KeyARN == "" {
		p.KeyARN = deploypolicy.SampleKeyARN(acct)
	}
	if p.DataKeyARN == "" {
		p.DataKeyARN = deploypolicy.SampleDataKeyARN(acct)
	}
	if s.StateReplicaRegion != "" {
		p.ReplicaKeyARN = deploypolicy.SampleKeyARN(account.Account{ID: acct.ID, Region: s.StateReplicaRegion})
	}
	return p
}

// checkPolicies renders every policy once, so that one which IAM would refuse stops the program before
// its first resource.
func checkPolicies(p *deploypolicy.Params) error {
	documents := []policy.Document{deploypolicy.WorkloadBoundary(p)}
	boundary, err := deploypolicy.DeployBoundary(p)
	if err != nil {
		return err
	}
	documents = append(documents, boundary)
	var problems []error
	for _, document := range documents {
		problems = append(problems, document.CheckManaged())
	}
	for _, layers := range [][]deploypolicy.Layer{
		deploypolicy.Chain(), {deploypolicy.Datalake}, {deploypolicy.MPP},
	} {
		_, err := deploypolicy.Deploy(p, layers...)
		problems = append(problems, err)
	}
	_, err = deploypolicy.Plan(p)
	if err := errors.Join(append(problems, err)...); err != nil {
		return fmt.Errorf("the policies of organization %s and stack %s: %w", p.Scope.Organization, p.Scope.Environment, err)
	}
	return nil
}

// document is a policy whose keys may not exist yet. build is called with the stand-ins first, and with
// the keys' ARNs once there are any.
func (f *foundation) document(build func(p *deploypolicy.Params) (policy.Document, error)) identity.Document {
	values := pulumi.StringMap{"key": f.keyARN, "dataKey": f.dataKeyARN}
	sample := map[string]string{"key": f.params.KeyARN, "dataKey": f.params.DataKeyARN}
	if f.replica != nil {
		values["replicaKey"] = f.replica.key.ARN
		sample["replicaKey"] = f.params.ReplicaKeyARN
	}
	return identity.Document{Values: values, Sample: sample, Build: func(v map[string]string) (policy.Document, error) {
		p := *f.params
		p.KeyARN, p.DataKeyARN, p.ReplicaKeyARN = v["key"], v["dataKey"], v["replicaKey"]
		return build(&p)
	}}
}

// documents is the same for a role's several policies, whose number does not depend on the keys.
func (f *foundation) documents(
	build func(p *deploypolicy.Params) ([]policy.Document, error),
) ([]identity.Document, error) {
	sample, err := build(f.params)
	if err != nil {
		return nil, err
	}
	var all []identity.Document
	for i := range sample {
		all = append(all, f.document(func(p *deploypolicy.Params) (policy.Document, error) {
			built, err := build(p)
			if err != nil {
				return policy.Document{}, err
			}
			if len(built) != len(sample) {
				return policy.Document{}, fmt.Errorf("%d policies with the key %s, %d without", len(built), p.KeyARN, len(sample))
			}
			return built[i], nil
		}))
	}
	return all, nil
}

// workloadBoundary makes the permission boundary of every role that works with data, unless one was given.
func (f *foundation) workloadBoundary(ctx *pulumi.Context) error {
	if f.config.BoundaryARN != "" {
		f.boundaryARN = pulumi.String(f.config.BoundaryARN).ToStringOutput()
		return nil
	}
	made, err := identity.NewBoundary(ctx, "workload-boundary", &identity.BoundaryArgs{
		Name:   deploypolicy.WorkloadBoundaryName(f.scope),
		Path:   f.scope.DeployPath(),
		Limits: "every role that works with data",
		Document: f.document(func(p *deploypolicy.Params) (policy.Document, error) {
			return deploypolicy.WorkloadBoundary(p), nil
		}),
		Tags: f.tags,
	})
	if err != nil {
		return err
	}
	f.boundaryARN = made.ARN
	return nil
}

// deployBoundary makes the permission boundary of the identities that deploy. It is another one than the
// workloads', which forbids just what they are for: to make roles and to become one.
func (f *foundation) deployBoundary(ctx *pulumi.Context) (pulumi.StringOutput, error) {
	made, err := identity.NewBoundary(ctx, "deploy-boundary", &identity.BoundaryArgs{
		Name:     deploypolicy.DeployBoundaryName(f.scope),
		Path:     f.scope.DeployPath(),
		Limits:   "everybody who deploys",
		Document: f.document(deploypolicy.DeployBoundary),
		Tags:     f.tags,
	})
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return made.ARN, nil
}
