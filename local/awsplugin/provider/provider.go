//go:build awsplugin

// Package provider puts the Terraform AWS provider behind Pulumi's bridge, under the names the Pulumi AWS SDK uses.
package provider

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hashicorp/terraform-provider-aws/xpprovider"
	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"

	"github.com/tarn-data/tarn/local/awsplugin/tokens"
)

const (
	// maxNameLength is how long a name made from a resource's logical name may get.
	maxNameLength = 255
	nameSeparator = "-"
)

// New describes the plugin to the bridge.
func New(ctx context.Context) (tfbridge.ProviderInfo, error) {
	upstream, err := upstreamProvider(ctx)
	if err != nil {
		return tfbridge.ProviderInfo{}, err
	}
	info := tfbridge.ProviderInfo{
		P:            upstream,
		Name:         tokens.Package,
		Version:      tokens.Version,
		GitHubOrg:    "hashicorp",
		License:      "Apache-2.0",
		Description:  "The part of the AWS provider that Tarn deploys, built from Go modules for the local environment.",
		Config:       configuration(),
		Resources:    resources(upstream),
		DataSources:  functions(),
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),

		// The SDK half of the provider checks the same configuration; doing it twice only costs start-up time.
		SkipValidateProviderConfigForPluginFramework: true,
	}
	if err := checkMapped(info); err != nil {
		return tfbridge.ProviderInfo{}, err
	}
	info.IgnoreMappings = unserved(info)
	info.SetAutonaming(maxNameLength, nameSeparator)
	if err := storeDispatchTable(info); err != nil {
		return tfbridge.ProviderInfo{}, err
	}
	return info, nil
}

// upstreamProvider joins the two halves of the Terraform provider: resources written with the older Terraform SDK and
// those written with the plugin framework.
func upstreamProvider(ctx context.Context) (shim.Provider, error) {
	// The constructors of the Terraform provider write to the standard logger, and the engine would show that to the
	// user as diagnostics.
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)

	framework, sdk, err := xpprovider.GetProvider(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting the Terraform AWS provider: %w", err)
	}
	if err := addOptIn(sdk); err != nil {
		return nil, err
	}
	return pf.MuxShimWithDisjointgPF(ctx, sdkv2.NewProvider(sdk), framework), nil
}
