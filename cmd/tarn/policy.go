package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/deploypolicy"
	"github.com/tarn-data/tarn/pkg/program/bootstrap"
)

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

func (a *app) policyCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "policy [document...]",
		Short: "Print the policies of those who deploy, for a security team that makes the roles itself",
		Long: `Print policies as JSON, without calling AWS. Documents: ` + strings.Join(bootstrap.Kinds, ", ") + `;
without one, all of them. A role can need several policies: they come as one object by
name. Where the KMS key does not exist yet, its ARN ends in a stand-in (KEY-ID-...).`,
	}
	flags := command.Flags()
	accountID := flags.String("account", "", "account number (default: the one of aws:allowedAccountIds in the stack file)")
	region := flags.String("region", "", "region (default: aws:region of the stack file)")
	layerName := flags.String("layer", "", "only the role of one layer: datalake or mpp (default: the whole chain)")
	command.RunE = func(_ *cobra.Command, kinds []string) error {
		request := policyRequest{environment: a.environment, kinds: kinds, account: *accountID, region: *region, layer: *layerName}
		documents, err := request.documents(filepath.Join(a.root, contract.ProjectBootstrap))
		if err != nil {
			return usageError{err}
		}
		return a.printPolicies(documents)
	}
	return command
}

// printPolicies writes one document as itself, several as an object by name.
func (a *app) printPolicies(documents []bootstrap.NamedDocument) error {
	byName := map[string]json.RawMessage{}
	for _, named := range documents {
		text, err := named.Document.JSON()
		if err != nil {
			return fmt.Errorf("policy %s: %w", named.Name, err)
		}
		byName[named.Name] = json.RawMessage(text)
	}
	var value any = byName
	if len(documents) == 1 && !a.json {
		value = byName[documents[0].Name]
	}
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return a.print(value, string(text))
}

// policyRequest is what was asked for; account and region are empty where the stack file decides.
type policyRequest struct {
	environment, account, region, layer string
	kinds                               []string
}

func (r policyRequest) documents(folder string) ([]bootstrap.NamedDocument, error) {
	kinds := r.kinds
	if len(kinds) == 0 {
		kinds = bootstrap.Kinds
	}
	var layer deploypolicy.Layer
	if r.layer != "" {
		var err error
		if layer, err = deploypolicy.ParseLayer(r.layer); err != nil {
			return nil, fmt.Errorf("--layer: %w", err)
		}
	}
	settings, where, err := r.readStackFile(folder)
	if err != nil {
		return nil, err
	}
	var documents []bootstrap.NamedDocument
	for _, kind := range kinds {
		found, err := bootstrap.Documents(settings, r.environment, where, kind, layer)
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	if len(documents) == 0 {
		return nil, errors.New("nobody is trusted there: bootstrap:settings.deploy of the stack file names neither a user nor a repository")
	}
	return documents, nil
}

// readStackFile gives the bootstrap project's settings, and account and region from the options or else
// from the file.
func (r policyRequest) readStackFile(folder string) (*bootstrap.Settings, account.Account, error) {
	none := account.Account{}
	name := "Pulumi." + r.environment + ".yaml"
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, none, fmt.Errorf("there is no environment %q: %w", r.environment, err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return nil, none, fmt.Errorf("%s: %w", name, err)
	}
	key := contract.ProjectBootstrap + ":settings"
	object, err := json.Marshal(file.Config[key])
	if err != nil {
		return nil, none, fmt.Errorf("%s in %s: %w", key, name, err)
	}
	settings, err := bootstrap.ParseSettings(object)
	if err != nil {
		return nil, none, fmt.Errorf("%s in %s: %w", key, name, err)
	}
	where := account.Account{ID: r.account, Region: r.region}
	if where.Region == "" {
		where.Region, _ = file.Config["aws:region"].(string)
	}
	if allowed, _ := file.Config["aws:allowedAccountIds"].([]any); where.ID == "" && len(allowed) == 1 {
		where.ID = fmt.Sprint(allowed[0])
	}
	if !accountForm.MatchString(where.ID) {
		return nil, none, fmt.Errorf("account %q: give twelve digits with --account, or one aws:allowedAccountIds in %s", where.ID, name)
	}
	if where.Region == "" {
		return nil, none, fmt.Errorf("no region: give --region, or aws:region in %s", name)
	}
	return settings, where, nil
}
