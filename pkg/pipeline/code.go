package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
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
)

// CodeType is the type token of Code.
const CodeType = "tarn:pipeline:Code"

// Files of the jobs folder that are deployed. Tests and caches stay behind.
const (
	rawToStagedScript       = "raw_to_staged.py"
	stagedToAnalyticsScript = "staged_to_analytics.py"
	library                 = "tarn_jobs"
)

// checksum is how S3 sees that what arrives is what was sent. A zone with Object Lock takes no upload without.
const checksum = "SHA256"

// CodeArgs configures Code.
type CodeArgs struct {
	// Required: folder with the job scripts and their library.
	Folder string
	// Required: the artifacts bucket.
	Bucket pulumi.StringOutput
	// Required: the KMS key it is encrypted with.
	KeyARN pulumi.StringOutput
}

// Code is the uploaded job scripts. Every object's key has the hash of all of them in it, so a
// running job never sees another version than the one it started with.
type Code struct {
	pulumi.ResourceState

	RawToStaged       pulumi.StringOutput `pulumi:"rawToStaged"`       // s3:// URI
	StagedToAnalytics pulumi.StringOutput `pulumi:"stagedToAnalytics"` // s3:// URI
	Library           pulumi.StringOutput `pulumi:"library"`           // s3:// URI of a zip file
}

// NewCode uploads the job scripts.
func NewCode(ctx *pulumi.Context, name string, args *CodeArgs, opts ...pulumi.ResourceOption) (*Code, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", CodeType, name)
	}
	modules, hash, err := scan(args.Folder)
	if err != nil {
		return nil, fmt.Errorf("job scripts in %s: %w", args.Folder, err)
	}
	c := &Code{}
	if err := ctx.RegisterComponentResource(CodeType, name, c, opts...); err != nil {
		return nil, err
	}
	upload := func(file string, source pulumi.AssetOrArchiveInput) (pulumi.StringOutput, error) {
		object, err := s3.NewBucketObjectv2(ctx, name+"-"+strings.TrimSuffix(file, path.Ext(file)), &s3.BucketObjectv2Args{
			Bucket: args.Bucket,
			Key:    pulumi.String("code/" + hash + "/" + file),
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
	if c.RawToStaged, err = upload(rawToStagedScript,
		pulumi.NewFileAsset(filepath.Join(args.Folder, rawToStagedScript))); err != nil {
		return nil, err
	}
	if c.StagedToAnalytics, err = upload(stagedToAnalyticsScript,
		pulumi.NewFileAsset(filepath.Join(args.Folder, stagedToAnalyticsScript))); err != nil {
		return nil, err
	}
	zip := map[string]any{}
	for _, module := range modules {
		zip[module] = pulumi.NewFileAsset(filepath.Join(args.Folder, filepath.FromSlash(module)))
	}
	if c.Library, err = upload(library+".zip", pulumi.NewAssetArchive(zip)); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"rawToStaged": c.RawToStaged, "stagedToAnalytics": c.StagedToAnalytics, "library": c.Library,
	})
}

// scan gives the library's modules and one hash over everything that is deployed.
func scan(folder string) (modules []string, hash string, err error) {
	content := map[string][]byte{}
	for _, script := range []string{rawToStagedScript, stagedToAnalyticsScript} {
		if content[script], err = os.ReadFile(filepath.Join(folder, script)); err != nil {
			return nil, "", err
		}
	}
	files := os.DirFS(folder)
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

// shortHash is long enough to tell versions apart and short enough to read.
func shortHash(sum []byte) string {
	return hex.EncodeToString(sum)[:16]
}
