// Package accesskey makes and replaces the access key of the CI user. A key goes from IAM straight into
// its secret in Secrets Manager: no file, output or Pulumi state ever has it.
package accesskey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// IAM is what is needed of an *iam.Client.
type IAM interface {
	ListAccessKeys(context.Context, *iam.ListAccessKeysInput, ...func(*iam.Options)) (*iam.ListAccessKeysOutput, error)
	CreateAccessKey(context.Context, *iam.CreateAccessKeyInput, ...func(*iam.Options)) (*iam.CreateAccessKeyOutput, error)
	UpdateAccessKey(context.Context, *iam.UpdateAccessKeyInput, ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error)
	DeleteAccessKey(context.Context, *iam.DeleteAccessKeyInput, ...func(*iam.Options)) (*iam.DeleteAccessKeyOutput, error)
}

// Secrets is what is needed of a *secretsmanager.Client.
type Secrets interface {
	DescribeSecret(
		context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options),
	) (*secretsmanager.DescribeSecretOutput, error)
	GetSecretValue(
		context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options),
	) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(
		context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options),
	) (*secretsmanager.PutSecretValueOutput, error)
}

// Rotation replaces the access key of one user. IAM allows a user two keys (IAM User Guide, "Manage
// access keys"): the current one and the one before, which goes on working until the next rotation or
// until it is retired, so that a CI system has time to take up the new one.
type Rotation struct {
	IAM     IAM
	Secrets Secrets
	User    string
	Secret  string // ARN or name
}

// Report says which keys there are afterwards. Only their identifiers, which are not secret.
type Report struct {
	User     string    `json:"user"`
	Secret   string    `json:"secret"`
	Current  string    `json:"current"`            // in the secret as AWSCURRENT
	Created  time.Time `json:"created,omitzero"`   // of the current one
	Previous string    `json:"previous,omitempty"` // still working; in the secret as AWSPREVIOUS
	Deleted  []string  `json:"deleted,omitempty"`
	Made     bool      `json:"made"` // whether the current one was made by this call
}

// stored is the form of the secret: the names that AWS's own tools use for a key.
type stored struct {
	ID     string `json:"aws_access_key_id"`
	Secret string `json:"aws_secret_access_key"`
}

// First makes a key for a user that has none in its secret, and otherwise changes nothing.
func (r Rotation) First(ctx context.Context) (Report, error) {
	return r.run(ctx, func(current, _ string) bool { return current == "" }, false)
}

// Rotate makes a new key. The one that was current goes on working; the one before that is deleted.
func (r Rotation) Rotate(ctx context.Context) (Report, error) {
	return r.run(ctx, func(string, string) bool { return true }, false)
}

// Retire deletes the key before the current one, once everybody has taken up the current one.
func (r Rotation) Retire(ctx context.Context) (Report, error) {
	return r.run(ctx, func(current, _ string) bool { return current == "" }, true)
}

// run first deletes the keys that nobody can be using: those that never got into the secret, because a
// rotation was killed between making and storing one. So the same call converges after any failure.
func (r Rotation) run(ctx context.Context, wantNew func(current, previous string) bool, retire bool) (Report, error) {
	report := Report{User: r.User, Secret: r.Secret}
	// A secret that is not there looks like one without a value, and every working key like one that was
	// never stored.
	if _, err := r.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &r.Secret}); err != nil {
		return report, fmt.Errorf("looking for secret %s: %w", r.Secret, err)
	}
	current, err := r.read(ctx, "AWSCURRENT")
	if err != nil {
		return report, err
	}
	previous, err := r.read(ctx, "AWSPREVIOUS")
	if err != nil {
		return report, err
	}
	keys, err := r.keys(ctx)
	if err != nil {
		return report, err
	}
	if !slices.ContainsFunc(keys, is(current)) {
		current = "" // deleted by somebody else
	}
	makeNew := wantNew(current, previous)
	for _, key := range keys {
		id := aws.ToString(key.AccessKeyId)
		if id == current || id == previous && !makeNew && !retire {
			continue
		}
		if err := r.delete(ctx, id); err != nil {
			return report, err
		}
		report.Deleted = append(report.Deleted, id)
	}
	if makeNew {
		report.Previous = current
		report.Current, report.Created, err = r.make(ctx)
		report.Made = err == nil
		return report, err
	}
	report.Current = current
	if at := slices.IndexFunc(keys, is(current)); at >= 0 {
		report.Created = aws.ToTime(keys[at].CreateDate)
	}
	if !retire && slices.ContainsFunc(keys, is(previous)) {
		report.Previous = previous
	}
	return report, nil
}

func is(id string) func(iamtypes.AccessKeyMetadata) bool {
	return func(key iamtypes.AccessKeyMetadata) bool { return aws.ToString(key.AccessKeyId) == id }
}

// read gives the key identifier in a version of the secret, empty when there is no such version.
func (r Rotation) read(ctx context.Context, stage string) (string, error) {
	answer, err := r.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &r.Secret, VersionStage: &stage})
	var missing *secrettypes.ResourceNotFoundException
	if errors.As(err, &missing) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading secret %s: %w", r.Secret, err)
	}
	var key stored
	err = json.Unmarshal([]byte(aws.ToString(answer.SecretString)), &key)
	if err != nil || key.ID == "" || key.Secret == "" { // not empty: a key in another form may be in use
		return "", fmt.Errorf("secret %s holds no access key: %w", r.Secret, errNotAKey)
	}
	return key.ID, nil
}

// errNotAKey replaces the error of the JSON library, which may quote the secret.
var errNotAKey = errors.New("not of the form {aws_access_key_id, aws_secret_access_key}")

func (r Rotation) keys(ctx context.Context) ([]iamtypes.AccessKeyMetadata, error) {
	answer, err := r.IAM.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &r.User})
	if err != nil {
		return nil, fmt.Errorf("listing the access keys of user %s: %w", r.User, err)
	}
	return answer.AccessKeyMetadata, nil
}

func (r Rotation) make(ctx context.Context) (string, time.Time, error) {
	answer, err := r.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &r.User})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("making an access key for user %s: %w", r.User, err)
	}
	id := aws.ToString(answer.AccessKey.AccessKeyId)
	content, err := json.Marshal(stored{id, aws.ToString(answer.AccessKey.SecretAccessKey)}) //nolint:gosec // for its secret alone
	if err != nil {
		return "", time.Time{}, err
	}
	text := string(content)
	if _, err := r.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &r.Secret, SecretString: &text}); err != nil {
		err = fmt.Errorf("storing the access key in secret %s: %w", r.Secret, err)
		switch current, reading := r.read(ctx, "AWSCURRENT"); {
		case reading != nil: // perhaps it is stored: the next call finds that out, and deletes it if not
			return "", time.Time{}, errors.Join(err, reading)
		case current != id: // a key that nobody can read is of no use
			return "", time.Time{}, errors.Join(err, r.delete(ctx, id))
		} // else only the answer was lost
	}
	return id, aws.ToTime(answer.AccessKey.CreateDate), nil
}

// delete switches a key off before it goes, as AWS advises: what is wrong then shows while it can be
// switched on again.
func (r Rotation) delete(ctx context.Context, id string) error {
	_, err := r.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{
		UserName: &r.User, AccessKeyId: &id, Status: iamtypes.StatusTypeInactive,
	})
	if err == nil {
		_, err = r.IAM.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &r.User, AccessKeyId: &id})
	}
	if err != nil {
		return fmt.Errorf("deleting access key %s of user %s: %w", id, r.User, err)
	}
	return nil
}
