//go:build awsplugin

package provider

import (
	"fmt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/x/muxer"
	"github.com/pulumi/pulumi-terraform-bridge/v3/unstable/metadata"
)

// dispatchKey is where the bridge looks the table up.
const dispatchKey = "mux"

// dispatcher knows which half of a joined provider has a resource. The bridge keeps the type itself internal.
type dispatcher interface {
	ResolveDispatch(info *tfbridge.ProviderInfo) (muxer.DispatchTable, error)
}

// storeDispatchTable works out which half of the Terraform provider answers for each token and leaves that where the
// bridge's server expects it. The official plugin ships the table as a file; computing it takes no noticeable time.
func storeDispatchTable(info tfbridge.ProviderInfo) error {
	joined, ok := info.P.(dispatcher)
	if !ok {
		return fmt.Errorf("%T cannot say which half of the provider has a resource", info.P)
	}
	table, err := joined.ResolveDispatch(&info)
	if err != nil {
		return fmt.Errorf("finding who serves each token: %w", err)
	}
	return metadata.Set(info.GetMetadata(), dispatchKey, table)
}
