// Package network gives Glue jobs a private network: no way to the internet, endpoints for the services they use.
package network

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
)

// ComponentType is the type token of Network.
const ComponentType = "tarn:network:Network"

// Args configures a Network.
type Args struct {
	Scope            naming.Scope
	Account          account.Account
	Settings         Settings
	KeyARN           pulumi.StringInput // encrypts the flow logs
	BoundaryARN      pulumi.StringInput
	LogRetentionDays int
	MaxWorkers       int // most workers of all jobs that may run at once, for the check of free addresses
	Tags             pulumi.StringMap
}

// Settings is how the network is made.
type Settings struct {
	// Optional: whether jobs run in a private network; default false.
	Enabled bool `json:"enabled"`
}

// Network is the private network of an environment's jobs.
type Network struct {
	pulumi.ResourceState

	Connections pulumi.StringArray // names of the Glue connections, one for each availability zone
}
