//go:build awsplugin

package provider

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-provider-aws/xpprovider"

	"github.com/tarn-data/tarn/local/awsplugin/tokens"
)

// optIn makes a principal subject to Lake Formation on a resource whose location is in hybrid access mode. The
// Terraform provider has this resource since 5.84, which is newer than the code the plugin is built from; the names are
// those of the SDK. Whatever changes makes another opt-in: AWS has no call to change one.
func optIn() *schema.Resource {
	return &schema.Resource{
		CreateWithoutTimeout: createOptIn,
		ReadWithoutTimeout:   readOptIn,
		DeleteWithoutTimeout: deleteOptIn,
		Schema: map[string]*schema.Schema{
			"condition":       blocks(0, map[string]*schema.Schema{"expression": computedText()}),
			"last_modified":   computedText(),
			"last_updated_by": computedText(),
			"principal":       blocks(0, map[string]*schema.Schema{"data_lake_principal_identifier": requiredText()}),
			"resource_data": blocks(0, map[string]*schema.Schema{
				"catalog": blocks(0, map[string]*schema.Schema{"id": optionalText()}),
				"data_cells_filter": blocks(0, map[string]*schema.Schema{
					"database_name": optionalText(), "name": optionalText(), "table_catalog_id": optionalText(), "table_name": optionalText(),
				}),
				"data_location":     blocks(0, map[string]*schema.Schema{"catalog_id": optionalText(), "resource_arn": requiredText()}),
				"database":          blocks(1, map[string]*schema.Schema{"catalog_id": optionalText(), "name": requiredText()}),
				"lf_tag":            blocks(1, map[string]*schema.Schema{"catalog_id": optionalText(), "key": requiredText(), "value": requiredText()}),
				"lf_tag_expression": blocks(0, map[string]*schema.Schema{"catalog_id": optionalText(), "name": requiredText()}),
				"lf_tag_policy": blocks(0, map[string]*schema.Schema{
					"catalog_id": optionalText(), "expression": texts(), "expression_name": optionalText(), "resource_type": requiredText(),
				}),
				"table": blocks(1, map[string]*schema.Schema{
					"catalog_id": optionalText(), "database_name": requiredText(), "name": optionalText(),
					"wildcard": {Type: schema.TypeBool, Optional: true, ForceNew: true},
				}),
				"table_with_columns": blocks(1, map[string]*schema.Schema{
					"catalog_id": optionalText(), "column_names": texts(), "database_name": requiredText(), "name": requiredText(),
					"column_wildcard": blocks(1, map[string]*schema.Schema{"excluded_column_names": texts()}),
				}),
			}),
		},
	}
}

// addOptIn puts the resource among those of the Terraform provider.
func addOptIn(upstream *schema.Provider) error {
	if _, there := upstream.ResourcesMap[tokens.OptIn]; there {
		return errors.New("the Terraform provider has " + tokens.OptIn + " itself: remove the one that was made here")
	}
	upstream.ResourcesMap[tokens.OptIn] = optIn()
	return nil
}

func blocks(most int, fields map[string]*schema.Schema) *schema.Schema {
	return &schema.Schema{
		Type: schema.TypeList, Optional: true, ForceNew: true, MaxItems: most, Elem: &schema.Resource{Schema: fields},
	}
}

func texts() *schema.Schema {
	return &schema.Schema{Type: schema.TypeList, Optional: true, ForceNew: true, Elem: &schema.Schema{Type: schema.TypeString}}
}

func requiredText() *schema.Schema {
	return &schema.Schema{Type: schema.TypeString, Required: true, ForceNew: true}
}

func optionalText() *schema.Schema {
	return &schema.Schema{Type: schema.TypeString, Optional: true, ForceNew: true}
}

func computedText() *schema.Schema { return &schema.Schema{Type: schema.TypeString, Computed: true} }

