package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// Environment is what all pipelines and domains of a deployment have in common.
type Environment struct {
	// Required: organization and environment.
	Scope naming.Scope
	// Required: where it is deployed.
	Account account.Account
	// Required: the lake they work on.
	Lake contract.Datalake
	// Required: the uploaded job scripts.
	Code *Code
	// Required: how jobs and crawlers encrypt what they write; catalog.NewSecurityConfiguration makes it, under EncryptionName.
	Encryption *glue.SecurityConfiguration
	// Optional: names of the Glue connections that jobs and crawlers run in; defaults to no network of their own.
	Connections pulumi.StringArray
	// Optional: what has to be there before something can run in that network.
	NetworkReady []pulumi.Resource
	// Required: how long logs are kept, in days. One of the values that CloudWatch Logs accepts (CloudWatch Logs API
	// Reference, PutRetentionPolicy).
	LogRetentionDays int
	// Required: tags of every resource.
	Tags tagging.Tags
}

// encryptionName is the name of the security configuration. It is known before the configuration is made, because it
// is part of the names of log groups.
func (e *Environment) encryptionName() string { return EncryptionName(e.Scope) }

// EncryptionName is the name of an environment's security configuration.
func EncryptionName(scope naming.Scope) string { return scope.Name("pipelines") }
