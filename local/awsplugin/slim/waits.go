package slim

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// AWS is only eventually consistent, so after a change the provider reads until several answers in a row are equal,
// and sleeps in between. The emulator always gives the last state. The reads stay, and so do their number and the time
// after which the provider gives up; only the sleep between two reads becomes short.

// shortPause is what the pauses below become: no shorter than the provider's retry helper sleeps without being asked to.
const shortPause = "100 * time.Millisecond"

// wait is one pause of the provider.
type wait struct {
	file     string // relative to the module root
	function string // the function that has the pause
	name     string // the field of a composite literal, or the local constant, that holds it
	upstream string // its value in the provider, so that another value is noticed instead of overwritten
}

// waits are the pauses that the resources of Tarn meet. Those in IAM, Glue, Athena and the log groups meet none: the
// provider reads them once and is content.
var waits = []wait{
	{"internal/service/s3/bucket_lifecycle_configuration.go", "waitLifecycleRulesEquals", "MinTimeout", "10 * time.Second"},
	{
		"internal/service/s3/bucket_lifecycle_configuration.go", "resourceBucketLifecycleConfigurationRead",
		"lifecycleConfigurationExtraRetryDelay", "5 * time.Second",
	},
	{"internal/service/s3/bucket_versioning.go", "waitForBucketVersioningStatus", "Delay", "1 * time.Second"},

	{"internal/service/kms/key.go", "waitKeyDescriptionPropagated", "MinTimeout", "2 * time.Second"},
	{"internal/service/kms/key.go", "waitKeyPolicyPropagated", "MinTimeout", "1 * time.Second"},
	{"internal/service/kms/key.go", "waitKeyRotationEnabledPropagated", "MinTimeout", "1 * time.Second"},
	{"internal/service/kms/key.go", "waitKeyStatePropagated", "MinTimeout", "2 * time.Second"},
	{"internal/service/kms/tags_gen.go", "waitTagsPropagated", "MinTimeout", "1 * time.Second"},

	{"internal/service/sqs/queue.go", "waitQueueAttributesPropagated", "MinTimeout", "5 * time.Second"},
	{"internal/service/sqs/queue.go", "waitQueueDeleted", "MinTimeout", "3 * time.Second"},

	{"internal/service/dynamodb/wait.go", "waitSSEUpdated", "Delay", "30 * time.Second"},
	{"internal/service/dynamodb/tags_gen.go", "waitTagsPropagated", "MinTimeout", "1 * time.Second"},
}

// shortenWaits gives the files of the kept packages that have one of the pauses, with the pause shortened, and counts
// the pauses. Those of a package that was cut are passed over; one that should be there and is not is an error.
func shortenWaits(root string, packages []sourcePackage) (map[string][]byte, int, error) {
	folders := map[string]bool{}
	for _, p := range packages {
		for _, file := range p.files {
			folders[path.Dir(file)] = true
		}
	}
	shortened := map[string][]byte{}
	count := 0
	for _, w := range waits {
		if !folders[path.Dir(w.file)] {
			continue
		}
		content, ok := shortened[w.file]
		if !ok {
			var err error
			if content, err = os.ReadFile(filepath.Join(root, w.file)); err != nil {
				return nil, 0, fmt.Errorf("shortening the pause of %s: %w", w.function, err)
			}
		}
		content, err := w.shorten(content)
		if err != nil {
			return nil, 0, err
		}
		shortened[w.file] = content
		count++
	}
	return shortened, count, nil
}

// shorten replaces the pause in the text of its file. Everything else stays as it is, to the byte, because comments
// may be directives.
func (w wait) shorten(content []byte) ([]byte, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, w.file, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	found := w.find(parsed)
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: %s has %d pauses named %s where the provider this was written for has one; see slim/waits.go",
			w.file, w.function, len(found), w.name)
	}
	text := files.File(parsed.FileStart)
	start, end := text.Offset(found[0].Pos()), text.Offset(found[0].End())
	if upstream := string(content[start:end]); upstream != w.upstream {
		return nil, fmt.Errorf("%s: %s of %s is %s where the provider this was written for has %s; see slim/waits.go",
			w.file, w.name, w.function, upstream, w.upstream)
	}
	// The old value stays readable for whoever looks into the copy.
	pause := fmt.Sprintf("%s /* upstream: %s */", shortPause, w.upstream)
	return slices.Concat(content[:start], []byte(pause), content[end:]), nil
}

// find gives the expressions that set the pause.
func (w wait) find(parsed *ast.File) []ast.Expr {
	var found []ast.Expr
	for _, d := range parsed.Decls {
		function, ok := d.(*ast.FuncDecl)
		if !ok || function.Name.Name != w.function {
			continue
		}
		ast.Inspect(function, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == w.name {
					found = append(found, n.Value)
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if name.Name == w.name && i < len(n.Values) {
						found = append(found, n.Values[i])
					}
				}
			}
			return true
		})
	}
	return found
}
