package catalog

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/tarn-data/tarn/pkg/account"
	"github.com/tarn-data/tarn/pkg/naming"
	"github.com/tarn-data/tarn/pkg/policy"
)

// serdes are how Athena and Glue read and write the formats (Athena User Guide, "Choose a SerDe for your data").
var serdes = map[string]struct {
	input, output, library string
	parameters             map[string]string
}{
	"parquet": {
		"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		"org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
		"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", map[string]string{"serialization.format": "1"},
	},
	"csv": {
		textInput, textOutput, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
		map[string]string{"field.delim": ",", "serialization.format": ","},
	},
	"json": {textInput, textOutput, "org.openx.data.jsonserde.JsonSerDe", map[string]string{"serialization.format": "1"}},
}

const (
	textInput  = "org.apache.hadoop.mapred.TextInputFormat"
	textOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
)

// TableArgs configures a declared table.
type TableArgs struct {
	// Required: what its file says.
	Table Table
	// Required: its folder of the zone, without a slash at the end.
	Folder string
	// Required: the zone's bucket.
	Bucket pulumi.StringOutput
	// Required: its database.
	Database pulumi.StringOutput
}

// NewTable makes a declared table. An Iceberg table is made with its first metadata file. From then on it belongs
// to those who write it: Glue would change the entry of the catalog and not the table, so that the two would
// contradict each other (terraform-provider-aws#36641), and nothing that the file says later changes it.
func NewTable(ctx *pulumi.Context, name string, args *TableArgs, opts ...pulumi.ResourceOption) (*glue.CatalogTable, error) {
	table := args.Table
	columns := glue.CatalogTableStorageDescriptorColumnArray{}
	for _, column := range table.Columns {
		columns = append(columns, glue.CatalogTableStorageDescriptorColumnArgs{
			Name: pulumi.String(column.Name), Type: pulumi.String(column.Type), Comment: optional(column.Description),
		})
	}
	made := &glue.CatalogTableArgs{
		Name:         pulumi.String(table.Name),
		DatabaseName: args.Database,
		Description:  pulumi.String(table.Description),
		TableType:    pulumi.String("EXTERNAL_TABLE"),
	}
	if table.Iceberg() {
		made.StorageDescriptor = glue.CatalogTableStorageDescriptorArgs{
			Columns: columns, Location: pulumi.Sprintf("s3://%s/%s", args.Bucket, args.Folder),
		}
		made.OpenTableFormatInput = glue.CatalogTableOpenTableFormatInputArgs{
			IcebergInput: glue.CatalogTableOpenTableFormatInputIcebergInputArgs{
				MetadataOperation: pulumi.String("CREATE"), Version: pulumi.String("2"),
			},
		}
		opts = append(opts, pulumi.IgnoreChanges([]string{
			"description", "openTableFormatInput", "parameters", "partitionKeys", "storageDescriptor", "tableType",
		}))
		return glue.NewCatalogTable(ctx, name, made, opts...)
	}
	serde := serdes[table.Format]
	made.Parameters = pulumi.ToStringMap(table.parameters())
	made.StorageDescriptor = glue.CatalogTableStorageDescriptorArgs{
		Columns:      columns,
		Location:     pulumi.Sprintf("s3://%s/%s/", args.Bucket, args.Folder),
		InputFormat:  pulumi.String(serde.input),
		OutputFormat: pulumi.String(serde.output),
		SerDeInfo: glue.CatalogTableStorageDescriptorSerDeInfoArgs{
			SerializationLibrary: pulumi.String(serde.library), Parameters: pulumi.ToStringMap(serde.parameters),
		},
	}
	keys := glue.CatalogTablePartitionKeyArray{}
	for _, key := range table.PartitionBy {
		keys = append(keys, glue.CatalogTablePartitionKeyArgs{
			Name: pulumi.String(key.Name), Type: pulumi.String(key.Type), Comment: optional(key.Description),
		})
	}
	made.PartitionKeys = keys
	return glue.NewCatalogTable(ctx, name, made, opts...)
}

