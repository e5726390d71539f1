package slim

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// sourcePackage is one Go package of the module: its files relative to the module root, without tests.
type sourcePackage struct {
	files []string
}

// reachable walks the imports from one package of the module and returns every package met. Where a file has been
// rewritten, the imports of the rewritten text count.
func reachable(root, entry string, rewritten map[string][]byte) ([]sourcePackage, error) {
	var found []sourcePackage
	seen := map[string]bool{entry: true}
	for queue := []string{entry}; len(queue) > 0; queue = queue[1:] {
		folder := queue[0]
		// Only files that this platform would compile are wanted, so that go/build decides, not the file's name alone.
		info, err := build.Default.ImportDir(filepath.Join(root, folder), 0)
		if err != nil {
			return nil, fmt.Errorf("package %s: %w", folder, err)
		}
		var p sourcePackage
		for _, name := range info.GoFiles {
			file := path.Join(folder, name)
			p.files = append(p.files, file)
			imports, err := importsOf(root, file, rewritten[file])
			if err != nil {
				return nil, err
			}
			for _, next := range imports {
				if !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
		embedded, err := embeddedFiles(root, folder, info.EmbedPatterns)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, embedded...)
		found = append(found, p)
	}
	return found, nil
}

// importsOf gives the folders of the module that a file imports.
func importsOf(root, file string, rewritten []byte) ([]string, error) {
	var source any // the parser reads the file itself when it is given nil
	if rewritten != nil {
		source = rewritten
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, spec := range parsed.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if folder, ok := localImport(importPath); ok {
			folders = append(folders, folder)
		}
	}
	return folders, nil
}

// embeddedFiles gives the files a package embeds, relative to the module root.
func embeddedFiles(root, folder string, patterns []string) ([]string, error) {
	var files []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(filepath.Join(root, folder, pattern))
		if err != nil {
			return nil, err
		}
		for _, match := range matches {
			relative, err := filepath.Rel(root, match)
			if err != nil {
				return nil, err
			}
			files = append(files, filepath.ToSlash(relative))
		}
	}
	return files, nil
}

// usedClients collects the names of all `….SomethingClient` selectors in the packages. A name too many only keeps a
// client that could have gone; a name too few would not compile.
func usedClients(root string, packages []sourcePackage) (map[string]bool, error) {
	used := map[string]bool{}
	for _, p := range packages {
		for _, file := range p.files {
			if !strings.HasSuffix(file, ".go") || file == clientsFile {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if selector, ok := n.(*ast.SelectorExpr); ok && strings.HasSuffix(selector.Sel.Name, "Client") {
					used[selector.Sel.Name] = true
				}
				return true
			})
		}
	}
	return used, nil
}
