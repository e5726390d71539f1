package datalake

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
	"github.com/tarn-data/tarn/pkg/retention"
	"github.com/tarn-data/tarn/pkg/tagging"
	"github.com/tarn-data/tarn/pkg/zone"
)

// makeZones makes the buckets of all zones, and the copies of those that are copied.
func (l *lake) makeZones(ctx *pulumi.Context) error {
	logs, err := l.accessLogs(ctx)
	if err != nil {
		return err
	}
	l.zones = map[zone.Kind]*zone.Zone{}
	for _, kind := range zone.DataKinds {
		if l.zones[kind], err = l.zone(ctx, kind, logs); err != nil {
			return err
		}
	}
	return l.copies(ctx)
}

// checkZones refuses what is wrong about the zones in this account.
func (l *lake) checkZones() error {
	if err := errors.Join(l.checkReplication(), l.checkCaller()); err != nil {
		return err
	}
	return l.checkBuckets()
}

// checkBuckets refuses buckets that S3 would refuse when others already exist.
func (l *lake) checkBuckets() error {
	var problems []error
	for _, kind := range zone.DataKinds {
		args := l.bucket(kind)
		args.Statements = l.accessStatements(kind)
		problems = append(problems, args.Validate())
	}
	logs := l.logBucket()
	return errors.Join(append(problems, logs.Validate())...)
}

func (l *lake) zone(ctx *pulumi.Context, kind zone.Kind, logs *bucket.Bucket) (*zone.Zone, error) {
	args := &zone.Args{Kind: kind, Bucket: l.bucket(kind)}
	args.Bucket.KeyARN = l.keyARN
	args.Bucket.AccessLogs = &bucket.AccessLogs{Target: logs, Prefix: logPrefix(kind)}
	args.Bucket.Statements = l.accessStatements(kind)
	if frequency := l.config.options(kind).Inventory; frequency != zone.Off {
		args.Bucket.Inventory = &bucket.Inventory{Target: logs, Prefix: inventoryPrefix(kind), Frequency: frequency.S3()}
	}
	if kind.HasDatabase() {
		args.Database = l.scope.Database(string(kind))
		args.DatabaseAfter = l.encrypted
		args.DatabaseTags = l.tags.With(tagging.KeyClassification, string(governance.Classify(l.config.Domains, kind, "")))
	}
	return zone.New(ctx, string(kind), args, pulumi.Protect(l.config.Protect))
}

// accessLogs makes the bucket that S3 delivers the access logs of all zones to, and their inventories. It
// keeps S3's own encryption: delivery to a bucket with a customer key needs S3's log service in the key policy.
func (l *lake) accessLogs(ctx *pulumi.Context) (*bucket.Bucket, error) {
	args := l.logBucket()
	return bucket.New(ctx, string(zone.AccessLogs), &args, pulumi.Protect(l.config.Protect))
}

func (l *lake) logBucket() bucket.Args {
	args := l.bucket(zone.AccessLogs)
	logs, inventories := map[string]string{}, map[string]string{}
	for _, kind := range zone.DataKinds {
		logs[l.bucketName(kind)] = logPrefix(kind)
		if l.config.options(kind).Inventory != zone.Off {
			inventories[l.bucketName(kind)] = inventoryPrefix(kind) + "/"
		}
	}
	args.Statements = []policy.Statement{bucket.LogDelivery(l.account, args.Name, logs)}
	if len(inventories) > 0 {
		args.Statements = append(args.Statements, bucket.InventoryDelivery(l.account, args.Name, inventories))
	}
	args.Statements = append(args.Statements, l.accessStatements(zone.AccessLogs)...)
	return args
}

func (l *lake) bucket(kind zone.Kind) bucket.Args {
	options := l.config.options(kind)
	whole, folders := l.config.keeping().Of(kind)
	return bucket.Args{
		Name:             l.bucketName(kind),
		Account:          l.account,
		Lifecycle:        whole,
		Folders:          folders,
		ForceDestroy:     l.config.DeleteDataOnDestroy,
		StrictEncryption: l.config.StrictEncryption,
		Network:          l.network(kind),
		Events:           *options.Events,
		Metrics:          *options.Metrics,
		ObjectLock:       options.ObjectLock,
		Tiering:          options.Tiering,
		Tags:             l.tags.With(tagging.KeyClassification, string(l.classification(kind))),
	}
}

