package catalog

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewEncryption encrypts what the Glue catalog of the account and region holds from now on, and the
// passwords of its connections. What is there already stays as it is, and what was encrypted stays so
// when the resource goes (Glue User Guide, "Encrypting your Data Catalog").
func NewEncryption(
	ctx *pulumi.Context, name string, keyARN pulumi.StringInput, opts ...pulumi.ResourceOption,
) (*glue.DataCatalogEncryptionSettings, error) {
	return glue.NewDataCatalogEncryptionSettings(ctx, name, &glue.DataCatalogEncryptionSettingsArgs{
		DataCatalogEncryptionSettings: glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsArgs{
			ConnectionPasswordEncryption: glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsConnectionPasswordEncryptionArgs{
				ReturnConnectionPasswordEncrypted: pulumi.Bool(true),
				AwsKmsKeyId:                       keyARN.ToStringOutput().ToStringPtrOutput(),
			},
			EncryptionAtRest: glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsEncryptionAtRestArgs{
				CatalogEncryptionMode: pulumi.String("SSE-KMS"),
				SseAwsKmsKeyId:        keyARN.ToStringOutput().ToStringPtrOutput(),
			},
		},
	}, opts...)
}
