//go:build awsplugin

// Command schemagen prints the Pulumi schema of the AWS plugin: every resource and function it serves, with the
// names and types of their properties.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"

	"github.com/tarn-data/tarn/local/awsplugin/provider"
)

func main() {
	if err := generate(context.Background(), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context, out, messages io.Writer) error {
	info, err := provider.New(ctx)
	if err != nil {
		return err
	}
	// Nothing reads the descriptions, and the bridge would go looking for them with the go command. It passes over the
	// resources when asked to; a function needs a text that it can take for the documentation.
	for _, function := range info.DataSources {
		function.Docs = &tfbridge.DocInfo{Markdown: []byte("\n")}
	}
	result, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo:    info,
		DiagnosticsSink: diag.DefaultSink(io.Discard, messages, diag.FormatOptions{Color: colors.Never}),
		XInMemoryDocs:   true,
	})
	if err != nil {
		return fmt.Errorf("generating the schema: %w", err)
	}
	// Nothing is indented: the engine asks for the schema over RPC and only programs read it.
	return json.NewEncoder(out).Encode(result.PackageSpec)
}
