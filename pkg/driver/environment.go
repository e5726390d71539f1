package driver

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/state"
)

// Environment says where to deploy. Credentials and the folder of the plugins Pulumi takes from this
// process's environment, as it does on a command line.
type Environment struct {
	// Name is the stack name of every project, for example "dev".
	Name string
	// Backend is the URL of the state backend.
	Backend string
	// SecretsProvider encrypts the secrets of new stacks: an awskms:// URL, or "passphrase".
	SecretsProvider string
	// Passphrase is for stacks whose secrets provider is one; empty means what the process's
	// environment has.
	Passphrase string
	// LockTable is the DynamoDB table of the environment lease.
	LockTable string
	// Home is a folder of this machine for what the environment keeps here: the state of the
	// bootstrap project until it has moved into the bucket.
	Home string
	// Bucket is the state bucket, and empty for an environment that keeps its state in a folder.
	Bucket string
	// Region of the environment.
	Region string
}

// Described is what an environment's stack file says before anything is deployed.
type Described struct {
	Scope    naming.Scope
	Region   string
	Accounts []string // the only accounts the stack may be deployed to; may be empty
	KeyARN   string   // a KMS key that was not made here; may be empty
}

// Describe reads the bootstrap project's stack file of an environment. The root is the folder that holds
// the project folders. The settings themselves are checked by the program.
func Describe(root, environment string) (Described, error) {
	file := stackFile(filepath.Join(root, contract.ProjectBootstrap), environment)
	content, err := os.ReadFile(file)
	if err != nil {
		return Described{}, fmt.Errorf("there is no environment %q: %w (environments: %s)", environment, err,
			strings.Join(environmentNames(filepath.Dir(file)), ", "))
	}
	var stack struct {
		Config struct {
			Region   string   `yaml:"aws:region"`
			Accounts []string `yaml:"aws:allowedAccountIds"`
			Settings struct {
				Organization string `yaml:"organization"`
				KeyARN       string `yaml:"keyArn"`
			} `yaml:"bootstrap:settings"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(content, &stack); err != nil {
		return Described{}, fmt.Errorf("%s: %w", file, err)
	}
	described := Described{
		Scope:  naming.Scope{Organization: stack.Config.Settings.Organization, Environment: environment},
		Region: stack.Config.Region, Accounts: stack.Config.Accounts, KeyARN: stack.Config.Settings.KeyARN,
	}
	problems := []error{described.Scope.Validate()}
	if described.Region == "" {
		problems = append(problems, errors.New("aws:region is not set"))
	}
	if err := errors.Join(problems...); err != nil {
		return Described{}, fmt.Errorf("%s: %w", file, err)
	}
	return described, nil
}

// StateBucket names the state bucket of the environment in an account.
func (d Described) StateBucket(account string) string {
	return d.Scope.Bucket("state", account, d.Region)
}

// BackendURL is the state backend in the bucket. The endpoint is for an emulator and may be empty.
func (d Described) BackendURL(account, endpoint string) string {
	query := url.Values{"region": {d.Region}, "awssdk": {"v2"}}
	if endpoint != "" {
		query.Set("endpoint", endpoint)
		query.Set("s3ForcePathStyle", "true")
	}
	return "s3://" + d.StateBucket(account) + "?" + query.Encode()
}

// SecretsProvider is the URL of the environment's key for Pulumi. The region is part of it, so that a
// shell with another region finds the same key.
func (d Described) SecretsProvider() string {
	if d.KeyARN != "" {
		return "awskms:///" + d.KeyARN + "?region=" + d.Region
	}
	return "awskms://alias/" + d.Scope.Name("platform") + "?region=" + d.Region
}

// LockTable names the lock table.
func (d Described) LockTable() string {
	return d.Scope.Name("locks")
}

func stackFile(folder, environment string) string {
	return filepath.Join(folder, "Pulumi."+environment+".yaml")
}

// local is the environment while the state of its bootstrap project is still, or again, in a folder.
func (e Environment) local(passphrase string) Environment {
	e.Backend = state.FolderURL(filepath.Join(e.Home, "state"))
	e.SecretsProvider = passphraseProvider
	e.Passphrase = passphrase
	return e
}

const passphraseProvider = "passphrase"

// variables are what Pulumi's command line needs to work on the environment.
func (e Environment) variables() map[string]string {
	variables := map[string]string{
		"PULUMI_BACKEND_URL": e.Backend,
		// A stack file that lost the key of its secrets gets it back from the state.
		"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
		// Pulumi writes its state without a checksum and would warn at every read.
		"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
	}
	if e.Passphrase != "" {
		variables["PULUMI_CONFIG_PASSPHRASE"] = e.Passphrase
	}
	return variables
}
