package deploypolicy

import (
	"fmt"
	"slices"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/naming"
)

// Layer is a project whose deployment has rights of its own.
type Layer string

// The layers, in the order they are deployed.
const (
	Bootstrap Layer = contract.ProjectBootstrap
	Datalake  Layer = contract.ProjectDatalake
	MPP       Layer = contract.ProjectMPP
)

// Deployed are the layers that a deploy role changes. Bootstrap is not among them: it makes the deploy
// roles and their limits, and whoever could change it could change those. An administrator deploys it.
func Deployed() []Layer { return []Layer{Datalake, MPP} }

// Chain is every layer, in the order they are deployed.
func Chain() []Layer { return []Layer{Bootstrap, Datalake, MPP} }

// ParseLayer gives the layer of a name.
func ParseLayer(name string) (Layer, error) {
	if layer := Layer(name); slices.Contains(Deployed(), layer) {
		return layer, nil
	}
	return "", fmt.Errorf("there is no layer %q with a deploy role of its own: want one of %v", name, Deployed())
}

// needs are the layers whose stacks a layer's program reads.
func (l Layer) needs() []Layer {
	switch l {
	case Datalake:
		return []Layer{Bootstrap}
	case MPP:
		return []Layer{Datalake}
	default:
		return nil
	}
}

// DeployRoleName is the name of the role that deploys the whole chain.
func DeployRoleName(scope naming.Scope) string { return scope.Name("deploy") }

// LayerRoleName is the name of the role that deploys one layer.
func LayerRoleName(scope naming.Scope, layer Layer) string {
	return scope.Name("deploy", string(layer))
}

// PlanRoleName is the name of the role that previews.
func PlanRoleName(scope naming.Scope) string { return scope.Name("plan") }
