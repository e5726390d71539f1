package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/tarn-data/tarn/pkg/console"
	"github.com/tarn-data/tarn/pkg/contract"
	"github.com/tarn-data/tarn/pkg/driver"
	"github.com/tarn-data/tarn/pkg/s3client"
	"github.com/tarn-data/tarn/pkg/upload"
)

func (a *app) uploadCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "upload [FOLDER]",
		Short: "Bring the raw zone in line with a local folder",
		Long: `Upload the files of a folder to the raw zone; a file's key is its path below the folder.
Files whose content is there already are left alone, so that an interrupted upload goes
on and a second one does nothing. Hidden files are left out.

Without FOLDER it is the one of mpp:settings.uploads, which "tarn up" uploads, too.
Nothing is deleted unless --delete is given, and then only below those top-level folders
that FOLDER has; deleted objects stay as old versions for as long as the zone keeps them.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{errors.New("name one folder: tarn upload [FOLDER]")}
			}
			return nil
		},
	}
	flags := command.Flags()
	prefix := flags.String("to", "", "folder of the raw zone (default: its root)")
	options := upload.Options{}
	flags.BoolVar(&options.Delete, "delete", false, "delete objects that the folder does not have")
	flags.BoolVar(&options.DryRun, "dry-run", false, "say what would be done and do nothing")
	flags.IntVar(&options.AtOnce, "parallel", upload.AtOnce, "files at a time")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if options.AtOnce < 1 || options.AtOnce > 256 {
			return usageError{fmt.Errorf("--parallel %d: want 1 to 256", options.AtOnce)}
		}
		view := a.console()
		defer view.Close()
		d, err := a.open(cmd.Context(), view, false)
		if err != nil {
			return err
		}
		to, err := a.uploads(cmd.Context(), d)
		if err != nil {
			return err
		}
		folder := ""
		switch {
		case len(args) == 1:
			if folder, err = filepath.Abs(args[0]); err != nil {
				return err
			}
		case to.Folder == "":
			return usageError{fmt.Errorf("name a folder: environment %s has no mpp:settings.uploads", a.environment)}
		default:
			folder = a.uploadFolder(to)
		}
		target := upload.Target{Bucket: to.Bucket, KeyARN: to.KeyARN, Prefix: strings.Trim(*prefix, "/")}
		result, err := a.upload(cmd.Context(), view, folder, target, options)
		view.Close()
		if printed := a.print(result, uploadText(result)); printed != nil {
			return printed
		}
		if err != nil {
			return hinted{err, "What was uploaded is there. The same command goes on with the rest."}
		}
		return nil
	}
	return command
}

// uploads reads where raw files go.
func (a *app) uploads(ctx context.Context, d *driver.Driver) (contract.Uploads, error) {
	outputs, err := d.ProjectOutputs(ctx, contract.ProjectMPP)
	if errors.Is(err, driver.ErrNotDeployed) {
		return contract.Uploads{}, hinted{err, fmt.Sprintf("Deploy it first: tarn up --env %s", a.environment)}
	}
	if err != nil {
		return contract.Uploads{}, err
	}
	return contract.UploadsOf(outputs)
}

// uploadFolder resolves the folder of the settings.
func (a *app) uploadFolder(to contract.Uploads) string {
	if filepath.IsAbs(to.Folder) {
		return to.Folder
	}
	return filepath.Join(a.root, contract.ProjectMPP, to.Folder)
}

// uploadConfigured uploads the folder of the settings after a deployment, if there is one.
func (a *app) uploadConfigured(ctx context.Context, view console.Console, d *driver.Driver) (*upload.Result, error) {
	if len(a.only) > 0 && !slices.Contains(a.only, contract.ProjectMPP) {
		return nil, nil
	}
	to, err := a.uploads(ctx, d)
	if err != nil || to.Folder == "" {
		return nil, err
	}
	result, err := a.upload(ctx, view, a.uploadFolder(to), upload.Target{Bucket: to.Bucket, KeyARN: to.KeyARN},
		upload.Options{AtOnce: upload.AtOnce})
	return &result, err
}

const uploadTask = "upload"

// upload uploads a folder and shows how far it is.
func (a *app) upload(
	ctx context.Context, view console.Console, folder string, to upload.Target, options upload.Options,
) (upload.Result, error) {
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return upload.Result{}, fmt.Errorf("AWS credentials: %w", err)
	}
	client := s3client.New(loaded)
	view.Start(uploadTask)
	result, err := upload.Sync(ctx, client, folder, to, options, func(done, files int, bytes int64) {
		view.Detail(uploadTask, fmt.Sprintf("%d of %d files, %s uploaded", done, files, megabytes(bytes)))
	})
	if err != nil {
		view.Finish(uploadTask, "", err)
		return result, err
	}
	view.Finish(uploadTask, uploadText(result), nil)
	return result, nil
}

// uploadText is the result for people.
func uploadText(r upload.Result) string {
	words := []string{"uploaded", "deleted"}
	if r.DryRun {
		words = []string{"would be uploaded", "would be deleted"}
	}
	text := fmt.Sprintf("%d of %d files %s to %s (%s), %d unchanged",
		r.Uploaded, r.Files, words[0], r.Bucket, megabytes(r.Bytes), r.Unchanged)
	if len(r.Deleted) > 0 {
		text += fmt.Sprintf(", %d %s", len(r.Deleted), words[1])
	}
	if r.DryRun {
		for _, key := range r.Deleted {
			text += "\n  delete " + key
		}
	}
	return text
}

func megabytes(bytes int64) string {
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
