// Package state reads and mends what Pulumi's own backends keep: the state file of each stack, its
// locks and, in a bucket, its versions.
//
// A backend is a folder (file://) or a bucket (s3://); both have the same layout below .pulumi.
package state

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ErrNotFound is returned for an object, and for a bucket, that is not there.
var ErrNotFound = errors.New("not found")

// Object is a file of the backend.
type Object struct {
	Key      string // below the backend, for example ".pulumi/stacks/bootstrap/dev.json"
	Modified time.Time
}

// Store is the little of a backend that is needed here.
type Store interface {
	// Exists tells whether the bucket or the folder itself is there.
	Exists(ctx context.Context) (bool, error)
	// List gives the objects below a prefix, in the order of their keys.
	List(ctx context.Context, prefix string) ([]Object, error)
	// Read gives an object's content, or ErrNotFound.
	Read(ctx context.Context, key string) ([]byte, error)
	// Delete removes an object. One that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Open gives the store of a backend URL as Pulumi understands it. For a bucket only the region, the
// endpoint and the path style of the URL are used; credentials come from the environment.
func Open(ctx context.Context, backend string) (Store, error) {
	parsed, err := url.Parse(backend)
	if err != nil {
		return nil, fmt.Errorf("state backend %q: %w", backend, err)
	}
	switch {
	case parsed.Scheme == "file" && parsed.Host == "" && parsed.Path != "":
		return Folder(parsed.Path), nil
	case parsed.Scheme == "s3" && parsed.Host != "" && strings.Trim(parsed.Path, "/") == "":
		return openBucket(ctx, parsed)
	default:
		// What Pulumi also takes, such as file://~ or a folder of a bucket, must not be read as another place.
		return nil, fmt.Errorf("state backend %q: want file:///FOLDER or s3://BUCKET", backend)
	}
}

// StackKey is the key of a stack's state file.
func StackKey(project, environment string) string {
	return stacks + project + "/" + environment + ".json"
}

// stacks is the prefix of all state files.
const stacks = ".pulumi/stacks/"

// Stacks gives the projects that have a state file for an environment.
func Stacks(ctx context.Context, store Store, environment string) ([]string, error) {
	objects, err := store.List(ctx, stacks)
	if err != nil {
		return nil, err
	}
	var projects []string
	for _, object := range objects {
		project, file, found := strings.Cut(strings.TrimPrefix(object.Key, stacks), "/")
		if found && file == environment+".json" {
			projects = append(projects, project)
		}
	}
	return projects, nil
}
