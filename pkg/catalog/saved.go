package catalog

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/athena"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewQuery saves a query in a workgroup.
func NewQuery(
	ctx *pulumi.Context, name string, q Query, database, workgroup pulumi.StringInput, opts ...pulumi.ResourceOption,
) (*athena.NamedQuery, error) {
	return athena.NewNamedQuery(ctx, name, &athena.NamedQueryArgs{
		Name:        pulumi.String(q.Name),
		Description: pulumi.String(q.Description),
		Database:    database,
		Query:       pulumi.String(q.SQL),
		Workgroup:   workgroup.ToStringOutput().ToStringPtrOutput(),
	}, opts...)
}

// NewView makes a view of Athena's own kind: a table of the catalog whose text is the query, in the form
// that Athena's CREATE VIEW writes. The query runs with the rights of whoever asks, and its tables need
// not be there yet.
func NewView(
	ctx *pulumi.Context, name string, v View, database string, dependent pulumi.StringInput, opts ...pulumi.ResourceOption,
) (*glue.CatalogTable, error) {
	text, err := v.text(database)
	if err != nil {
		return nil, err
	}
	columns := glue.CatalogTableStorageDescriptorColumnArray{}
	for _, column := range v.Columns {
		columns = append(columns, glue.CatalogTableStorageDescriptorColumnArgs{
			Name: pulumi.String(column.Name), Type: pulumi.String(column.Type), Comment: optional(column.Description),
		})
	}
	return glue.NewCatalogTable(ctx, name, &glue.CatalogTableArgs{
		Name:         pulumi.String(v.Name),
		DatabaseName: dependent,
		Description:  pulumi.String(v.Description),
		TableType:    pulumi.String("VIRTUAL_VIEW"),
		// By these Athena tells its own views from Hive's.
		Parameters:       pulumi.StringMap{"presto_view": pulumi.String("true"), "comment": pulumi.String("Presto View")},
		ViewOriginalText: pulumi.String(text),
		ViewExpandedText: pulumi.String("/* Presto View */"),
		StorageDescriptor: glue.CatalogTableStorageDescriptorArgs{
			Columns: columns,
			// Athena refuses a view without any (terraform-provider-aws#28517).
			SerDeInfo: glue.CatalogTableStorageDescriptorSerDeInfoArgs{
				Name: pulumi.String("-"), SerializationLibrary: pulumi.String("-"),
			},
		},
	}, opts...)
}

func optional(text string) pulumi.StringPtrInput {
	if text == "" {
		return nil
	}
	return pulumi.String(text)
}

// text is the view as Athena keeps it in the catalog.
func (v *View) text(database string) (string, error) {
	type column struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	columns := []column{}
	for _, c := range v.Columns {
		kind, _ := athenaType(c.Type)
		columns = append(columns, column{c.Name, kind})
	}
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false) // SQL is full of < and >
	err := encoder.Encode(struct {
		SQL     string   `json:"originalSql"`
		Catalog string   `json:"catalog"`
		Schema  string   `json:"schema"`
		Columns []column `json:"columns"`
	}{v.SQL, "awsdatacatalog", database, columns})
	return "/* Presto View: " + base64.StdEncoding.EncodeToString(bytes.TrimSpace(raw.Bytes())) + " */", err
}

// athenaTypes are Athena's names for the types of the data set files, where they differ. A timestamp of
// an Iceberg table has microseconds; Athena takes one with fewer for it, and not the other way round.
var athenaTypes = map[string]string{
	"int": "integer", "bigint": "bigint", "float": "real", "double": "double", "string": "varchar",
	"boolean": "boolean", "date": "date", "timestamp": "timestamp(6)",
}

func plainTypes() []string { return slices.Sorted(maps.Keys(athenaTypes)) }

var decimal = regexp.MustCompile(`^decimal\(([0-9]{1,2}),([0-9]{1,2})\)$`)

// athenaType gives Athena's name for a type, and whether it knows it.
func athenaType(kind string) (string, bool) {
	if plain, found := athenaTypes[kind]; found {
		return plain, true
	}
	parts := decimal.FindStringSubmatch(kind)
	if parts == nil {
		return "", false
	}
	precision, err := strconv.Atoi(parts[1])
	scale, err2 := strconv.Atoi(parts[2])
	return kind, err == nil && err2 == nil && precision >= 1 && precision <= 38 && scale <= precision
}
