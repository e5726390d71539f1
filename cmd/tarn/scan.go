package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/local/scan"
	"github.com/tarn-data/tarn/local/scan/terraform"
	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/state"
)

// errFindings is returned when a scan leaves something to do.
var errFindings = errors.New("the scan is not clean")

func (a *app) scanCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "scan",
		Short: "Have checkov and prowler judge what is deployed",
		Long: `Have published scanners judge what is deployed: checkov the resources in the state, in
Terraform's form, and prowler the account itself (Athena, DynamoDB, Glue, KMS and S3).
What the waiver file covers does not count; a waiver that has expired, or that covers
nothing any more, counts like a finding. The first time the scanners are installed, in
environments of their own. Nothing is changed in the account.`,
		Args: noArguments,
	}
	flags := command.Flags()
	request := scanRequest{}
	flags.StringVar(&request.waivers, "waivers", "", "waiver file (default: security/waivers.yaml)")
	flags.StringSliceVar(&request.scanners, "scanner", nil, "only one of the scanners: checkov or prowler")
	flags.BoolVar(&request.keepUnused, "allow-unused-waivers", false, "for an environment that has less in it than others")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		view := a.console()
		defer view.Close()
		report, err := a.scan(cmd.Context(), view, request)
		if err != nil {
			return err
		}
		view.Close()
		if err := a.print(report, describeScan(report)); err != nil {
			return err
		}
		if !report.Clean() {
			return hinted{errFindings, "Fix what is found, or say in security/waivers.yaml why it stays and until when."}
		}
		return nil
	}
	return command
}

type scanRequest struct {
	waivers    string
	scanners   []string
	keepUnused bool
}

// chosen gives the scanners to run.
func (r scanRequest) chosen() ([]scan.Scanner, error) {
	if len(r.scanners) == 0 {
		return scan.Scanners, nil
	}
	var chosen []scan.Scanner
	for _, name := range r.scanners {
		if !slices.Contains(scan.Scanners, scan.Scanner(name)) {
			return nil, fmt.Errorf("--scanner %s: there is no such scanner; scanners: %v", name, scan.Scanners)
		}
		chosen = append(chosen, scan.Scanner(name))
	}
	return chosen, nil
}

func (r scanRequest) readWaivers(root string, now time.Time) (scan.Waivers, error) {
	file := r.waivers
	if file == "" {
		file = filepath.Join(root, "security", "waivers.yaml")
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	waivers, err := scan.ParseWaivers(content, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return waivers, nil
}

// scan runs the scanners one after the other: each uses all processors by itself.
func (a *app) scan(ctx context.Context, view console.Console, request scanRequest) (scan.Report, error) {
	none := scan.Report{}
	chosen, err := request.chosen()
	if err != nil {
		return none, usageError{err}
	}
	waivers, err := request.readWaivers(a.root, time.Now())
	if err != nil {
		return none, err
	}
	environment, err := a.enter(ctx, view, false)
	if err != nil {
		return none, err
	}
	deployed, err := a.deployedResources(ctx, environment)
	if err != nil {
		return none, hinted{err, "Deploy everything first: tarn up --env " + a.environment}
	}
	paths, err := toolchain.NewPaths(a.root)
	if err != nil {
		return none, err
	}
	scanners, err := toolchain.EnsureScanners(ctx, paths, view)
	if err != nil {
		return none, err
	}
	judgements := map[scan.Scanner]scan.Judgement{}
	for _, scanner := range chosen {
		view.Start(string(scanner))
		judgement, err := judge(ctx, scanner, paths, scanners, environment.Region, deployed)
		view.Finish(string(scanner), fmt.Sprintf("%d findings", len(judgement.Findings)), err)
		if err != nil {
			return none, err
		}
		judgements[scanner] = judgement
	}
	settings, err := readSettings(a.root, a.environment)
	if err != nil {
		return none, err
	}
	where := scan.Environment{Name: a.environment, IsSet: settings.has}
	return scan.NewReport(where, judgements, waivers, request.keepUnused), nil
}

// stackSettings are the configurations of the projects in an environment, by key.
type stackSettings map[string]any

func readSettings(root, environment string) (stackSettings, error) {
	settings := stackSettings{}
	for _, project := range driver.Projects(root) {
		file := filepath.Join(project.Folder, "Pulumi."+environment+".yaml")
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var stack struct {
			Config map[string]any `yaml:"config"`
		}
		if err := yaml.Unmarshal(content, &stack); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		maps.Copy(settings, stack.Config)
	}
	return settings, nil
}

// has tells whether a setting, as datalake:settings.replication, is there.
func (s stackSettings) has(setting string) bool {
	key, rest, _ := strings.Cut(setting, ".")
	value, found := s[key]
	for _, name := range strings.Split(rest, ".") {
		fields, ok := value.(map[string]any)
		if !found || !ok {
			return false
		}
		value, found = fields[name]
	}
	return found
}

func (a *app) deployedResources(ctx context.Context, environment driver.Environment) ([]terraform.Resource, error) {
	store, err := state.Open(ctx, environment.Backend)
	if err != nil {
		return nil, err
	}
	var projects []string
	for _, project := range driver.Projects(a.root) {
		projects = append(projects, project.Name)
	}
	return scan.ReadDeployed(ctx, store, projects, a.environment)
}

func judge(ctx context.Context, scanner scan.Scanner, paths toolchain.Paths, scanners toolchain.Scanners, region string,
	deployed []terraform.Resource,
) (scan.Judgement, error) {
	if scanner == scan.Prowler {
		return scan.RunProwler(ctx, scan.ProwlerOptions{
			Python: scanners.Prowler, Region: region, Deployed: deployed,
			// An emulator is Tarn's alone.
			OnlyDeployed: os.Getenv("AWS_ENDPOINT_URL") == "",
		})
	}
	plugin, err := paths.AWSPlugin()
	if err != nil {
		return scan.Judgement{}, err
	}
	mapping, err := scan.ReadMapping(ctx, plugin)
	if err != nil {
		return scan.Judgement{}, err
	}
	plan, err := terraform.Convert(mapping, deployed)
	if err != nil {
		return scan.Judgement{}, fmt.Errorf("giving the resources Terraform's form: %w", err)
	}
	return scan.RunCheckov(ctx, scanners.Checkov, plan)
}

func describeScan(report scan.Report) string {
	var rows [][]string
	for _, summary := range report.Scanners {
		rows = append(rows, []string{
			string(summary.Scanner), strconv.Itoa(summary.Resources), strconv.Itoa(summary.Passed),
			strconv.Itoa(summary.Findings), strconv.Itoa(summary.Waived),
		})
	}
	parts := []string{console.Table([]string{"scanner", "resources", "checks passed", "findings", "waived"}, rows)}
	if len(report.Findings) > 0 {
		rows = nil
		for _, finding := range report.Findings {
			rows = append(rows, []string{finding.ID, finding.Resource, finding.Demand})
		}
		parts = append(parts, console.Table([]string{"check", "resource", "what it demands"}, rows))
	}
	parts = append(parts, report.Problems...)
	if report.Clean() {
		parts = append(parts, "Nothing is found outside the waivers.")
	}
	return strings.Join(parts, "\n")
}
