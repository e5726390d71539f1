package account

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// inherited are the settings of the default provider that another provider of the same account needs,
// too: how it logs in, which accounts it refuses, how it speaks to an emulator.
type inherited struct {
	AllowedAccountIDs         []string
	ForbiddenAccountIDs       []string
	Profile                   string
	MaxRetries                int
	S3UsePathStyle            bool
	SkipCredentialsValidation bool
	SkipMetadataAPICheck      bool
	SkipRequestingAccountID   bool
}

// notInherited are settings that decide as whom or where the default provider works, and that this
// program cannot hand on. With one of them a second provider would be somebody else.
var notInherited = []string{
	"accessKey", "assumeRole", "assumeRoles", "assumeRoleWithWebIdentity", "endpoints", "secretKey",
	"sharedConfigFiles", "sharedCredentialsFiles", "token",
}

// Provider makes a provider for another region of the account, with the settings that the stack
// file gives the default provider (`aws:…`). Components build no provider: the program does, and says
// for which resources.
func Provider(ctx *pulumi.Context, name, region string) (*aws.Provider, error) {
	found, err := inheritedSettings(ctx)
	if err != nil {
		return nil, err
	}
	args := &aws.ProviderArgs{
		Region:                    pulumi.String(region),
		S3UsePathStyle:            pulumi.Bool(found.S3UsePathStyle),
		SkipCredentialsValidation: pulumi.Bool(found.SkipCredentialsValidation),
		SkipMetadataApiCheck:      pulumi.Bool(found.SkipMetadataAPICheck),
		SkipRequestingAccountId:   pulumi.Bool(found.SkipRequestingAccountID),
	}
	// The provider takes one of the two lists, and an empty one for a list.
	if found.AllowedAccountIDs != nil {
		args.AllowedAccountIds = pulumi.ToStringArray(found.AllowedAccountIDs)
	}
	if found.ForbiddenAccountIDs != nil {
		args.ForbiddenAccountIds = pulumi.ToStringArray(found.ForbiddenAccountIDs)
	}
	if found.Profile != "" {
		args.Profile = pulumi.String(found.Profile)
	}
	if found.MaxRetries != 0 {
		args.MaxRetries = pulumi.Int(found.MaxRetries)
	}
	return aws.NewProvider(ctx, name, args)
}

// inheritedSettings reads the stack file's settings of the default provider.
func inheritedSettings(ctx *pulumi.Context) (inherited, error) {
	var problems []error
	for _, key := range notInherited {
		if _, err := config.Try(ctx, "aws:"+key); !errors.Is(err, config.ErrMissingVar) {
			problems = append(problems, fmt.Errorf(
				"aws:%s is set, which cannot be handed on to the provider of the second region: use a profile or variables instead", key))
		}
	}
	found := inherited{}
	for key, target := range map[string]any{
		"allowedAccountIds":         &found.AllowedAccountIDs,
		"forbiddenAccountIds":       &found.ForbiddenAccountIDs,
		"maxRetries":                &found.MaxRetries,
		"s3UsePathStyle":            &found.S3UsePathStyle,
		"skipCredentialsValidation": &found.SkipCredentialsValidation,
		"skipMetadataApiCheck":      &found.SkipMetadataAPICheck,
		"skipRequestingAccountId":   &found.SkipRequestingAccountID,
	} {
		if err := config.TryObject(ctx, "aws:"+key, target); err != nil && !errors.Is(err, config.ErrMissingVar) {
			problems = append(problems, fmt.Errorf("aws:%s: %w", key, err))
		}
	}
	profile, err := config.Try(ctx, "aws:profile")
	if err != nil && !errors.Is(err, config.ErrMissingVar) {
		problems = append(problems, fmt.Errorf("aws:profile: %w", err))
	}
	found.Profile = profile
	return found, errors.Join(problems...)
}
