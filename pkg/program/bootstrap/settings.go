package bootstrap

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// Settings is the object `bootstrap:settings` of a stack file.
type Settings struct {
	// Required: short lower-case name that every AWS name begins with.
	Organization string `json:"organization"`
	// Required: the team or mailbox that answers for the environment; the tag tarn:owner of every resource.
	Owner string `json:"owner"`
	// Optional: further tags for every resource.
	Tags map[string]string `json:"tags"`
	// Optional: how long an overwritten or deleted version of a state file is kept, in days; defaults to 90.
	StateHistoryDays int `json:"stateHistoryDays"`
	// Optional: region that gets a copy of every state file; defaults to no copy.
	StateReplicaRegion string `json:"stateReplicaRegion"`
	// Optional: ARN of a KMS key to use instead of making one.
	KeyARN string `json:"keyArn"`
	// Optional: ARN of a KMS key for the data of the lake instead of making one. Its policy stays as it is.
	DataKeyARN string `json:"dataKeyArn"`
	// Optional: days between deleting a key and losing everything encrypted with it, 7 to 30; defaults to 30.
	KeyDeletionWindowDays int `json:"keyDeletionWindowDays"`
	// Optional: ARN of the permission boundary for every role that works with data, instead of making one.
	BoundaryARN string `json:"boundaryArn"`
	// Optional: Pulumi refuses to delete keys, state buckets and lock table, and leaves them in the account
	// when they leave the stack; DynamoDB refuses to delete the table; defaults to true.
	Protect bool `json:"protect"`
	// Optional: `destroy` empties the state buckets first; defaults to false. For throw-away environments.
	DeleteStateOnDestroy bool `json:"deleteStateOnDestroy"`
	// Optional: who may deploy; defaults to a service user and a role that it can become.
	Deploy DeploySettings `json:"deploy"`
}

var (
	regionForm   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	keyForm      = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{36}$`)
	boundaryForm = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:policy/[A-Za-z0-9+=,.@_/-]+$`)
)

func defaults() Settings {
	return Settings{StateHistoryDays: 90, KeyDeletionWindowDays: 30, Protect: true, Deploy: defaultDeploy()}
}

// Validate implements settings.Validator.
func (s *Settings) Validate() error {
	var problems []error
	if s.Organization == "" {
		problems = append(problems, errors.New("organization is required"))
	}
	problems = append(problems, tagging.Check(s.Owner, s.Tags))
	if s.StateHistoryDays < 1 {
		problems = append(problems, fmt.Errorf("stateHistoryDays is %d, want at least 1", s.StateHistoryDays))
	}
	if s.StateReplicaRegion != "" && !regionForm.MatchString(s.StateReplicaRegion) {
		problems = append(problems, fmt.Errorf("stateReplicaRegion %q: want the name of a region, such as eu-central-1", s.StateReplicaRegion))
	}
	for _, key := range s.givenKeys() {
		if !keyForm.MatchString(key.arn) {
			problems = append(problems, fmt.Errorf(
				"%s %q: want the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias", key.field, key.arn))
		}
	}
	if s.KeyDeletionWindowDays < 7 || s.KeyDeletionWindowDays > 30 {
		problems = append(problems, fmt.Errorf("keyDeletionWindowDays is %d, KMS allows 7 to 30", s.KeyDeletionWindowDays))
	}
	if s.BoundaryARN != "" && !boundaryForm.MatchString(s.BoundaryARN) {
		problems = append(problems, fmt.Errorf(
			"boundaryArn %q: want the ARN of a managed policy (arn:aws:iam::ACCOUNT:policy/NAME)", s.BoundaryARN))
	}
	if s.Protect && s.DeleteStateOnDestroy {
		problems = append(problems, errors.New("protect and deleteStateOnDestroy contradict each other: choose one"))
	}
	return errors.Join(append(problems, s.Deploy.validate())...)
}

// checkAccount refuses what only fits another account or region than the one that is deployed to.
func (s *Settings) checkAccount(acct account.Account) error {
	var problems []error
	if s.StateReplicaRegion == acct.Region {
		problems = append(problems, fmt.Errorf(
			"bootstrap:settings.stateReplicaRegion is %s, where the state is: a copy belongs in another region", acct.Region))
	}
	for _, key := range s.givenKeys() {
		if !strings.HasPrefix(key.arn, acct.ARN("kms", "key/")) {
			problems = append(problems, fmt.Errorf("bootstrap:settings.%s %s: want a key of account %s in %s, where everything it encrypts will be",
				key.field, key.arn, acct.ID, acct.Region))
		}
	}
	if here := acct.GlobalARN("iam", "policy/"); s.BoundaryARN != "" && s.BoundaryARN[:min(len(here), len(s.BoundaryARN))] != here {
		problems = append(problems, fmt.Errorf(
			"bootstrap:settings.boundaryArn %s: IAM accepts a boundary only from the same account, %s", s.BoundaryARN, acct.ID))
	}
	return errors.Join(problems...)
}

// givenKey is a key that is used and not made.
type givenKey struct{ field, arn string }

func (s *Settings) givenKeys() []givenKey {
	return slices.DeleteFunc([]givenKey{{"keyArn", s.KeyARN}, {"dataKeyArn", s.DataKeyARN}}, func(key givenKey) bool { return key.arn == "" })
}

func (s *Settings) scope(environment string) naming.Scope {
	return naming.Scope{Organization: s.Organization, Environment: environment}
}
