package pipeline

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// UploadType is the type token of Upload.
const UploadType = "tarn:pipeline:Upload"

// MaxUploadFiles limits a folder that is uploaded as resources: each file costs an entry of the state.
const MaxUploadFiles = 200

// checksum is how S3 sees that what arrives is what was sent. A zone with Object Lock takes no upload without.
const checksum = "SHA256"

// UploadArgs configures an Upload.
type UploadArgs struct {
	// Required: the local folder.
	Folder string
	// Required: the bucket; a file's key is its path below the folder.
	Bucket pulumi.StringOutput
	// Required: the KMS key it is encrypted with.
	KeyARN pulumi.StringOutput
}

// Upload is a local folder in a bucket.
type Upload struct {
	pulumi.ResourceState

	Files int
}

// NewUpload uploads every file below a folder, except hidden ones.
func NewUpload(ctx *pulumi.Context, name string, args *UploadArgs, opts ...pulumi.ResourceOption) (*Upload, error) {
	if args == nil {
		return nil, fmt.Errorf("%s %s: args are required", UploadType, name)
	}
	files, err := listFiles(args.Folder)
	if err != nil {
		return nil, err
	}
	u := &Upload{Files: len(files)}
	if err := ctx.RegisterComponentResource(UploadType, name, u, opts...); err != nil {
		return nil, err
	}
	for _, file := range files {
		_, err := s3.NewBucketObjectv2(ctx, name+"-"+strings.ReplaceAll(file, "/", "-"), &s3.BucketObjectv2Args{
			Bucket:            args.Bucket,
			Key:               pulumi.String(file),
			Source:            pulumi.NewFileAsset(filepath.Join(args.Folder, filepath.FromSlash(file))),
			KmsKeyId:          args.KeyARN,
			ChecksumAlgorithm: pulumi.String(checksum),
		}, pulumi.Parent(u))
		if err != nil {
			return nil, fmt.Errorf("uploading %s: %w", file, err)
		}
	}
	return u, ctx.RegisterResourceOutputs(u, pulumi.Map{"files": pulumi.Int(u.Files)})
}

// listFiles gives the files below a folder in name order, with forward slashes.
func listFiles(folder string) ([]string, error) {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, fmt.Errorf("folder to upload: %w", err)
	}
	var files []string
	err = fs.WalkDir(os.DirFS(root), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if hidden := strings.HasPrefix(entry.Name(), ".") && file != "."; hidden {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.IsDir() {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("folder to upload: %w", err)
	}
	if len(files) > MaxUploadFiles {
		return nil, fmt.Errorf("folder %s has %d files, more than %d: copy it to the raw zone with the AWS command line instead",
			folder, len(files), MaxUploadFiles)
	}
	return files, nil
}
