// Package deploypolicy writes the policies of those who deploy and the limits of what they deploy.
//
// The policies are data: which actions a layer's deployment calls was recorded, and one table says
// for each action which resources of the environment it may touch. Nothing here makes a resource or
// calls AWS, so a security team can print the same documents and make the roles itself.
package deploypolicy

import (
	"fmt"
	"strings"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Params says which environment the policies are for.
type Params struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: the account and the region the environment is in.
	Account account.Account
	// Required: ARN of the platform's KMS key. Before the key exists, SampleKeyARN stands for it.
	KeyARN string
	// Required: ARN of the KMS key of the lake. Before the key exists, SampleDataKeyARN stands for it.
	DataKeyARN string
	// Optional: the key of the lake was made elsewhere, and whoever deploys may not write its policy;
	// defaults to false.
	DataKeyGiven bool
	// Optional: region of the copy of the state; defaults to no copy.
	ReplicaRegion string
	// Optional: ARN of the KMS key of the copy; required with ReplicaRegion.
	ReplicaKeyARN string
	// Optional: ARN of the workload boundary; defaults to the one that the bootstrap project makes.
	BoundaryARN string
	// Optional: roles made elsewhere that deployers may give to Glue; defaults to none.
	PassRoleARNs []string
	// Optional: nobody who deploys may make a KMS key unusable; defaults to false.
	Protect bool
}

// Purposes of the buckets of the bootstrap project, for naming.Scope.Bucket.
const (
	PurposeState        = "state"
	PurposeStateLogs    = "state-logs"
	PurposeStateReplica = "state-replica"
)

// SampleKeyARN is as long as the ARN of a key of the account, of which every id has 36 characters: how
// many policies a role needs is known before the key exists.
func SampleKeyARN(acct account.Account) string {
	return acct.ARN("kms", "key/KEY-ID-KEY-ID-KEY-ID-KEY-ID-KEY-ID--")
}

// SampleDataKeyARN is the same for the key of the lake. It is another one than SampleKeyARN, so that no list
// of resources gets longer when there are two keys.
func SampleDataKeyARN(acct account.Account) string {
	return acct.ARN("kms", "key/DATA-KEY-ID-DATA-KEY-ID-DATA-KEY-ID-")
}

// WorkloadBoundaryARN is the ARN of the workload boundary.
func (p *Params) WorkloadBoundaryARN() string {
	if p.BoundaryARN != "" {
		return p.BoundaryARN
	}
	return p.deployARN("policy", WorkloadBoundaryName(p.Scope))
}

// WorkloadBoundaryName and DeployBoundaryName are the names of the two boundaries. IAM wants policy
// names to differ in an account whatever their path, hence the scope.
func WorkloadBoundaryName(scope naming.Scope) string { return scope.Name("workload-boundary") }

// DeployBoundaryName is described with WorkloadBoundaryName.
func DeployBoundaryName(scope naming.Scope) string { return scope.Name("deploy-boundary") }

// UserName is the name of the service user.
func UserName(scope naming.Scope) string { return scope.Name("ci") }

// SecretName is the name of the secret that holds the service user's access key.
func SecretName(scope naming.Scope) string { return scope.Secret("ci-access-key") }

// ReplicationRoleName is the name of the role that copies the state to another region.
func ReplicationRoleName(scope naming.Scope) string { return scope.Name("state-replication") }

// RoleARN is the ARN of a deploy role: of the whole chain, of one layer, or of the plan role.
func (p *Params) RoleARN(name string) string { return p.deployARN("role", name) }

// UserARN is the ARN of the service user.
func (p *Params) UserARN() string { return p.deployARN("user", UserName(p.Scope)) }

// StateBucket is the bucket for the Pulumi state.
func (p *Params) StateBucket() string {
	return p.Scope.Bucket(PurposeState, p.Account.ID, p.Account.Region)
}

// LogBucket is the bucket with the state bucket's access log.
func (p *Params) LogBucket() string {
	return p.Scope.Bucket(PurposeStateLogs, p.Account.ID, p.Account.Region)
}

// ReplicaBucket is the copy of the state bucket.
func (p *Params) ReplicaBucket() string {
	return p.Scope.Bucket(PurposeStateReplica, p.Account.ID, p.ReplicaRegion)
}

// LockTable is the table of leases and the ledger.
func (p *Params) LockTable() string { return p.Scope.Name("locks") }

// replicaAccount is the same account in the region of the copy.
func (p *Params) replicaAccount() account.Account {
	return account.Account{ID: p.Account.ID, Region: p.ReplicaRegion}
}

// Validate refuses params that would give policies for nothing.
func (p *Params) Validate() error {
	if err := p.Scope.Validate(); err != nil {
		return err
	}
	if p.Account.ID == "" || p.Account.Region == "" || p.KeyARN == "" || p.DataKeyARN == "" {
		return fmt.Errorf("account %q, region %q, key %q and data key %q: none may be empty",
			p.Account.ID, p.Account.Region, p.KeyARN, p.DataKeyARN)
	}
	if (p.ReplicaRegion == "") != (p.ReplicaKeyARN == "") {
		return fmt.Errorf("replica region %q and replica key %q: give both or none", p.ReplicaRegion, p.ReplicaKeyARN)
	}
	return nil
}

func (p *Params) deployARN(kind, name string) string {
	return p.Account.GlobalARN("iam", kind+p.Scope.DeployPath()+name)
}

// lakeBuckets names the buckets of the datalake project one by one: a pattern for all buckets of the
// environment would match the state bucket, too.
func (p *Params) lakeBuckets(below string) []string {
	var arns []string
	for _, kind := range zone.Kinds {
		arns = append(arns, p.Account.BucketARN(p.Scope.Bucket(string(kind), p.Account.ID, p.Account.Region))+below)
	}
	return arns
}

// dataBucket is the ARN of the bucket of one zone.
func (p *Params) dataBucket(kind zone.Kind) string {
	return p.Account.BucketARN(p.Scope.Bucket(string(kind), p.Account.ID, p.Account.Region))
}

// lakeCopies matches the buckets that zones are copied to, in whichever region. No other bucket of the
// environment has such a name.
func (p *Params) lakeCopies() string {
	return p.Account.BucketARN(p.Scope.Bucket("*-copy", p.Account.ID, "*"))
}

// keysAnywhere matches the account's KMS keys in every region.
func (p *Params) keysAnywhere() string {
	return strings.Replace(p.Account.ARN("kms", "key/*"), ":"+p.Account.Region+":", ":*:", 1)
}

// workRole is the ARN of a role that works with data.
func (p *Params) workRole(name string) string {
	return p.Account.GlobalARN("iam", "role"+p.Scope.Path()+name)
}

// personas matches the roles of the personas.
func (p *Params) personas() string {
	return p.workRole(access.RoleName(p.Scope, "*"))
}

// inRegion limits actions on everything to the environment's region.
func (p *Params) inRegion() policy.Conditions {
	return policy.Conditions{"StringEquals": {"aws:RequestedRegion": {p.Account.Region}}}
}

// bootstrapBuckets are the buckets of the bootstrap project.
func (p *Params) bootstrapBuckets(below string) []string {
	arns := []string{p.Account.BucketARN(p.StateBucket()) + below, p.Account.BucketARN(p.LogBucket()) + below}
	if p.ReplicaRegion != "" {
		arns = append(arns, p.Account.BucketARN(p.ReplicaBucket())+below)
	}
	return arns
}