// classification is that of the most sensitive data that can be in a zone.
func (l *lake) classification(kind zone.Kind) domain.Classification {
	if kind == zone.Artifacts || kind == zone.AccessLogs { // scripts and logs are nobody's data
		return domain.Internal
	}
	return l.config.Domains.Highest()
}

func (l *lake) bucketName(kind zone.Kind) string {
	return l.scope.Bucket(string(kind), l.account.ID, l.account.Region)
}

func logPrefix(kind zone.Kind) string {
	return string(kind) + "/"
}

func inventoryPrefix(kind zone.Kind) string {
	return "inventory/" + string(kind)
}

// copies makes a bucket in another region for every zone that is copied there. A copy has no access log and
// no inventory: S3 delivers them only within a region, and what reads the copy is in CloudTrail.
func (l *lake) copies(ctx *pulumi.Context) error {
	if l.config.Replication == nil {
		return nil
	}
	provider, err := account.Provider(ctx, "copies", l.config.Replication.Region)
	if err != nil {
		return fmt.Errorf("datalake:settings.replication.region: %w", err)
	}
	key := pulumi.String(l.config.Replication.KeyARN)
	for _, kind := range l.config.Replication.Zones {
		args := l.bucket(kind)
		args.Name, args.Account, args.KeyARN = l.copyName(kind), l.otherRegion(), key
		args.Metrics, args.Statements = false, l.access().SealedStatements(args.Account.BucketARN(args.Name))
		args.Statements = l.access().SealedStatements(args.Account.BucketARN(args.Name))
		target, err := bucket.New(ctx, string(kind)+"-copy", &args, pulumi.Protect(l.config.Protect), pulumi.Providers(provider))
		if err != nil {
			return err
		}
		_, err = bucket.NewReplication(ctx, string(kind)+"-replication", &bucket.ReplicationArgs{
			Source:      bucket.ReplicationEnd{Bucket: l.zones[kind].Bucket, Name: l.bucketName(kind), Where: l.account, KeyARN: l.keyARN},
			Target:      bucket.ReplicationEnd{Bucket: target, Name: args.Name, Where: args.Account, KeyARN: key},
			RoleName:    l.replicationRole(kind),
			RolePath:    l.scope.Path(),
			BoundaryARN: l.boundaryARN,
			Locked:      args.ObjectLock != nil,
			Tags:        l.tags,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lake) otherRegion() account.Account {
	return account.Account{ID: l.account.ID, Region: l.config.Replication.Region}
}

func (l *lake) copyName(kind zone.Kind) string {
	return l.scope.Bucket(string(kind)+"-copy", l.account.ID, l.config.Replication.Region)
}

func (l *lake) replicationRole(kind zone.Kind) string {
	return l.scope.Name(string(kind), "replication")
}

// checkReplication refuses what only fits another account or region than the one that is deployed to.
func (l *lake) checkReplication() error {
	r := l.config.Replication
	if r == nil {
		return nil
	}
	var problems []error
	if r.Region == l.account.Region {
		problems = append(problems, fmt.Errorf(
			"datalake:settings.replication.region is %s, where the zones are: a copy belongs in another region", r.Region))
	}
	if here := l.otherRegion().ARN("kms", "key/"); !strings.HasPrefix(r.KeyARN, here) {
		problems = append(problems, fmt.Errorf("datalake:settings.replication.keyArn %s: want a key of account %s", r.KeyARN, l.account.ID))
	}
	for _, kind := range r.Zones {
		if name := l.copyName(kind); len(name) > naming.MaxBucket {
			problems = append(problems, fmt.Errorf(
				"datalake:settings.replication.zones: the copy of %s would be named %s, which has %d characters, S3 allows %d: "+
					"shorten the organization",
				kind, name, len(name), naming.MaxBucket))
		}
	}
	return errors.Join(problems...)
}

// network says through which VPC endpoints requests for a zone must come; nil lets them come from anywhere.
func (l *lake) network(kind zone.Kind) *bucket.Network {
	if len(l.config.VPCEndpoints) == 0 {
		return nil
	}
	exempt := slices.Concat(l.access().Deployers(), l.config.VPCExemptRoles, l.config.Access.Administrators)
	if mode := l.config.LakeFormation.Mode; mode == governance.Hybrid || mode == governance.Full {
		// What Athena and Glue read through Lake Formation comes from their network, as this role.
		exempt = append(exempt, l.account.GlobalARN("iam", "role"+l.scope.Path()+governance.LocationRoleName(l.scope)))
	}
	if l.config.Replication.Of(kind) {
		exempt = append(exempt, l.account.GlobalARN("iam", "role"+l.scope.Path()+l.replicationRole(kind)))
	}
	return &bucket.Network{Endpoints: l.config.VPCEndpoints, Exempt: exempt}
}

// checkCaller refuses to shut out whoever is deploying: the next deployment could not even read the buckets.
// A session's ARN has its role's name and not its path, so only the names are compared; those of deploy
// roles begin like every name of the environment.
func (l *lake) checkCaller() error {
	if len(l.config.VPCEndpoints) == 0 {
		return nil
	}
	caller := l.account.Caller
	role, isRole := policy.SessionRole(caller)
	exempt := slices.ContainsFunc(slices.Concat(l.config.VPCExemptRoles, l.config.Access.Administrators), func(pattern string) bool {
		return policy.Like(pattern, caller) || isRole && policy.Like(pattern[strings.LastIndex(pattern, "/")+1:], role)
	})
	deploys := strings.Contains(caller, l.scope.DeployPath()) || isRole && strings.HasPrefix(role, l.scope.Name(""))
	if exempt || deploys || caller == l.account.Root() {
		return nil
	}
	return fmt.Errorf("datalake:settings.vpcEndpoints would shut out %s, who is deploying: "+
		"add it to vpcExemptRoles, or deploy with a role that the bootstrap project made", caller)
}

// options gives the options of a zone with their defaults.
func (s *Settings) options(kind zone.Kind) zone.Options {
	return s.Zones[kind].Filled(kind, s.Protect)
}

// keeping is everything that decides how long data is kept.
func (s *Settings) keeping() *retention.Policy {
	locks := map[zone.Kind]int{}
	for kind, options := range s.Zones {
		if options.ObjectLock != nil {
			locks[kind] = options.ObjectLock.Days
		}
	}
	return &retention.Policy{
		Classes: s.RetentionClasses, Zones: s.Retention, Domains: s.Domains,
		ExpireAllAfterDays: s.ExpireAllAfterDays, Protect: s.Protect, LockDays: locks,
	}
}

var (
	endpointForm = regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`)
	// exemptForm lets sts pass, which is where the emulator says its caller is.
	exemptForm = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/*-]+$`)
)

// validateZones refuses what is wrong about the zones in every account.
func (s *Settings) validateZones() error {
	problems := []error{s.keeping().Validate()}
	for _, kind := range slices.Sorted(maps.Keys(s.Zones)) {
		options := s.Zones[kind]
		if !slices.Contains(zone.Kinds, kind) {
			problems = append(problems, fmt.Errorf("zones.%s: there is no such zone; zones are %v", kind, zone.Kinds))
			continue
		}
		if err := options.Validate(kind); err != nil {
			problems = append(problems, fmt.Errorf("zones.%s.%w", kind, err))
		}
		if options.ObjectLock != nil && s.DeleteDataOnDestroy {
			problems = append(problems, fmt.Errorf("zones.%s.objectLock and deleteDataOnDestroy contradict each other: choose one", kind))
		}
		if options.Tiering != nil && !s.keeping().Tiers(kind) {
			problems = append(problems, fmt.Errorf(
				"zones.%s.tiering: no retention class moves objects of the zone to INTELLIGENT_TIERING; give it the class %s", kind, retention.Cool))
		}
	}
	if err := s.Replication.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("replication.%w", err))
	}
	for i, endpoint := range s.VPCEndpoints {
		if !endpointForm.MatchString(endpoint) {
			problems = append(problems, fmt.Errorf(
				"vpcEndpoints[%d] %q: want the id of a VPC endpoint, such as vpce-0123456789abcdef0", i, endpoint))
		}
	}
	for i, arn := range s.VPCExemptRoles {
		if !exemptForm.MatchString(arn) {
			problems = append(problems, fmt.Errorf("vpcExemptRoles[%d] %q: want the ARN of a role or user (arn:aws:iam::ACCOUNT:role/NAME)", i, arn))
		}
	}
	if len(s.VPCExemptRoles) > 0 && len(s.VPCEndpoints) == 0 {
		problems = append(problems, errors.New("vpcExemptRoles is set and vpcEndpoints is not, so nobody needs to be exempt"))
	}
	return errors.Join(problems...)
}