func createOptIn(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	client := lakeFormation(ctx, meta)
	principal, resource, err := optInOf(d)
	if err != nil {
		return diag.FromErr(err)
	}
	found, err := findOptIn(ctx, client, principal, resource)
	if err == nil && found == nil { // one that is there already was made by a deployment that was killed
		_, err = client.CreateLakeFormationOptIn(ctx, &lakeformation.CreateLakeFormationOptInInput{Principal: principal, Resource: resource})
	}
	if err != nil {
		return diag.FromErr(fmt.Errorf("opting in %s: %w", aws.ToString(principal.DataLakePrincipalIdentifier), err))
	}
	d.SetId(fmt.Sprint(crc32.ChecksumIEEE([]byte(fmt.Sprint(d.Get("principal"), d.Get("resource_data"))))))
	return readOptIn(ctx, d, meta)
}

func readOptIn(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	principal, resource, err := optInOf(d)
	if err != nil {
		return diag.FromErr(err)
	}
	found, err := findOptIn(ctx, lakeFormation(ctx, meta), principal, resource)
	switch {
	case err != nil:
		return diag.FromErr(fmt.Errorf("reading the opt-in of %s: %w", aws.ToString(principal.DataLakePrincipalIdentifier), err))
	case found == nil && d.IsNewResource():
		return diag.Errorf("the opt-in of %s was made and is not there", aws.ToString(principal.DataLakePrincipalIdentifier))
	case found == nil:
		d.SetId("")
		return nil
	}
	modified := ""
	if found.LastModified != nil {
		modified = found.LastModified.Format(time.RFC3339)
	}
	return diag.FromErr(errors.Join(
		d.Set("last_modified", modified), d.Set("last_updated_by", aws.ToString(found.LastUpdatedBy)),
	))
}

func deleteOptIn(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	principal, resource, err := optInOf(d)
	if err != nil {
		return diag.FromErr(err)
	}
	_, err = lakeFormation(ctx, meta).DeleteLakeFormationOptIn(ctx, &lakeformation.DeleteLakeFormationOptInInput{
		Principal: principal, Resource: resource,
	})
	var gone *types.EntityNotFoundException
	if err != nil && !errors.As(err, &gone) {
		return diag.FromErr(fmt.Errorf("opting out %s: %w", aws.ToString(principal.DataLakePrincipalIdentifier), err))
	}
	return nil
}

func lakeFormation(ctx context.Context, meta any) *lakeformation.Client {
	return meta.(*xpprovider.AWSClient).LakeFormationClient(ctx)
}

// findOptIn gives nil when there is none. The answer is searched once more, because AWS fills in the catalog.
func findOptIn(
	ctx context.Context, client *lakeformation.Client, principal *types.DataLakePrincipal, resource *types.Resource,
) (*types.LakeFormationOptInsInfo, error) {
	pages := lakeformation.NewListLakeFormationOptInsPaginator(client, &lakeformation.ListLakeFormationOptInsInput{Principal: principal})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, one := range page.LakeFormationOptInsInfoList {
			if sameResource(one.Resource, resource) {
				return &one, nil
			}
		}
	}
	return nil, nil
}

// sameResource compares what is set in the wanted one.
func sameResource(found, wanted *types.Resource) bool {
	return found != nil && covers(reflect.ValueOf(*found), reflect.ValueOf(*wanted))
}