// OptimizerName is the name of the role that Glue optimizes a table with.
func OptimizerName(scope naming.Scope, table string) string {
	return scope.Name("catalog", "optimizer", table)
}

// OptimizerPolicy is what Glue may do to optimize a table; it follows the Glue User Guide, "Table optimization
// prerequisites". v has the bucket, the database and the key.
func OptimizerPolicy(acct account.Account, table, folder string, v map[string]string) policy.Document {
	bucket := acct.BucketARN(v["bucket"])
	return policy.Document{Statements: []policy.Statement{
		policy.ListPrefixes("ListTable", bucket, folder),
		policy.WriteObjects("RewriteTable", bucket, folder),
		{
			Sid: "UpdateCatalog", Effect: policy.Allow,
			Actions: []string{"glue:GetTable", "glue:UpdateTable"}, Resources: TableARNs(acct, table, v["database"]),
		},
		OptimizerLogs(acct),
		PublishMetrics(GlueMetrics),
		policy.UseKey("UseKey", v["key"]),
	}}
}

// OptimizerLogs lets optimizers write their log: there is one group for each kind of them, the same for every table of
// the account.
func OptimizerLogs(acct account.Account) policy.Statement {
	return writeLogs(acct, "/aws-glue/iceberg-*")
}

// NewOptimizers lets Glue optimize a table.
func NewOptimizers(
	ctx *pulumi.Context, name string, args *TableArgs, catalogID string, table *glue.CatalogTable, role *Role, opts ...pulumi.ResourceOption,
) error {
	wanted := args.Table.Optimizers
	configurations := map[string]glue.CatalogTableOptimizerConfigurationArgs{}
	if wanted.Compaction {
		configurations["compaction"] = glue.CatalogTableOptimizerConfigurationArgs{}
	}
	if retention := wanted.SnapshotRetention; retention != nil {
		configurations["retention"] = glue.CatalogTableOptimizerConfigurationArgs{
			RetentionConfiguration: glue.CatalogTableOptimizerConfigurationRetentionConfigurationArgs{
				IcebergConfiguration: glue.CatalogTableOptimizerConfigurationRetentionConfigurationIcebergConfigurationArgs{
					CleanExpiredFiles:             pulumi.Bool(true), // or only the list of states would get shorter
					NumberOfSnapshotsToRetain:     pulumi.Int(either(retention.Keep, defaultSnapshotKeep)),
					SnapshotRetentionPeriodInDays: pulumi.Int(either(retention.Days, defaultSnapshotDays)),
				},
			},
		}
	}
	if orphans := wanted.OrphanFiles; orphans != nil {
		configurations["orphan_file_deletion"] = glue.CatalogTableOptimizerConfigurationArgs{
			OrphanFileDeletionConfiguration: glue.CatalogTableOptimizerConfigurationOrphanFileDeletionConfigurationArgs{
				IcebergConfiguration: glue.CatalogTableOptimizerConfigurationOrphanFileDeletionConfigurationIcebergConfigurationArgs{
					OrphanFileRetentionPeriodInDays: pulumi.Int(either(orphans.Days, defaultOrphanDays)),
					Location:                        pulumi.Sprintf("s3://%s/%s", args.Bucket, args.Folder),
				},
			},
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(configurations)) {
		configuration := configurations[kind]
		configuration.Enabled, configuration.RoleArn = pulumi.Bool(true), role.ARN
		_, err := glue.NewCatalogTableOptimizer(ctx, name+"-"+kind, &glue.CatalogTableOptimizerArgs{
			CatalogId: pulumi.String(catalogID), DatabaseName: args.Database, TableName: table.Name,
			Type: pulumi.String(kind), Configuration: configuration,
		}, append(slices.Clone(opts), pulumi.DependsOn(role.Made))...)
		if err != nil {
			return err
		}
	}
	return nil
}
