package bootstrap

import (
	"errors"
	"fmt"

	"github.com/tarn-data/tarn/pkg/naming"
)

// Settings is the object `bootstrap:settings` of a stack file.
type Settings struct {
	// Required: short lower-case name that every AWS name begins with.
	Organization string `json:"organization"`
	// Optional: further tags for every resource.
	Tags map[string]string `json:"tags"`
	// Optional: how long an overwritten or deleted version of a state file is kept, in days; defaults to 90.
	StateHistoryDays int `json:"stateHistoryDays"`
	// Optional: days between deleting the key and losing everything encrypted with it, 7 to 30; defaults to 30.
	KeyDeletionWindowDays int `json:"keyDeletionWindowDays"`
	// Optional: Pulumi and DynamoDB refuse to delete state bucket, lock table and key; defaults to true.
	Protect bool `json:"protect"`
	// Optional: `destroy` empties the state bucket first; defaults to false. For throw-away environments.
	DeleteStateOnDestroy bool `json:"deleteStateOnDestroy"`
}

func defaults() Settings {
	return Settings{StateHistoryDays: 90, KeyDeletionWindowDays: 30, Protect: true}
}

// Validate implements settings.Validator.
func (s *Settings) Validate() error {
	var problems []error
	if s.Organization == "" {
		problems = append(problems, errors.New("organization is required"))
	}
	if s.StateHistoryDays < 1 {
		problems = append(problems, fmt.Errorf("stateHistoryDays is %d, want at least 1", s.StateHistoryDays))
	}
	if s.KeyDeletionWindowDays < 7 || s.KeyDeletionWindowDays > 30 {
		problems = append(problems, fmt.Errorf("keyDeletionWindowDays is %d, KMS allows 7 to 30", s.KeyDeletionWindowDays))
	}
	if s.Protect && s.DeleteStateOnDestroy {
		problems = append(problems, errors.New("protect and deleteStateOnDestroy contradict each other: choose one"))
	}
	return errors.Join(problems...)
}

func (s *Settings) scope(environment string) naming.Scope {
	return naming.Scope{Organization: s.Organization, Environment: environment}
}
