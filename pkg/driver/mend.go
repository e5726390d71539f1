package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"

	"github.com/tarn-data/tarn/pkg/state"
)

// mend puts a stack right whose last deployment was killed: it clears the lock that nobody holds any
// more, and takes into the state what AWS had made before the state was written. After a deployment
// that ended by itself there is nothing to do.
func (d *Driver) mend(ctx context.Context, project Project) error {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return err
	}
	if err := d.clearLocks(ctx, store, project); err != nil {
		return err
	}
	checkpoint, err := state.ReadCheckpoint(ctx, store, project.Name, d.environment.Name)
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	doubtful := beingDeleted(checkpoint)
	if slices.ContainsFunc(checkpoint.Pending, isCreation) {
		adopted, err := d.adopt(ctx, project)
		if err != nil {
			return err
		}
		doubtful = append(doubtful, adopted...)
	}
	if len(doubtful) == 0 {
		return nil
	}
	stack, err := d.stack(ctx, project, false)
	if err != nil {
		return err
	}
	if _, err := stack.Refresh(ctx, optrefresh.Target(doubtful)); err != nil {
		return fmt.Errorf("reading what the killed deployment had made or deleted: %w", err)
	}
	return nil
}

// beingDeleted gives the URNs of resources whose deletion was under way. AWS may have finished it, and not
// every resource can be deleted a second time: a DynamoDB table that is not there is an error.
func beingDeleted(checkpoint state.Checkpoint) []string {
	var urns []string
	for _, operation := range checkpoint.Pending {
		urn := operation.Resource.URN
		if operation.Type == "deleting" && slices.ContainsFunc(checkpoint.Deployed(), func(r state.Resource) bool { return r.URN == urn }) {
			urns = append(urns, urn)
		}
	}
	return urns
}

func isCreation(operation state.Operation) bool { return operation.Type == "creating" }

func (d *Driver) clearAllLocks(ctx context.Context) error {
	store, err := state.Open(ctx, d.environment.Backend)
	if err != nil {
		return err
	}
	for _, project := range d.projects {
		if err := d.clearLocks(ctx, store, project); err != nil {
			return err
		}
	}
	return nil
}

// clearLocks removes Pulumi's locks of deployments that are dead, and refuses to touch any other. A Pulumi
// process that outlived its killed driver ends by itself, because the program it runs is gone; it is
// waited for.
func (d *Driver) clearLocks(ctx context.Context, store state.Store, project Project) error {
	for deadline := time.Now().Add(stopGrace); ; {
		locks, err := state.Locks(ctx, store, project.Name, d.environment.Name)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return err
		}
		ending := false
		for _, lock := range locks {
			switch {
			case d.strandedLock(lock):
				if err := store.Delete(ctx, lock.Key); err != nil {
					return fmt.Errorf("clearing the lock of %s: %w", lock, err)
				}
				d.observer.Line(project.Name, "cleared the lock of a deployment that was killed: "+lock.String())
			case isOrphan(lock):
				ending = true
			}
		}
		if !ending || time.Now().After(deadline) {
			return nil // if a lock is left, Pulumi will say whose it is
		}
		d.observer.Working(project.Name, "waiting for the Pulumi process of a killed deployment to end")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

const lockPoll = 200 * time.Millisecond

// isOrphan tells whether a lock's owner is a process of this machine whose parent has died.
func isOrphan(lock state.Lock) bool {
	host, err := os.Hostname()
	if err != nil || host != lock.Host || !processExists(lock.PID) {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", lock.PID))
	return err == nil && strings.Contains(string(status), "\nPPid:\t1\n")
}

// strandedLock tells whether a lock's owner is dead. On this machine its process is gone. Elsewhere the
// lease has shown it: its holder stopped renewing it, and the lock was written while he held it.
func (d *Driver) strandedLock(lock state.Lock) bool {
	if lock.Host == "" {
		return false
	}
	if host, err := os.Hostname(); err == nil && host == lock.Host {
		return !processExists(lock.PID)
	}
	return slices.ContainsFunc(d.dead, func(owner deadOwner) bool {
		return owner.Host == lock.Host && owner.Login == lock.User &&
			!lock.Time.Before(owner.From.Add(-clockDifference)) && !lock.Time.After(owner.Until.Add(clockDifference))
	})
}

// clockDifference is how far the clocks of two machines may be apart: a lock has the time of the machine
// that wrote it, the lease that of DynamoDB.
const clockDifference = time.Minute

// deadOwner is somebody who held the lease until it was taken over.
type deadOwner struct {
	Login, Host string
	From, Until time.Time
}

func processExists(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	// One that has ended stays listed until its parent asks for its result, which in many containers nobody does.
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !strings.Contains(string(status), "\nState:\tZ")
}

// deployment is a stack's state as `pulumi stack export` gives it; what is not named here is kept as it is.
type deployment struct {
	raw   map[string]any
	inner map[string]any
}

// adopt settles the creations that were under way. What AWS may have made is put into the state, and its
// URNs are given, to be read from AWS; what can be made again is forgotten; what can be neither is an error that says so.
func (d *Driver) adopt(ctx context.Context, project Project) ([]string, error) {
	exported, problems, _, err := d.pulumi.Run(ctx, project.Folder, nil, nil, nil, d.variables(),
		"stack", "export", "--stack", d.environment.Name)
	if err != nil {
		return nil, fmt.Errorf("exporting the state: %w: %s", err, strings.TrimSpace(problems))
	}
	found, err := parseDeployment(exported)
	if err != nil {
		return nil, err
	}
	config, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.environment.Region))
	if err != nil {
		return nil, err
	}
	account, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("asking AWS for the account: %w", err)
	}
	adopted, err := found.settle(ctx, awsFinder{config}, aws.ToString(account.Account), d.environment.Region, func(text string) {
		d.observer.Line(project.Name, text)
	})
	if err != nil {
		return nil, err
	}
	edited, err := json.Marshal(found.raw)
	if err != nil {
		return nil, err
	}
	_, problems, _, err = d.pulumi.Run(ctx, project.Folder, bytes.NewReader(edited), nil, nil, d.variables(),
		"stack", "import", "--stack", d.environment.Name)
	if err != nil {
		return nil, fmt.Errorf("importing the mended state: %w: %s", err, strings.TrimSpace(problems))
	}
	return adopted, nil
}

