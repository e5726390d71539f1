//go:build awsplugin

package provider

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	pulumi "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/tarn-data/tarn/local/awsplugin/properties"
	"github.com/tarn-data/tarn/local/awsplugin/tokens"
)

func resources(upstream shim.Provider) map[string]*tfbridge.ResourceInfo {
	mapped := map[string]*tfbridge.ResourceInfo{}
	for _, service := range tokens.Services() {
		for _, entry := range service.Resources {
			info := &tfbridge.ResourceInfo{
				Tok:    pulumi.Type(service.Token(entry)),
				Fields: fields(entry.Fields),
			}
			if numbers := textNumbers(entry.Fields); len(numbers) > 0 {
				info.TransformOutputs = properties.WithoutEmpty(numbers)
			}
			if definition, ok := upstream.ResourcesMap().GetOk(entry.Terraform); ok {
				computeAllTags(info, definition)
			}
			mapped[entry.Terraform] = info
		}
	}
	return mapped
}

func functions() map[string]*tfbridge.DataSourceInfo {
	mapped := map[string]*tfbridge.DataSourceInfo{}
	for _, service := range tokens.Services() {
		for _, entry := range service.Functions {
			mapped[entry.Terraform] = &tfbridge.DataSourceInfo{
				Tok:    pulumi.ModuleMember(service.Token(entry)),
				Fields: fields(entry.Fields),
			}
		}
	}
	return mapped
}

// fields translates the token table's differences into the bridge's terms.
func fields(differences tokens.Fields) map[string]*tfbridge.SchemaInfo {
	if len(differences) == 0 {
		return nil
	}
	translated := map[string]*tfbridge.SchemaInfo{}
	for name, difference := range differences {
		translated[name] = field(name, difference)
	}
	return translated
}

func field(terraformName string, f tokens.Field) *tfbridge.SchemaInfo {
	if f.AutoName.MaxLength > 0 {
		return autoNamed(cmp.Or(f.Name, terraformName), f.AutoName)
	}
	info := &tfbridge.SchemaInfo{
		Name: f.Name,
		Type: pulumi.Type(f.Type),
	}
	switch f.Shape {
	case tokens.List:
		info.MaxItemsOne = tfbridge.False()
	case tokens.Single:
		info.MaxItemsOne = tfbridge.True()
	}
	if f.Asset {
		info.Asset = &tfbridge.AssetTranslation{Kind: tfbridge.FileAsset}
	}
	if f.Default != nil {
		info.Default = &tfbridge.DefaultInfo{Value: f.Default}
	}
	if len(f.Fields) > 0 {
		info.Elem = &tfbridge.SchemaInfo{Fields: fields(f.Fields)}
	}
	return info
}

func autoNamed(name string, auto tokens.Auto) *tfbridge.SchemaInfo {
	if auto.LowerCase {
		return tfbridge.AutoNameTransform(name, auto.MaxLength, strings.ToLower)
	}
	return tfbridge.AutoName(name, auto.MaxLength, nameSeparator)
}

// checkMapped finds entries of the token table that this version of the Terraform provider has nothing for.
func checkMapped(info tfbridge.ProviderInfo) error {
	var unknown []string
	for name := range info.Resources {
		if _, ok := info.P.ResourcesMap().GetOk(name); !ok {
			unknown = append(unknown, "resource "+name)
		}
	}
	for name := range info.DataSources {
		if _, ok := info.P.DataSourcesMap().GetOk(name); !ok {
			unknown = append(unknown, "data source "+name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("the Terraform provider has no %s", strings.Join(unknown, ", no "))
	}
	return nil
}

// unserved lists what the Terraform provider has and the token table has not: the bridge refuses to start while
// something is neither mapped nor ignored.
func unserved(info tfbridge.ProviderInfo) []string {
	var names []string
	ignore := func(mapped bool, name string) {
		if !mapped {
			names = append(names, name)
		}
	}
	info.P.ResourcesMap().Range(func(name string, _ shim.Resource) bool {
		_, mapped := info.Resources[name]
		ignore(mapped, name)
		return true
	})
	info.P.DataSourcesMap().Range(func(name string, _ shim.Resource) bool {
		_, mapped := info.DataSources[name]
		ignore(mapped, name)
		return true
	})
	return names
}
