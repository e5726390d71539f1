// Package driver deploys an environment: the projects in the order they depend on each other, each
// as an Automation API program inside this process, so that nothing has to be compiled on the way.
//
// The programs are the same functions that `pulumi up` runs in a project folder, with the same
// Pulumi.yaml and stack files.
package driver

import (
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/program/bootstrap"
	"github.com/tarn-data/tarn/pkg/program/datalake"
	"github.com/tarn-data/tarn/pkg/program/mpp"
)

// Project is one Pulumi project.
type Project struct {
	Name    string
	Folder  string // with its Pulumi.yaml and stack files
	Program pulumi.RunFunc
	Needs   []string // projects whose outputs it reads
}

// Projects gives the projects of the platform, each after those it needs. The root is the folder
// that holds the project folders.
func Projects(root string) []Project {
	folder := func(name string) string { return filepath.Join(root, name) }
	return []Project{
		{
			Name: contract.ProjectBootstrap, Folder: folder(contract.ProjectBootstrap),
			Program: bootstrap.Deploy,
		},
		{
			Name: contract.ProjectDatalake, Folder: folder(contract.ProjectDatalake),
			Program: datalake.Deploy(folder(contract.ProjectDatalake)), Needs: []string{contract.ProjectBootstrap},
		},
		{
			Name: contract.ProjectMPP, Folder: folder(contract.ProjectMPP),
			Program: mpp.Deploy(folder(contract.ProjectMPP)), Needs: []string{contract.ProjectDatalake},
		},
	}
}

// reversed gives the order of a destroy: nothing goes before what needs it.
func reversed(projects []Project) []Project {
	out := slices.Clone(projects)
	slices.Reverse(out)
	return out
}
