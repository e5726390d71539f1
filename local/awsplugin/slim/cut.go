package slim

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
)

// cutServices rewrites the generated list of service packages so that it names only the given services.
func cutServices(file string, services []string) ([]byte, error) {
	files, parsed, err := parse(file)
	if err != nil {
		return nil, err
	}
	var kept []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		list, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		list.Elts = slices.DeleteFunc(list.Elts, func(element ast.Expr) bool {
			service, ok := constructedService(element)
			if !ok {
				return false
			}
			if slices.Contains(services, service) {
				kept = append(kept, service)
				return false
			}
			return true
		})
		return false
	})
	var missing []string
	for _, service := range services {
		if !slices.Contains(kept, service) {
			missing = append(missing, service)
		}
	}
	if len(missing) > 0 {
		return nil, missingError(file, missing)
	}
	return printed(files, parsed)
}

// constructedService reads `s3.ServicePackage(ctx)` as "s3".
func constructedService(e ast.Expr) (string, bool) {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "ServicePackage" {
		return "", false
	}
	name, ok := selector.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	return name.Name, true
}

// cutClients rewrites the generated client constructors so that only the used ones stay, and counts those.
func cutClients(file string, used map[string]bool) ([]byte, int, error) {
	files, parsed, err := parse(file)
	if err != nil {
		return nil, 0, err
	}
	kept := 0
	parsed.Decls = slices.DeleteFunc(parsed.Decls, func(d ast.Decl) bool {
		method, ok := d.(*ast.FuncDecl)
		if !ok || method.Recv == nil {
			return false
		}
		if used[method.Name.Name] {
			kept++
			return false
		}
		return true
	})
	if kept == 0 {
		return nil, 0, missingError(file, []string{"any client in use"})
	}
	content, err := printed(files, parsed)
	return content, kept, err
}

func parse(file string) (*token.FileSet, *ast.File, error) {
	files := token.NewFileSet()
	// Comments are left out: those of a removed declaration would otherwise stay behind in an odd place.
	parsed, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
	return files, parsed, err
}

// printed drops the imports that nothing in the file refers to any more and prints the file.
func printed(files *token.FileSet, parsed *ast.File) ([]byte, error) {
	referred := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok {
				referred[name.Name] = true
			}
		}
		return true
	})
	for _, d := range parsed.Decls {
		imports, ok := d.(*ast.GenDecl)
		if !ok || imports.Tok != token.IMPORT {
			continue
		}
		imports.Specs = slices.DeleteFunc(imports.Specs, func(s ast.Spec) bool {
			return !referred[importedName(s.(*ast.ImportSpec))]
		})
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "// Cut from %s: only what the kept services need.\n\n", filepath.Base(files.Position(parsed.Pos()).Filename))
	if err := format.Node(&out, files, parsed); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// importedName is the name a file uses for an import. Both generated files import packages whose name is the last
// part of their path.
func importedName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	importPath, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return path.Base(importPath)
}
