package driver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/s3client"
	"github.com/tarn-data/tarn/pkg/state"
)

// ErrData is returned before anything is deleted when a bucket holds data and one of the two keys to delete
// it is missing: the setting deleteDataOnDestroy of the deployed stack, and the flag --delete-data.
var ErrData = errors.New("there is data")

// Contents is what a bucket holds that Pulumi has not put there.
type Contents struct {
	Project       string `json:"project"`
	Bucket        string `json:"bucket"`
	Objects       int    `json:"objects"`
	OldVersions   int    `json:"oldVersions"`   // overwritten, or behind a delete marker
	DeleteMarkers int    `json:"deleteMarkers"` // what a deletion leaves in a bucket with versions
}

func (c Contents) String() string {
	return fmt.Sprintf("%s: %d objects, %d old versions, %d delete markers", c.Bucket, c.Objects, c.OldVersions, c.DeleteMarkers)
}

func (c Contents) empty() bool { return c.Objects+c.OldVersions+c.DeleteMarkers == 0 }

// dataBucket is a bucket that a destroy would delete, as the state has it.
type dataBucket struct {
	project, name, region string
	emptied               bool // its setting says that Pulumi deletes what is in it first
}

const (
	bucketType = "aws:s3/bucketV2:BucketV2"
	objectType = "aws:s3/bucketObjectv2:BucketObjectv2"
)

// dataBuckets gives the buckets among a project's resources. Those of the bootstrap project hold no data;
// deletable has a rule of their own for them.
func dataBuckets(project string, resources []state.Resource) []dataBucket {
	if project == contract.ProjectBootstrap {
		return nil
	}
	var found []dataBucket
	for _, resource := range resources {
		if resource.Type != bucketType {
			continue
		}
		name, _ := resource.Outputs["bucket"].(string)
		if name == "" {
			name = resource.ID
		}
		region, _ := resource.Outputs["region"].(string)
		found = append(found, dataBucket{
			project: project, name: name, region: region, emptied: resource.Outputs["forceDestroy"] == true,
		})
	}
	return found
}

// objectName is a bucket and a key.
type objectName struct{ bucket, key string }

// managedObjects gives the objects that Pulumi has uploaded, and deletes with all their versions.
func managedObjects(resources []state.Resource) []objectName {
	var found []objectName
	for _, resource := range resources {
		bucket, _ := resource.Outputs["bucket"].(string)
		key, _ := resource.Outputs["key"].(string)
		if resource.Type == objectType && bucket != "" && key != "" {
			found = append(found, objectName{bucket, key})
		}
	}
	return found
}

// countPause is after how many versions of a bucket its count is reported.
const countPause = 100_000

// count counts what is in a bucket besides the managed objects. A bucket that is gone is empty.
func count(
	ctx context.Context, client s3.ListObjectVersionsAPIClient, from dataBucket, managed map[objectName]bool, report func(soFar Contents),
) (Contents, error) {
	found, seen := Contents{Project: from.project, Bucket: from.name}, 0
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &from.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var coded smithy.APIError
		if errors.As(err, &coded) && coded.ErrorCode() == "NoSuchBucket" {
			return Contents{Project: from.project, Bucket: from.name}, nil
		}
		if err != nil {
			return found, fmt.Errorf("%s: counting what is in bucket %s: %w", from.project, from.name, err)
		}
		for _, version := range page.Versions {
			switch {
			case managed[objectName{from.name, aws.ToString(version.Key)}]:
			case aws.ToBool(version.IsLatest):
				found.Objects++
			default:
				found.OldVersions++
			}
		}
		for _, marker := range page.DeleteMarkers {
			if !managed[objectName{from.name, aws.ToString(marker.Key)}] {
				found.DeleteMarkers++
			}
		}
		before := seen / countPause
		if seen += len(page.Versions) + len(page.DeleteMarkers); seen/countPause > before {
			report(found)
		}
	}
	return found, nil
}

// clientOf gives what asks S3 about the buckets of a region.
type clientOf func(ctx context.Context, region string) (s3.ListObjectVersionsAPIClient, error)

func bucketClient(ctx context.Context, region string) (s3.ListObjectVersionsAPIClient, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, err
	}
	return s3client.New(loaded), nil
}

// contents counts what is in the buckets. Those that are empty are left out.
func (d *Driver) contents(ctx context.Context, buckets []dataBucket, managed []objectName) ([]Contents, error) {
	isManaged := map[objectName]bool{}
	for _, name := range managed {
		isManaged[name] = true
	}
	var all []Contents
	for _, bucket := range buckets {
		region := bucket.region
		if region == "" {
			region = d.environment.Region
		}
		client, err := d.buckets(ctx, region)
		if err != nil {
			return nil, err
		}
		found, err := count(ctx, client, bucket, isManaged, func(soFar Contents) {
			d.observer.Line(bucket.project, "counting "+soFar.String()+" so far")
		})
		if err != nil {
			return nil, err
		}
		if !found.empty() {
			all = append(all, found)
		}
	}
	return all, nil
}

// bothKeys refuses to delete data unless the deployed setting and the flag both say so. The setting alone
// would do for Pulumi: an environment whose settings were copied from a throw-away one would lose its data
// to one command, and a flag alone is in the shell's history.
func (d *Driver) bothKeys(buckets []dataBucket, found []Contents) error {
	if len(found) == 0 {
		return nil
	}
	kept := map[string]bool{}
	for _, bucket := range buckets {
		if !bucket.emptied {
			kept[bucket.name] = true
		}
	}
	var missing []string // projects whose setting is missing
	lines := []string{}
	for _, contents := range found {
		lines = append(lines, "  "+contents.String())
		if kept[contents.Bucket] && !slices.Contains(missing, contents.Project) {
			missing = append(missing, contents.Project)
		}
	}
	if len(missing) == 0 && d.DeleteData {
		return nil
	}
	var todo []string
	for _, project := range missing {
		todo = append(todo, fmt.Sprintf("set %s:settings.deleteDataOnDestroy to true and deploy it once: tarn up --env %s",
			project, d.environment.Name))
	}
	if d.DeleteData {
		todo = append(todo, "then the same command again: "+d.destroyCommand())
	} else {
		todo = append(todo, "say so on the command line, too: "+d.destroyCommand())
	}
	return fmt.Errorf("%w in %d buckets, and deleting it takes two keys:\n%s\nTo delete it for good, with every version:\n  - %s",
		ErrData, len(found), strings.Join(lines, "\n"), strings.Join(todo, "\n  - "))
}

// destroyCommand is the command line that deletes the data, too.
func (d *Driver) destroyCommand() string {
	command := "tarn destroy --env " + d.environment.Name + " --delete-data"
	if len(d.projects) < len(Projects("")) {
		for _, project := range d.projects {
			command += " --project " + project.Name
		}
	}
	return command
}
