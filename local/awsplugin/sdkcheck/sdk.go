package sdkcheck

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SDK reads the Go source of the Pulumi AWS SDK, one package at a time, as far as it is asked for.
type SDK struct {
	root     string // the folder of the package `aws`
	packages map[string]*sdkPackage
}

// sdkPackage is what one package of the SDK declares.
type sdkPackage struct {
	structs map[string]*ast.StructType
	// constructors and invokers give, for a token, the function that uses it.
	constructors map[string]*ast.FuncDecl
	invokers     map[string]*ast.FuncDecl
}

// OpenSDK opens the SDK module in a folder.
func OpenSDK(moduleFolder string) (*SDK, error) {
	root := filepath.Join(moduleFolder, "go", "aws")
	if _, err := os.Stat(root); err != nil {
		return nil, fmt.Errorf("no AWS SDK there: %w", err)
	}
	return &SDK{root: root, packages: map[string]*sdkPackage{}}, nil
}

// members are the two sides of a resource or function.
type members struct {
	inputs  Properties
	outputs Properties
}

// resource gives the properties of a resource. ok is false when the SDK has no such token.
func (s *SDK) resource(pulumiToken string) (m members, ok bool, err error) {
	folder := packageFolder(pulumiToken)
	p, err := s.open(folder)
	if err != nil {
		return m, false, err
	}
	constructor, ok := p.constructors[pulumiToken]
	if !ok {
		return m, false, nil
	}
	// func NewBucketV2(ctx, name, args *BucketV2Args, opts...) (*BucketV2, error). The structs that hold plain values
	// are those with a small first letter.
	name := pointedTo(constructor.Type.Results.List[0].Type)
	if m.inputs, err = s.properties(folder, lowerFirst(name)+"Args"); err != nil {
		return m, true, err
	}
	m.outputs, err = s.properties(folder, lowerFirst(name)+"State")
	return m, true, err
}

// function gives the properties of a function. ok is false when the SDK has no such token.
func (s *SDK) function(pulumiToken string) (m members, ok bool, err error) {
	folder := packageFolder(pulumiToken)
	p, err := s.open(folder)
	if err != nil {
		return m, false, err
	}
	invoker, ok := p.invokers[pulumiToken]
	if !ok {
		return m, false, nil
	}
	m.inputs = Properties{}
	for _, parameter := range invoker.Type.Params.List {
		if len(parameter.Names) == 1 && parameter.Names[0].Name == "args" {
			if m.inputs, err = s.properties(folder, pointedTo(parameter.Type)); err != nil {
				return m, true, err
			}
		}
	}
	m.outputs, err = s.properties(folder, pointedTo(invoker.Type.Results.List[0].Type))
	return m, true, err
}

// provider gives the inputs of the explicit provider resource.
func (s *SDK) provider() (Properties, error) {
	return s.properties("", "providerArgs")
}

// properties reads a struct's fields with their pulumi tags.
func (s *SDK) properties(folder, name string) (Properties, error) {
	p, err := s.open(folder)
	if err != nil {
		return nil, err
	}
	declared, ok := p.structs[name]
	if !ok {
		return nil, fmt.Errorf("the SDK package %q has no struct %s", folder, name)
	}
	properties := Properties{}
	for _, field := range declared.Fields.List {
		pulumiName, ok := pulumiTag(field)
		if !ok {
			continue
		}
		shape, optional, err := goShape(folder, field.Type)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", name, pulumiName, err)
		}
		properties[pulumiName] = Property{Shape: shape, Required: !optional}
	}
	return properties, nil
}

// object gives the properties of a type named by a shape of the SDK.
func (s *SDK) object(typeName string) (Properties, error) {
	return s.properties(path.Dir(typeName), path.Base(typeName))
}

