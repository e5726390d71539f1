// Package mpp is the third project: the pipelines that process the lake's data in parallel on Glue.
package mpp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/dataset"
	"github.com/tarn-data/tarn/pkg/pipeline"
	"github.com/tarn-data/tarn/pkg/settings"
	"github.com/tarn-data/tarn/pkg/tagging"
)

// Deploy gives the program of the mpp project. The folder is the project's: data sets, queries and
// job scripts are found below it.
func Deploy(folder string) pulumi.RunFunc { return DeployAs(folder, "") }

// DeployAs is Deploy with another Lake Formation mode than the lake's; empty is the lake's. What pipelines
// were granted must be taken back before the lake's tags and locations go.
func DeployAs(folder, mode string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		upstream, err := contract.ReadDatalake(ctx)
		if err != nil {
			return err
		}
		if mode != "" {
			upstream.LakeFormationMode = mode
		}
		built, err := Build(ctx, folder, upstream)
		if err != nil {
			return err
		}
		built.Export(ctx)
		return nil
	}
}

// Build makes the resources of the project and gives what it promises its users.
func Build(ctx *pulumi.Context, folder string, lake contract.Datalake) (contract.MPP, error) {
	none := contract.MPP{}
	config := defaults()
	if err := settings.Load(ctx, contract.ProjectMPP, &config); err != nil {
		return none, err
	}
	scope := config.scope(ctx.Stack())
	if err := scope.Validate(); err != nil {
		return none, err
	}
	files, err := dataset.Load(os.DirFS(folder), config.folders())
	if err != nil {
		return none, err
	}
	if err := errors.Join(config.checkPipelines(files.Pipelines), checkUploads(folder, config.Uploads)); err != nil {
		return none, err
	}
	acct, err := account.Lookup(ctx)
	if err != nil {
		return none, err
	}
	d := &deployment{
		ctx: ctx, folder: folder, config: config, files: files,
		environment: &pipeline.Environment{
			Scope: scope, Account: acct, Lake: lake, LogRetentionDays: config.LogRetentionDays,
			Tags: tagging.New(scope, contract.ProjectMPP, config.Owner, config.Tags),
		},
	}
	if err := d.plan(); err != nil {
		return none, err
	}
	if err := d.make(); err != nil {
		return none, err
	}
	built := contract.MPP{Pipelines: map[string]pulumi.Map{}, Lake: lake, UploadFolder: config.Uploads}
	for _, args := range d.pipelines {
		built.Pipelines[args.Pipeline.Name] = d.made[args.Pipeline.Name].Contract()
	}
	return built, nil
}

// checkUploads refuses a folder to upload that is not there. Its files are uploaded after the deployment (`tarn up`, or
// `tarn upload` where Pulumi is used by hand): they are data and no resources of the stack.
func checkUploads(project, uploads string) error {
	if uploads == "" {
		return nil
	}
	folder := uploads
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(project, uploads)
	}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mpp:settings.uploads: there is no folder %s (`tarn local up` makes the sample data)", folder)
	}
	return nil
}
