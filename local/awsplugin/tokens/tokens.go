// Package tokens lists the AWS resource types and functions the plugin serves: which Terraform type stands behind
// which Pulumi token. It is plain data, one file per service, so that the provider, the source cutter and the check
// against the Pulumi SDK all work from the same table.
package tokens

import (
	"unicode"
	"unicode/utf8"
)

// Service is one service package of the Terraform AWS provider, with what Tarn uses of it.
type Service struct {
	Package   string // name of the provider's service package, e.g. "logs"
	Module    string // Pulumi module its tokens are in, e.g. "cloudwatch"
	Resources []Entry
	Functions []Entry // Terraform calls them data sources
}

// Entry gives one Terraform type its Pulumi name.
type Entry struct {
	Terraform string // e.g. "aws_s3_bucket"
	Pulumi    string // e.g. "BucketV2", or "getRegion" for a function
	Fields    Fields // differences from what the bridge would make of the Terraform schema by itself
}

// Fields maps Terraform property names to what the Pulumi SDK has in their place.
type Fields map[string]Field

// Field is one difference between the bridge's default and the Pulumi SDK.
type Field struct {
	Name     string // the SDK's name of the property
	Shape    Shape  // list or single object
	Type     Type   // the SDK's type, where Terraform has text
	Asset    bool   // a file's content, given as a Pulumi asset
	AutoName Auto   // how to name the resource when the property is unset
	Default  any    // value when unset
	Fields   Fields // differences of a nested block
}

// Shape says whether a Terraform block that may occur once is a list or a single object in the SDK.
type Shape int

const (
	// DefaultShape keeps what the bridge makes of the Terraform schema.
	DefaultShape Shape = iota
	// List is a list although the block may occur only once.
	List
	// Single is an object although the Terraform schema does not say that the block occurs only once.
	Single
)

// Type is a primitive type by Pulumi's name for it.
type Type string

// Integer is for whole numbers that Terraform keeps as text, to tell "unset" from zero.
const Integer Type = "integer"

// Auto says how a name is made from the resource's logical name and a random ending. The zero value makes none.
type Auto struct {
	MaxLength int
	LowerCase bool
}

const (
	// Package is the Pulumi package of all tokens.
	Package = "aws"
	// Version is that of the Pulumi AWS SDK the plugin stands in for. The engine takes no plugin of another one.
	Version = "6.83.2"
)

// Services returns everything the plugin serves.
func Services() []Service {
	return []Service{
		athena, cloudwatch, dynamodb, ec2, events, glue, iam, kms, lakeFormation, logs, meta, s3, s3Control,
		secretsManager, sns, sqs, ssm, sts, vpc, zones,
	}
}

// ServicePackages names the Terraform provider's packages that must be built.
func ServicePackages() []string {
	var names []string
	for _, service := range Services() {
		names = append(names, service.Package)
	}
	return names
}

// Token is the full Pulumi token of an entry of the service, e.g. "aws:s3/bucketV2:BucketV2".
func (s Service) Token(e Entry) string {
	return Package + ":" + s.Module + "/" + lowerFirst(e.Pulumi) + ":" + e.Pulumi
}

func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}
