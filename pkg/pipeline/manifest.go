package pipeline

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// manifest uploads what the jobs have to do, under the hash of its content.
func (p *Pipeline) manifest(ctx *pulumi.Context, name string) (*s3.BucketObjectv2, error) {
	content, err := p.args.Pipeline.Manifest()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	hash := shortHash(sum[:])
	file, err := manifestFile(hash, content)
	if err != nil {
		return nil, fmt.Errorf("the manifest of pipeline %s: %w", p.args.Pipeline.Name, err)
	}
	return s3.NewBucketObjectv2(ctx, name+"-manifest", &s3.BucketObjectv2Args{
		Bucket:            p.lake.ArtifactsBucket,
		Key:               pulumi.String("manifests/" + p.args.Pipeline.Name + "/" + hash + ".json"),
		Source:            pulumi.NewFileAsset(file),
		ContentType:       pulumi.String("application/json"),
		KmsKeyId:          p.lake.KeyARN,
		ChecksumAlgorithm: pulumi.String(checksum),
	}, pulumi.Parent(p))
}

// manifestFile keeps the text of a manifest in the user's cache folder: of a file Pulumi's state has the hash alone, of a
// text all of it, in every version of the state.
func manifestFile(hash string, content []byte) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("it is kept in the cache folder; set XDG_CACHE_HOME or HOME: %w", err)
	}
	folder := filepath.Join(cache, "tarn", "manifests")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(folder, hash+".json")
	// Renamed into place, so that another deployment never reads half of it.
	part, err := os.CreateTemp(folder, hash)
	if err != nil {
		return "", err
	}
	defer os.Remove(part.Name()) //nolint:errcheck // it has its new name by then
	_, err = part.Write(content)
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", err
	}
	return file, os.Rename(part.Name(), file)
}