// open parses a package of the SDK once.
func (s *SDK) open(folder string) (*sdkPackage, error) {
	folder = path.Clean(folder)
	if p, ok := s.packages[folder]; ok {
		return p, nil
	}
	files, err := filepath.Glob(filepath.Join(s.root, folder, "*.go"))
	if err != nil {
		return nil, err
	}
	p := &sdkPackage{
		structs:      map[string]*ast.StructType{},
		constructors: map[string]*ast.FuncDecl{},
		invokers:     map[string]*ast.FuncDecl{},
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.add(parsed)
	}
	s.packages[folder] = p
	return p, nil
}

func (p *sdkPackage) add(file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if declared, ok := spec.(*ast.TypeSpec); ok {
					if fields, ok := declared.Type.(*ast.StructType); ok {
						p.structs[declared.Name.Name] = fields
					}
				}
			}
		case *ast.FuncDecl:
			if d.Recv == nil && d.Body != nil {
				p.addFunction(d)
			}
		}
	}
}

// addFunction notes a function that registers a resource or calls a function of the provider under a token.
func (p *sdkPackage) addFunction(f *ast.FuncDecl) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		literal, ok := call.Args[0].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		pulumiToken, err := strconv.Unquote(literal.Value)
		if err != nil {
			return true
		}
		switch method.Sel.Name {
		case "RegisterResource":
			p.constructors[pulumiToken] = f
		case "Invoke":
			p.invokers[pulumiToken] = f
		}
		return true
	})
}

// goShape reads the Go type of a field. A pointer says that the field may be left out, and so do the types that have
// a nil of their own.
func goShape(folder string, e ast.Expr) (shape Shape, optional bool, err error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		shape, _, err = goShape(folder, e.X)
		return shape, true, err
	case *ast.ArrayType:
		element, _, err := goShape(folder, e.Elt)
		return Shape{Kind: List, Elem: &element}, true, err
	case *ast.MapType:
		element, _, err := goShape(folder, e.Value)
		return Shape{Kind: Map, Elem: &element}, true, err
	case *ast.InterfaceType:
		return Shape{Kind: Any}, true, nil
	case *ast.SelectorExpr:
		return importedShape(e)
	case *ast.Ident:
		if kind, ok := goKinds[e.Name]; ok {
			return Shape{Kind: kind}, false, nil
		}
		return Shape{Kind: Object, Type: path.Join(folder, e.Name)}, false, nil
	default:
		return Shape{}, false, fmt.Errorf("the Go type %T is not known here", e)
	}
}

var goKinds = map[string]Kind{"string": String, "bool": Boolean, "int": Integer, "float64": Number}

// importedShape reads a type of another package: Pulumi's own, or another package of the SDK, which is imported under
// the name of its folder.
func importedShape(e *ast.SelectorExpr) (Shape, bool, error) {
	imported, ok := e.X.(*ast.Ident)
	if !ok {
		return Shape{}, false, fmt.Errorf("the Go type %T.%s is not known here", e.X, e.Sel.Name)
	}
	if imported.Name != "pulumi" {
		return Shape{Kind: Object, Type: path.Join(imported.Name, e.Sel.Name)}, false, nil
	}
	switch e.Sel.Name {
	case "AssetOrArchive", "Asset", "Archive":
		return Shape{Kind: Asset}, true, nil
	default:
		return Shape{}, false, fmt.Errorf("the Go type pulumi.%s is not known here", e.Sel.Name)
	}
}

func pulumiTag(field *ast.Field) (string, bool) {
	if field.Tag == nil {
		return "", false
	}
	tag, err := strconv.Unquote(field.Tag.Value)
	if err != nil {
		return "", false
	}
	return reflect.StructTag(tag).Lookup("pulumi")
}

// pointedTo gives the name T of a type *T.
func pointedTo(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		if name, ok := star.X.(*ast.Ident); ok {
			return name.Name
		}
	}
	return ""
}

// packageFolder finds the package of a token: "aws:s3/bucketV2:BucketV2" is in "s3", the module "index" in the root.
func packageFolder(pulumiToken string) string {
	parts := strings.Split(pulumiToken, ":")
	if len(parts) != 3 {
		return ""
	}
	module, _, _ := strings.Cut(parts[1], "/")
	if module == "index" {
		return ""
	}
	return module
}

func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}
