package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const terraformProgram = `
terraform {
  backend "s3" {
    bucket         = "BUCKET"
    key            = "terraform/neighbour.tfstate"
    region         = "us-east-1"
    dynamodb_table = "TABLE"
    use_path_style = true
    skip_metadata_api_check = true
  }
}

resource "terraform_data" "slow" {
  triggers_replace = timestamp()
  provisioner "local-exec" {
    command = "while [ ! -e go ]; do sleep 0.1; done"
  }
}
`

// terraform lets Terraform, if this machine has it, lock its own state with the environment's table: the key of the
// table is the one that its S3 backend expects.
func (l *lake) terraform(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("terraform is not installed")
	}
	folder := t.TempDir()
	text := strings.NewReplacer("BUCKET", l.bucket(), "TABLE", l.table()).Replace(terraformProgram)
	if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	terraform := func(args ...string) *exec.Cmd {
		command := exec.Command(program, args...)
		command.Dir = folder
		command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+l.endpoint(t), "AWS_ACCESS_KEY_ID=AKIATARNLOCALEXAMPLE",
			"AWS_SECRET_ACCESS_KEY=local", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
			"TF_CLI_CONFIG_FILE=", "CHECKPOINT_DISABLE=1", "NO_COLOR=1")
		return command
	}
	if out, err := terraform("init", "-input=false").CombinedOutput(); err != nil {
		t.Fatalf("terraform init: %v\n%s", err, out)
	}
	var first strings.Builder
	holder := terraform("apply", "-auto-approve", "-input=false")
	holder.Stdout, holder.Stderr = &first, &first
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	client := dynamodb.NewFromConfig(l.aws(t))
	lockID := l.bucket() + "/terraform/neighbour.tfstate"
	waitFor(t, "Terraform to lock", func() bool {
		item, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: aws.String(l.table()), Key: map[string]types.AttributeValue{"LockID": &types.AttributeValueMemberS{Value: lockID}},
		})
		return err == nil && len(item.Item) > 0
	})
	if out, err := terraform("apply", "-auto-approve", "-input=false", "-lock-timeout=0s").CombinedOutput(); err == nil || !strings.Contains(string(out), "ConditionalCheckFailed") {
		t.Errorf("a second apply was not refused: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(folder, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err != nil {
		t.Errorf("terraform apply: %v\n%s", err, first.String())
	}
	if out, err := terraform("destroy", "-auto-approve", "-input=false").CombinedOutput(); err != nil {
		t.Errorf("terraform destroy: %v\n%s", err, out)
	}
}
