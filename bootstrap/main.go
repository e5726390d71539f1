// Command bootstrap runs the bootstrap project under the Pulumi command line; see README.md in this folder.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/program/bootstrap"
)

func main() {
	pulumi.Run(bootstrap.Deploy)
}
