package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Checkpoint is what is read here of a stack's state file. The rest of the file is Pulumi's.
type Checkpoint struct {
	Resources []Resource
	Pending   []Operation
	// SecretsProvider is the URL of the key, "passphrase", or empty for a stack without one.
	SecretsProvider string
	Saved           time.Time
}

// Resource is a resource as the state has it.
type Resource struct {
	URN      string         `json:"urn"`
	Type     string         `json:"type"`
	ID       string         `json:"id"`
	Custom   bool           `json:"custom"`
	Protect  bool           `json:"protect"`
	Inputs   map[string]any `json:"inputs"`
	Outputs  map[string]any `json:"outputs"`
	External bool           `json:"external"`
	// PropertyDependencies has the URNs of the resources that each input was made from.
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
}

// Operation is something Pulumi had begun and, as far as the state knows, not finished.
type Operation struct {
	Resource Resource `json:"resource"`
	Type     string   `json:"type"` // creating, updating, deleting, reading, importing
}

// ReadCheckpoint reads the state file of a stack. It returns ErrNotFound for a stack that does not exist.
func ReadCheckpoint(ctx context.Context, store Store, project, environment string) (Checkpoint, error) {
	key := StackKey(project, environment)
	content, err := store.Read(ctx, key)
	if errors.Is(err, ErrNotFound) {
		if _, zipped := store.Read(ctx, key+".gz"); zipped == nil {
			return Checkpoint{}, fmt.Errorf("%s.gz: Tarn does not read compressed state: unset PULUMI_DIY_BACKEND_GZIP", key)
		}
	}
	if err != nil {
		return Checkpoint{}, err
	}
	checkpoint, err := ParseCheckpoint(content)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("state file %s: %w", key, err)
	}
	return checkpoint, nil
}

// ParseCheckpoint reads a state file. An empty stack gives an empty checkpoint.
func ParseCheckpoint(content []byte) (Checkpoint, error) {
	var file struct {
		Version    int `json:"version"`
		Checkpoint struct {
			Latest *struct {
				Manifest struct {
					Time time.Time `json:"time"`
				} `json:"manifest"`
				SecretsProviders struct {
					Type  string          `json:"type"`
					State json.RawMessage `json:"state"`
				} `json:"secrets_providers"`
				Resources []Resource  `json:"resources"`
				Pending   []Operation `json:"pending_operations"`
			} `json:"latest"`
		} `json:"checkpoint"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return Checkpoint{}, fmt.Errorf("not a state file: %w", err)
	}
	if file.Version < 3 { // the layout above came with version 3
		return Checkpoint{}, fmt.Errorf("not a state file of a known version (%d)", file.Version)
	}
	latest := file.Checkpoint.Latest
	if latest == nil {
		return Checkpoint{}, nil
	}
	provider := latest.SecretsProviders.Type
	if provider == "cloud" {
		var key struct {
			URL string `json:"url"`
		}
		if err := json.Unmarshal(latest.SecretsProviders.State, &key); err != nil {
			return Checkpoint{}, fmt.Errorf("secrets provider: %w", err)
		}
		provider = key.URL
	}
	return Checkpoint{
		Resources: latest.Resources, Pending: latest.Pending, SecretsProvider: provider, Saved: latest.Manifest.Time,
	}, nil
}

// Deployed gives the resources that a provider has made.
func (c Checkpoint) Deployed() []Resource {
	var made []Resource
	for _, resource := range c.Resources {
		// Types of Pulumi's own are providers, stack references and the stack itself.
		if resource.Custom && !resource.External && !strings.HasPrefix(resource.Type, "pulumi:") {
			made = append(made, resource)
		}
	}
	return made
}