func covers(found, wanted reflect.Value) bool {
	switch wanted.Kind() {
	case reflect.Pointer:
		return wanted.IsNil() || !found.IsNil() && covers(found.Elem(), wanted.Elem())
	case reflect.Struct:
		for i := range wanted.NumField() {
			if wanted.Type().Field(i).IsExported() && !covers(found.Field(i), wanted.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		return wanted.Len() == 0 || reflect.DeepEqual(found.Interface(), wanted.Interface())
	default:
		return wanted.IsZero() || reflect.DeepEqual(found.Interface(), wanted.Interface())
	}
}

// optInOf reads who opts in for what. Exactly one kind of resource is given.
func optInOf(d *schema.ResourceData) (*types.DataLakePrincipal, *types.Resource, error) {
	who, _ := first(d.Get("principal"))["data_lake_principal_identifier"].(string)
	resource := &types.Resource{}
	var given []string
	for kind, value := range first(d.Get("resource_data")) {
		block := blockOf(first(value))
		if len(block) == 0 {
			continue
		}
		given = append(given, kind)
		switch kind {
		case "catalog":
			resource.Catalog = &types.CatalogResource{Id: block.text("id")}
		case "data_cells_filter":
			resource.DataCellsFilter = &types.DataCellsFilterResource{
				DatabaseName: block.text("database_name"), Name: block.text("name"),
				TableCatalogId: block.text("table_catalog_id"), TableName: block.text("table_name"),
			}
		case "data_location":
			resource.DataLocation = &types.DataLocationResource{CatalogId: block.text("catalog_id"), ResourceArn: block.text("resource_arn")}
		case "database":
			resource.Database = &types.DatabaseResource{CatalogId: block.text("catalog_id"), Name: block.text("name")}
		case "lf_tag":
			value, _ := block["value"].(string)
			resource.LFTag = &types.LFTagKeyResource{CatalogId: block.text("catalog_id"), TagKey: block.text("key"), TagValues: []string{value}}
		case "lf_tag_expression":
			resource.LFTagExpression = &types.LFTagExpressionResource{CatalogId: block.text("catalog_id"), Name: block.text("name")}
		case "lf_tag_policy":
			kind, _ := block["resource_type"].(string)
			resource.LFTagPolicy = &types.LFTagPolicyResource{
				CatalogId: block.text("catalog_id"), ExpressionName: block.text("expression_name"), ResourceType: types.ResourceType(kind),
			}
			for _, tag := range block.list("expression") { // "key=value"
				key, value, _ := strings.Cut(tag, "=")
				resource.LFTagPolicy.Expression = append(resource.LFTagPolicy.Expression, types.LFTag{TagKey: aws.String(key), TagValues: []string{value}})
			}
		case "table":
			resource.Table = &types.TableResource{
				CatalogId: block.text("catalog_id"), DatabaseName: block.text("database_name"), Name: block.text("name"),
			}
			if block["wildcard"] == true {
				resource.Table.TableWildcard = &types.TableWildcard{}
			}
		case "table_with_columns":
			resource.TableWithColumns = &types.TableWithColumnsResource{
				CatalogId: block.text("catalog_id"), DatabaseName: block.text("database_name"), Name: block.text("name"),
				ColumnNames: block.list("column_names"),
			}
			if all, _ := block["column_wildcard"].([]any); len(all) > 0 {
				excluded := blockOf(first(all)).list("excluded_column_names")
				resource.TableWithColumns.ColumnWildcard = &types.ColumnWildcard{ExcludedColumnNames: excluded}
			}
		}
	}
	if who == "" || len(given) != 1 {
		return nil, nil, fmt.Errorf("an opt-in has one principal and one resource, not %q and %v", who, given)
	}
	return &types.DataLakePrincipal{DataLakePrincipalIdentifier: &who}, resource, nil
}

// blockFields are the values of a block by name.
type blockFields map[string]any

func blockOf(values map[string]any) blockFields { return values }

// text gives nil for what is not set.
func (f blockFields) text(name string) *string {
	if value, _ := f[name].(string); value != "" {
		return &value
	}
	return nil
}

func (f blockFields) list(name string) []string {
	values, _ := f[name].([]any)
	var list []string
	for _, value := range values {
		text, _ := value.(string)
		list = append(list, text)
	}
	return list
}

// first gives the values of the only block of a list, or none.
func first(list any) map[string]any {
	values, _ := list.([]any)
	if len(values) == 0 {
		return nil
	}
	fields, _ := values[0].(map[string]any)
	return fields
}
