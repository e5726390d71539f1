package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// CodeType is the type token of Code.
const CodeType = "tarn:pipeline:Code"

// scripts are the files of the jobs folder by the kind of job that runs them. Tests and caches stay behind.
var scripts = map[string]string{
	dataset.RawToStaged: "raw_to_staged.py", dataset.QualityGate: "quality_gate.py", dataset.StagedToAnalytics: "staged_to_analytics.py",
	dataset.TableMaintenance: "table_maintenance.py",
}

// checksum is how S3 sees that what arrives is what was sent. A zone with Object Lock takes no upload without.
const checksum = "SHA256"

// library is the package that the scripts share.
const library = "tarn_jobs"

// CodeArgs configures Code.
type CodeArgs struct {
	// Required: folder with the job scripts and their library.
	Folder string
	// Required: the kinds of job to upload the scripts of.
	Kinds []string
	// Optional: files of the users' own jobs, relative to the project's folder.
	Files []string
	// Required with files: the project's folder.
	Project string
	// Required: the artifacts bucket.
	Bucket pulumi.StringOutput
	// Required: the KMS key it is encrypted with.
	KeyARN pulumi.StringOutput
}

// Code is the uploaded code. The key of every object has a hash of its content in it, that of the scripts and their
// library one of all of them, so a running job never sees another version than the one it started with.
type Code struct {
	pulumi.ResourceState

	Scripts map[string]pulumi.StringOutput // s3:// URIs by kind of job
	Files   map[string]pulumi.StringOutput // s3:// URIs of the users' own files by their path
	Library pulumi.StringOutput            `pulumi:"library"` // s3:// URI of a zip file
}

// NewCode uploads the code.
func NewCode(ctx *pulumi.Context, name string, args *CodeArgs, opts ...pulumi.ResourceOption) (*Code, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", CodeType, name)
	}
	modules, hash, err := args.scan()
	keys, problems := args.keys()
	if err := errors.Join(err, problems); err != nil {
		return nil, err
	}
	c := &Code{Scripts: map[string]pulumi.StringOutput{}, Files: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource(CodeType, name, c, opts...); err != nil {
		return nil, err
	}
	upload := func(part, key string, source pulumi.AssetOrArchiveInput) (pulumi.StringOutput, error) {
		object, err := s3.NewBucketObjectv2(ctx, name+"-"+part, &s3.BucketObjectv2Args{
			Bucket: args.Bucket,
			Key:    pulumi.String(key),
			Source: source,
			// Named, because the lake may refuse uploads that do not say their key.
			KmsKeyId:          args.KeyARN,
			ChecksumAlgorithm: pulumi.String(checksum),
		}, pulumi.Parent(c))
		if err != nil {
			return pulumi.StringOutput{}, err
		}
		return pulumi.Sprintf("s3://%s/%s", args.Bucket, object.Key), nil
	}
	outputs := pulumi.Map{}
	for _, kind := range args.Kinds {
		file := scripts[kind]
		part := strings.TrimSuffix(file, path.Ext(file))
		c.Scripts[kind], err = upload(part, codeKey(hash, file), pulumi.NewFileAsset(filepath.Join(args.Folder, file)))
		if err != nil {
			return nil, err
		}
		outputs[kind] = c.Scripts[kind]
	}
	zip := map[string]any{}
	for _, module := range modules {
		zip[module] = pulumi.NewFileAsset(filepath.Join(args.Folder, filepath.FromSlash(module)))
	}
	if c.Library, err = upload(library, codeKey(hash, library+".zip"), pulumi.NewAssetArchive(zip)); err != nil {
		return nil, err
	}
	uploaded := map[string]pulumi.StringOutput{}
	for _, file := range slices.Sorted(maps.Keys(keys)) {
		key := keys[file]
		if _, known := uploaded[key]; !known { // the same file may lie in two folders
			part := strings.ReplaceAll(strings.TrimPrefix(key, "code/"), "/", "-")
			source := pulumi.NewFileAsset(filepath.Join(args.Project, filepath.FromSlash(file)))
			if uploaded[key], err = upload(part, key, source); err != nil {
				return nil, err
			}
		}
		c.Files[file] = uploaded[key]
	}
	outputs["library"] = c.Library
	return c, ctx.RegisterResourceOutputs(c, outputs)
}

// Validate refuses files that are not there. It needs no resource, so that a program can ask before it makes the first one.
func (a *CodeArgs) Validate() error {
	_, _, err := a.scan()
	_, problems := a.keys()
	return errors.Join(err, problems)
}

// scan gives the library's modules and one hash over the scripts and the library.
func (a *CodeArgs) scan() (modules []string, hash string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("job scripts in %s: %w", a.Folder, err)
		}
	}()
	content := map[string][]byte{}
	for _, kind := range a.Kinds {
		file := scripts[kind]
		if content[file], err = os.ReadFile(filepath.Join(a.Folder, file)); err != nil {
			return nil, "", err
		}
	}
	files := os.DirFS(a.Folder)
	err = fs.WalkDir(files, library, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".py" {
			return err
		}
		modules = append(modules, file)
		content[file], err = fs.ReadFile(files, file)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	sum := sha256.New()
	for _, file := range slices.Sorted(maps.Keys(content)) {
		fmt.Fprintf(sum, "%s %d\n", file, len(content[file]))
		sum.Write(content[file])
	}
	return modules, shortHash(sum.Sum(nil)), nil
}

// keys gives the object keys of the users' own files. The names stay: a wheel's tells what is in it.
func (a *CodeArgs) keys() (map[string]string, error) {
	var problems []error
	keys := map[string]string{}
	for _, file := range a.Files {
		content, err := os.ReadFile(filepath.Join(a.Project, filepath.FromSlash(file)))
		if err != nil {
			problems = append(problems, fmt.Errorf("file of a job: %w", err))
			continue
		}
		sum := sha256.Sum256(content)
		keys[file] = codeKey(shortHash(sum[:]), path.Base(file))
	}
	return keys, errors.Join(problems...)
}

func codeKey(hash, file string) string { return "code/" + hash + "/" + file }

// shortHash is long enough to tell versions apart and short enough to read.
func shortHash(sum []byte) string {
	return hex.EncodeToString(sum)[:16]
}
