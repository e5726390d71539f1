// Command pulumi-resource-awsx is the plugin: the Pulumi engine starts it and speaks gRPC with it.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"

	"github.com/tarn-data/tarn/local/awsxplugin"
)

func main() {
	if err := provider.MainWithOptions(provider.Options{
		Name: "awsx", Version: awsxplugin.Version, Schema: []byte(awsxplugin.Schema), Construct: awsxplugin.Construct,
	}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
