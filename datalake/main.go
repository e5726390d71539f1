// Command datalake runs the datalake project under the Pulumi command line; see README.md in this folder.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/program/datalake"
)

func main() {
	pulumi.Run(datalake.Deploy("."))
}
