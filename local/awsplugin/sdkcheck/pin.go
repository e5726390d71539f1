//go:build pin

package sdkcheck

// Keeps the SDK in go.mod at the version the check is about. Nothing compiles this file: the check reads the SDK's
// source, and linking all of it would take minutes.
import _ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