func parseDeployment(text string) (deployment, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // a number must come back as it was
	var found deployment
	if err := decoder.Decode(&found.raw); err != nil {
		return found, fmt.Errorf("reading the exported state: %w", err)
	}
	found.inner, _ = found.raw["deployment"].(map[string]any)
	if found.inner == nil {
		return found, errors.New("the exported state has no deployment")
	}
	return found, nil
}

// settle takes every creation off the list of pending operations, and gives the URNs of those that became
// resources, to be read from AWS: reading removes those that were never made.
func (s deployment) settle(
	ctx context.Context, find finder, account, region string, say func(string),
) (adopted []string, err error) {
	pending, _ := s.inner["pending_operations"].([]any)
	resources, _ := s.inner["resources"].([]any)
	known := map[string]map[string]any{}
	for _, entry := range resources {
		if resource, ok := entry.(map[string]any); ok {
			known[text(resource, "urn")] = resource
		}
	}
	var kept []any
	var problems []error
	for _, entry := range pending {
		operation, _ := entry.(map[string]any)
		resource, _ := operation["resource"].(map[string]any)
		if text(operation, "type") != "creating" {
			kept = append(kept, entry)
			continue
		}
		urn, kind := text(resource, "urn"), text(resource, "type")
		inputs, _ := resource["inputs"].(map[string]any)
		name := shortName(kind, urn)
		identify, named := adoptable[kind]
		switch {
		case resource["custom"] != true, strings.HasPrefix(kind, "pulumi:"):
			continue // a component, or a provider, which is nothing at AWS
		case known[urn] != nil, slices.Contains(repeatable, kind), named && identify == nil:
			continue // in the state already, or simply made again
		case !named:
			problems = append(problems, fmt.Errorf("%s was being created when the last deployment was killed, and Tarn cannot find "+
				"out whether AWS has made it. Look for it. If it is there: pulumi refresh --import-pending-creates '%s' "+
				"--import-pending-creates ID; if not: pulumi refresh --clear-pending-creates", name, urn))
			kept = append(kept, entry)
			continue
		}
		c := candidate{urn: urn, kind: kind, inputs: inputs, account: account, region: regionOf(known, resource, region)}
		id, err := identify(ctx, find, c)
		if errors.Is(err, errNotMade) {
			continue
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s was being created when the last deployment was killed: %w", name, err))
			kept = append(kept, entry)
			continue
		}
		resource["id"] = id
		resource["outputs"] = maps.Clone(inputs)
		resources = append(resources, resource)
		adopted = append(adopted, urn)
		say("looking whether the killed deployment had made " + name)
	}
	s.inner["pending_operations"], s.inner["resources"] = kept, resources
	return adopted, errors.Join(problems...)
}

// regionOf gives the region of the provider that was to make a resource.
func regionOf(known map[string]map[string]any, resource map[string]any, standard string) string {
	reference := text(resource, "provider")
	if cut := strings.LastIndex(reference, "::"); cut > 0 {
		inputs, _ := known[reference[:cut]]["inputs"].(map[string]any)
		if region := text(inputs, "region"); region != "" {
			return region
		}
	}
	return standard
}

func text(object map[string]any, key string) string {
	value, _ := object[key].(string)
	return value
}
