package datalake

import (
	"errors"
	"fmt"

	"github.com/tarn-data/tarn/pkg/access"
	"github.com/tarn-data/tarn/pkg/catalog"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/governance"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/retention"
	"github.com/tarn-data/tarn/pkg/tagging"
	"github.com/tarn-data/tarn/pkg/zone"
)

// Settings is the object `datalake:settings` of a stack file.
type Settings struct {
	// Required: the same as in the bootstrap project.
	Organization string `json:"organization"`
	// Required: the team or mailbox that answers for the environment; the tag tarn:owner of every resource.
	Owner string `json:"owner"`
	// Optional: further tags for every resource.
	Tags map[string]string `json:"tags"`
	// Optional: the domains of the lake by name, which is also the name of the pipeline that owns a domain's data;
	// defaults to none.
	Domains domain.Domains `json:"domains"`
	// Optional: who may do what with the data; defaults to what IAM policies made elsewhere say.
	Access access.Settings `json:"access"`
	// Optional: retention classes besides the built-in ones, or in their place.
	RetentionClasses retention.Classes `json:"retentionClasses"`
	// Optional: which class applies to a zone, its domains and its folders; defaults to retention.Defaults.
	Retention retention.Zones `json:"retention"`
	// Optional: all data is deleted after so many days, tables included; only without protect. Defaults to never.
	ExpireAllAfterDays int `json:"expireAllAfterDays"`
	// Optional: events, metrics, inventory, lock and archive tiers by zone.
	Zones map[zone.Kind]zone.Options `json:"zones"`
	// Optional: zones that are copied to another region; defaults to none.
	Replication *zone.Replication `json:"replication"`
	// Optional: ids of the VPC endpoints that requests for data must come through; defaults to any network.
	VPCEndpoints []string `json:"vpcEndpoints"`
	// Optional: ARNs of roles and users that may come from anywhere, wildcards allowed; defaults to whoever deploys.
	VPCExemptRoles []string `json:"vpcExemptRoles"`
	// Optional: uploads must name the lake's key; defaults to letting those pass that name none and get it anyway.
	StrictEncryption bool `json:"strictEncryption"`
	// Optional: most bytes that one Athena query may read, at least 10 MB; defaults to 1 TB.
	QueryScanLimitBytes int `json:"queryScanLimitBytes"`
	// Optional: encryption of the catalog, workgroups of personas, named queries, views, tables and crawlers.
	Catalog catalog.Settings `json:"catalog"`
	// Optional: whether and for whom Lake Formation decides who may read the tables; defaults to leaving it to IAM.
	LakeFormation governance.Settings `json:"lakeFormation"`
	// Optional: Pulumi refuses to delete the zones; defaults to true.
	Protect bool `json:"protect"`
	// Optional: `destroy` deletes all data first, with every version; defaults to false.
	// For throw-away environments.
	DeleteDataOnDestroy bool `json:"deleteDataOnDestroy"`
}

func defaults() Settings {
	return Settings{QueryScanLimitBytes: 1_000_000_000_000, Catalog: catalog.Defaults(), LakeFormation: governance.Defaults(), Protect: true}
}

// Validate implements settings.Validator.
func (s *Settings) Validate() error {
	var problems []error
	if s.Organization == "" {
		problems = append(problems, errors.New("organization is required"))
	}
	problems = append(problems, tagging.Check(s.Owner, s.Tags))
	problems = append(problems, s.Domains.Validate(), s.Access.Validate(s.Domains), s.LakeFormation.Validate(s.Domains, s.Access))
	problems = append(problems, s.validateZones())
	if s.QueryScanLimitBytes < catalog.MinScanLimit {
		problems = append(problems, fmt.Errorf("queryScanLimitBytes is %d, Athena wants at least %d",
			s.QueryScanLimitBytes, catalog.MinScanLimit))
	}
	problems = append(problems, s.Catalog.Validate(s.Access.Names(), s.Domains))
	if s.Protect && s.DeleteDataOnDestroy {
		problems = append(problems, errors.New("protect and deleteDataOnDestroy contradict each other: choose one"))
	}
	return errors.Join(problems...)
}

func (s *Settings) scope(environment string) naming.Scope {
	return naming.Scope{Organization: s.Organization, Environment: environment}
}
