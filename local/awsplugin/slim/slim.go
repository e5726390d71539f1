// Package slim makes a copy of the Terraform AWS provider's source that holds only the services Tarn uses.
//
// The whole provider imports some 250 AWS service clients, which costs over half an hour of compile time and most of
// a gigabyte of binary. Two generated files hold all those services together: one lists the service packages, the
// other has a client constructor for each service. Cutting both down to what is wanted lets the compiler leave out
// the rest. In what is kept, only the pauses between the reads that wait for AWS to be consistent become shorter.
package slim

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// modulePath is the module whose source is cut.
	modulePath = "github.com/hashicorp/terraform-provider-aws"
	// entryPackage is the package that makes the provider's constructor importable; all that is kept is reached from it.
	entryPackage = "xpprovider"

	servicesFile = "internal/provider/service_packages_gen.go"
	clientsFile  = "internal/conns/awsclient_gen.go"
)

// Result says what a cut left.
type Result struct {
	Packages int // Go packages kept
	Files    int // files written
	Clients  int // AWS service clients kept
	Waits    int // pauses shortened
}

// Copy writes into target a cut copy of the provider module found in source: the packages reachable from the entry
// package once only the named services are listed, with the waits for AWS shortened. The target folder must not exist
// yet.
func Copy(source, target string, services []string) (Result, error) {
	services = slices.Sorted(slices.Values(services))
	services = slices.Compact(services)

	serviceList, err := cutServices(filepath.Join(source, servicesFile), services)
	if err != nil {
		return Result{}, err
	}
	rewritten := map[string][]byte{servicesFile: serviceList}

	packages, err := reachable(source, entryPackage, rewritten)
	if err != nil {
		return Result{}, err
	}
	used, err := usedClients(source, packages)
	if err != nil {
		return Result{}, err
	}
	clientList, kept, err := cutClients(filepath.Join(source, clientsFile), used)
	if err != nil {
		return Result{}, err
	}
	rewritten[clientsFile] = clientList
	shortened, pauses, err := shortenWaits(source, packages)
	if err != nil {
		return Result{}, err
	}
	maps.Copy(rewritten, shortened)

	result := Result{Packages: len(packages), Clients: kept, Waits: pauses}
	for _, p := range packages {
		for _, file := range p.files {
			if err := copyFile(source, target, file, rewritten); err != nil {
				return Result{}, err
			}
			result.Files++
		}
	}
	// The licence travels with the source, and go.mod makes the copy usable as a replacement of the module.
	for _, file := range []string{"go.mod", "LICENSE"} {
		if err := copyFile(source, target, file, nil); err != nil {
			return Result{}, err
		}
		result.Files++
	}
	return result, nil
}

// copyFile copies one file, named relative to the module root, or writes its rewritten content.
func copyFile(source, target, file string, rewritten map[string][]byte) error {
	content, ok := rewritten[file]
	if !ok {
		var err error
		if content, err = os.ReadFile(filepath.Join(source, file)); err != nil {
			return err
		}
	}
	destination := filepath.Join(target, file)
	if err := os.MkdirAll(filepath.Dir(destination), 0o755); err != nil {
		return err
	}
	return os.WriteFile(destination, content, 0o644) //nolint:gosec // the user names the folder
}

// localImport gives the folder, relative to the module root, of an import path inside the module.
func localImport(importPath string) (string, bool) {
	if importPath == modulePath {
		return ".", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

func missingError(file string, missing []string) error {
	return fmt.Errorf("%s: nothing found for %s", file, strings.Join(missing, ", "))
}
