package driver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/lease"
	"github.com/tarn-data/tarn/pkg/ledger"
	"github.com/tarn-data/tarn/pkg/state"
)

// guard holds the lease on the environment while a command changes it. The lease is on a table that the
// bootstrap project makes and deletes, so there is none before its first deployment and after its last.
type guard struct {
	driver *Driver
	table  *lease.Table
	ledger *ledger.Ledger
	owner  lease.Owner
	held   *lease.Lease
}

// lock takes the lease on the environment, or fails: it is also no when the table cannot be asked.
func (d *Driver) lock(ctx context.Context, command string) (*guard, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.environment.Region))
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(loaded)
	g := &guard{
		driver: d, owner: lease.CurrentOwner(ctx, command),
		table: lease.New(client, d.environment.LockTable), ledger: ledger.New(client, d.environment.LockTable),
	}
	err = g.take(ctx)
	if errors.Is(err, lease.ErrNoTable) {
		return g, d.neverDeployed(ctx, err)
	}
	return g, err
}

func (g *guard) take(ctx context.Context) error {
	waiting := false
	held, err := g.table.Acquire(ctx, g.driver.environment.Name, g.owner, lease.Options{
		Wait: g.driver.LockTimeout,
		OnWait: func(holder lease.Record, left time.Duration) {
			waiting = true
			g.driver.observer.Waiting(fmt.Sprintf("%s has the environment; giving up in %s", holder.Owner, left.Round(time.Second)))
		},
	})
	if waiting {
		g.driver.observer.Waiting("")
	}
	if err != nil {
		return err
	}
	g.held = held
	if former, died := held.TakenOverFrom(); died {
		g.driver.observer.Line(leaseTask, "taken over from "+former.Owner.String()+", which died")
		g.driver.dead = append(g.driver.dead, deadOwner{
			Login: former.Owner.Login, Host: former.Owner.Host, From: former.Acquired, Until: former.Expires,
		})
		// At once and for every project: whoever replaces this process will not know of that owner any more.
		if err := g.driver.clearAllLocks(ctx); err != nil {
			return errors.Join(err, g.release())
		}
	}
	return nil
}

const leaseTask = "lease"

// neverDeployed gives nil when the missing lock table is the one that bootstrap is yet to make.
func (d *Driver) neverDeployed(ctx context.Context, missing error) error {
	checkpoint, err := d.checkpoint(ctx, contract.ProjectBootstrap)
	if err != nil {
		return err
	}
	made := slices.ContainsFunc(checkpoint.Deployed(), func(r state.Resource) bool {
		return r.Type == "aws:dynamodb/table:Table" && r.Outputs["name"] == d.environment.LockTable
	})
	if made {
		return fmt.Errorf("lock table %s, which the bootstrap project has made, is not there: is this the right account? %w",
			d.environment.LockTable, missing)
	}
	return nil
}

// before is asked before each project: whoever lost the lease stops here.
func (g *guard) before(ctx context.Context, project Project, destroying bool) error {
	switch {
	case g.held == nil && (destroying || project.Name == contract.ProjectBootstrap):
		return nil // there is no table: it is yet to be made, or all was deleted before
	case g.held == nil:
		return g.take(ctx)
	case destroying && project.Name == contract.ProjectBootstrap:
		if err := g.held.Check(ctx); err != nil {
			return err
		}
		return g.release() // the table goes now, and with it the lease
	default:
		return g.held.Check(ctx)
	}
}

// after writes what happened to a project into the ledger. Its failure does not undo the deployment, so it
// is a warning.
func (g *guard) after(ctx context.Context, command string, report StackReport) {
	if g.held == nil {
		return
	}
	result := ledger.Result(report.Result)
	if ctx.Err() != nil {
		result = ledger.Cancelled
	}
	// What happened is worth recording also when the command was interrupted.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerLimit)
	defer cancel()
	err := g.ledger.Record(ctx, g.driver.environment.Name, report.Project, ledger.Entry{
		Time: time.Now().UTC(), Actor: g.owner.User + "@" + g.owner.Host, RunURL: g.owner.RunURL, Commit: g.owner.Commit,
		Command: command, Result: result, Changes: report.Changes, Seconds: report.Seconds, Token: g.held.Token(),
	})
	if err != nil {
		g.driver.observer.Line(report.Project, "warning: the ledger was not written: "+err.Error())
	}
}

const ledgerLimit = 15 * time.Second

// release gives the lease back, also after an interrupt.
func (g *guard) release() error {
	if g.held == nil {
		return nil
	}
	held := g.held
	g.held = nil
	ctx, cancel := context.WithTimeout(context.Background(), ledgerLimit)
	defer cancel()
	return held.Release(ctx)
}

// noteHolder says so when somebody is changing the environment that is about to be looked at. Reading the
// lease may be forbidden to those who only look, so failing to is no error.
func (d *Driver) noteHolder(ctx context.Context) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.environment.Region))
	if err != nil {
		return
	}
	holder, found, err := lease.New(dynamodb.NewFromConfig(loaded), d.environment.LockTable).Read(ctx, d.environment.Name)
	if err == nil && found && holder.State == lease.Held && !holder.OwnerDead() {
		d.observer.Line(leaseTask, "note: "+holder.Owner.String()+" is changing the environment; what follows may be out of date soon")
	}
}
