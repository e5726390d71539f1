// Command sandbox is the program of the root project: the whole platform in one stack, for a
// throw-away environment. What is meant to last belongs in the three project folders, whose stacks
// have permissions and a life of their own.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/program/sandbox"
)

func main() {
	pulumi.Run(sandbox.DeployFrom("../..")) // Pulumi runs the program in this folder
}
