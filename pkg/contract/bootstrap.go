package contract

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Outputs of the bootstrap project.
const (
	outStateBucket        = "stateBucket"
	outStateReplicaBucket = "stateReplicaBucket"
	outLockTable          = "lockTable"
	outKeyARN             = "keyArn"
	outKeyAlias           = "keyAlias"
	outSecretsProvider    = "secretsProvider"
	outDataKeyARN         = "dataKeyArn"
	outDataKeyManaged     = "dataKeyManaged"
	outBoundaryARN        = "boundaryArn"
	outCIUser             = "ciUser"
	outAccessKeySecret    = "accessKeySecret"
	outDeployRoleARN      = "deployRoleArn"
	outPlanRoleARN        = "planRoleArn"
	outLayerRoleARNs      = "layerRoleArns"
)

// Foundation is the part of the bootstrap project's outputs that the datalake project needs.
type Foundation struct {
	DataKeyARN  pulumi.StringOutput // KMS key that encrypts data
	BoundaryARN pulumi.StringOutput // permission boundary of every role that works with data
	// The bootstrap project made the data key, and the datalake project writes its policy. The policy of a
	// key that was given is somebody else's.
	DataKeyManaged bool
	// ARNs of the roles that deploy the layers after bootstrap, as far as it has made or named any.
	DeployerARNs []string
}

// Bootstrap is what the bootstrap project gives the others. Every output is always there; what a
// stack was told not to make is an empty string.
type Bootstrap struct {
	Foundation

	KeyARN             pulumi.StringInput // KMS key that encrypts state and secrets
	StateBucket        pulumi.StringInput // bucket for the Pulumi state of every project
	StateReplicaBucket pulumi.StringInput // its copy in another region
	LockTable          pulumi.StringInput // DynamoDB table for the environment lease and the ledger
	KeyAlias           pulumi.StringInput // alias of the key, unless the key was given
	SecretsProvider    pulumi.StringInput // URL for `pulumi stack init --secrets-provider`
	CIUser             pulumi.StringInput // name of the service user for CI
	AccessKeySecret    pulumi.StringInput // ARN of the secret that holds the user's access key
	DeployRoleARN      pulumi.StringInput // role that deploys the whole chain
	PlanRoleARN        pulumi.StringInput // role that previews and can change nothing
	LayerRoleARNs      pulumi.StringMap   // by project: role that deploys it from a repository of its own
}

// Outputs gives the values by output name.
func (b Bootstrap) Outputs() pulumi.Map {
	return pulumi.Map{
		outStateBucket:        b.StateBucket,
		outStateReplicaBucket: b.StateReplicaBucket,
		outLockTable:          b.LockTable,
		outKeyARN:             b.KeyARN,
		outDataKeyARN:         b.DataKeyARN,
		outDataKeyManaged:     pulumi.Bool(b.DataKeyManaged),
		outKeyAlias:           b.KeyAlias,
		outSecretsProvider:    b.SecretsProvider,
		outBoundaryARN:        b.BoundaryARN,
		outCIUser:             b.CIUser,
		outAccessKeySecret:    b.AccessKeySecret,
		outDeployRoleARN:      b.DeployRoleARN,
		outPlanRoleARN:        b.PlanRoleARN,
		outLayerRoleARNs:      b.LayerRoleARNs,
	}
}

// Export makes the values outputs of the running stack.
func (b Bootstrap) Export(ctx *pulumi.Context) {
	export(ctx, b.Outputs())
}

// ReadFoundation reads what a project needs of the bootstrap stack of the same environment.
func ReadFoundation(ctx *pulumi.Context) (Foundation, error) {
	r, err := open(ctx, ProjectBootstrap)
	if err != nil {
		return Foundation{}, err
	}
	return Foundation{
		DataKeyARN: r.text(outDataKeyARN), BoundaryARN: r.text(outBoundaryARN), DataKeyManaged: r.flag(outDataKeyManaged),
		DeployerARNs: r.deployers(),
	}, r.err()
}

// deployers gives the ARNs of the roles that deploy the layers after bootstrap, as far as there are any.
func (r *reader) deployers() []string {
	var arns []string
	add := func(value any) {
		if arn, ok := value.(string); ok && arn != "" {
			arns = append(arns, arn)
		}
	}
	role, err := r.ref.GetOutputDetails(outDeployRoleARN)
	if err != nil {
		r.fail(outDeployRoleARN, err.Error())
		return nil
	}
	layers, err := r.ref.GetOutputDetails(outLayerRoleARNs)
	if err != nil {
		r.fail(outLayerRoleARNs, err.Error())
		return nil
	}
	add(role.Value)
	byLayer, _ := layers.Value.(map[string]any)
	add(byLayer[ProjectDatalake])
	add(byLayer[ProjectMPP])
	return arns
}
