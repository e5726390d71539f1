//go:build awsplugin

// Command pulumi-resource-aws is the AWS resource plugin that the Pulumi engine starts. It expects its schema in the
// file schema.json beside itself.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"github.com/tarn-data/tarn/local/awsplugin/provider"
	"github.com/tarn-data/tarn/local/awsplugin/tokens"
)

func main() {
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	schema, err := readSchema()
	if err != nil {
		return err
	}
	info, err := provider.New(ctx)
	if err != nil {
		return err
	}
	pf.MainWithMuxer(ctx, tokens.Package, info, schema)
	return nil
}

func readSchema() ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	// A package manager may have linked the plugin into place; the schema is beside the real file.
	self, err = filepath.EvalSymlinks(self)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(filepath.Dir(self), "schema.json"))
}
