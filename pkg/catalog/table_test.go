package catalog

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	goodTable = `
name: clicks
description: Clicks
domain: sales
zone: raw
format: parquet
columns:
  - {name: id, type: bigint, description: The number}
  - {name: price, type: "decimal(10,2)"}
partitionBy:
  - {name: day, type: date, projection: {type: date, format: yyyy-MM-dd, range: [2024-01-01, NOW], interval: 1, unit: DAYS}}
  - {name: shard, type: int, projection: {type: integer, range: ["0", "15"], digits: 2}}
  - {name: shop, type: string, projection: {type: enum, values: [a, b]}}
  - {name: till, type: string, projection: {type: injected}}
`
	goodIceberg = `
name: returns
description: Returns
domain: sales
zone: staged
format: iceberg
columns: [{name: id, type: bigint}]
optimizers: {compaction: true, snapshotRetention: {days: 7, keep: 3}, orphanFiles: {}}
`
)

func tables(clicks, returns string) fstest.MapFS {
	return fstest.MapFS{"tables/clicks.yaml": {Data: []byte(clicks)}, "tables/returns.yaml": {Data: []byte(returns)}}
}

func TestLoadTables(t *testing.T) {
	t.Parallel()
	saved, err := Load(tables(goodTable, goodIceberg), Defaults(), lake)
	if err != nil {
		t.Fatal(err)
	}
	if len(saved.Tables) != 2 {
		t.Fatalf("got %+v", saved)
	}
	clicks, returns := saved.Tables[0], saved.Tables[1]
	if clicks.Folder(lake.Domains) != "sales/clicks" || clicks.Iceberg() || !returns.Iceberg() || !returns.Optimized() || clicks.Optimized() {
		t.Errorf("got %+v and %+v", clicks, returns)
	}
	want := map[string]string{
		"EXTERNAL": "TRUE", "classification": "parquet", "projection.enabled": "true",
		"projection.day.type": "date", "projection.day.format": "yyyy-MM-dd", "projection.day.range": "2024-01-01,NOW",
		"projection.day.interval": "1", "projection.day.interval.unit": "DAYS",
		"projection.shard.type": "integer", "projection.shard.range": "0,15", "projection.shard.digits": "2",
		"projection.shop.type": "enum", "projection.shop.values": "a,b", "projection.till.type": "injected",
	}
	if got := clicks.parameters(); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestTablesAreRefused(t *testing.T) {
	t.Parallel()
	parquet := func(old, replacement string) fstest.MapFS {
		return tables(strings.Replace(goodTable, old, replacement, 1), goodIceberg)
	}
	iceberg := func(old, replacement string) fstest.MapFS {
		return tables(goodTable, strings.Replace(goodIceberg, old, replacement, 1))
	}
	crawled := Defaults()
	crawled.Crawlers = map[string]Crawler{"all": {Zone: "staged", Domain: "sales", Format: "iceberg"}}
	elsewhere := Defaults()
	elsewhere.Tables = "tabels"
	tests := map[string]struct {
		files    fstest.MapFS
		settings Settings
		want     string
	}{
		"unknown field":    {parquet("zone:", "zoen:"), Defaults(), "zoen"},
		"unknown option":   {iceberg("days: 7", "weeks: 1"), Defaults(), "weeks"},
		"other name":       {parquet("clicks", "clics"), Defaults(), `tables/clicks.yaml: name "clics": want "clicks", the file's name`},
		"no description":   {parquet("Clicks", `""`), Defaults(), "tables/clicks.yaml: description: want 1 to"},
		"zone":             {parquet("raw", "artifacts"), Defaults(), `zone "artifacts": want one of`},
		"domain":           {parquet("domain: sales", "domain: hr"), Defaults(), `domain "hr": datalake:settings.domains has [sales]`},
		"format":           {parquet("format: parquet", "format: orc"), Defaults(), `format "orc": want one of [parquet csv json iceberg]`},
		"path elsewhere":   {parquet("zone: raw", "zone: raw\npath: stock/x"), Defaults(), `path "stock/x" is not below the domain's folders [sales]`},
		"path of another":  {parquet("domain: sales", "path: sales/x"), Defaults(), `path "sales/x": "sales" is of the domain sales`},
		"path with slash":  {parquet("zone: raw", "zone: raw\npath: sales/x/"), Defaults(), `path "sales/x/": want a folder`},
		"no columns":       {iceberg("[{name: id, type: bigint}]", "[]"), Defaults(), "columns: at least one is required"},
		"column type":      {iceberg("bigint", "text"), Defaults(), `columns[0].type "text" of id: want one of`},
		"key is a column":  {parquet("name: day", "name: id"), Defaults(), `partitionBy[0].name "id" is there twice`},
		"key type":         {parquet("type: int,", "type: number,"), Defaults(), `partitionBy[1].type "number" of shard`},
		"some projected":   {parquet(", projection: {type: injected}", ""), Defaults(), "partitionBy: 3 of 4 columns have a projection; Athena wants all or none"},
		"projection":       {parquet("type: injected", "type: guess"), Defaults(), `partitionBy[3].projection of till: type "guess": want one of [date integer enum injected]`},
		"no values":        {parquet(", values: [a, b]", ""), Defaults(), "values: name them for type enum"},
		"comma":            {parquet("[a, b]", `["a,b"]`), Defaults(), "want values without commas"},
		"no range":         {parquet(`range: ["0", "15"], `, ""), Defaults(), "partitionBy[1].projection of shard: range: want the first and the last value"},
		"backwards":        {parquet(`["0", "15"]`, `["15", "0"]`), Defaults(), "want two integers, the smaller one first"},
		"no date format":   {parquet("format: yyyy-MM-dd, ", ""), Defaults(), "format: say how the date is written"},
		"unit":             {parquet("unit: DAYS", "unit: days"), Defaults(), `unit "days": want one of [YEARS`},
		"negative":         {parquet("interval: 1", "interval: -1"), Defaults(), "interval and digits: want positive numbers"},
		"not for the type": {parquet("type: injected", "type: injected, values: [x]"), Defaults(), "values is not for type injected"},
		"type of a column": {parquet("shard, type: int", "shard, type: boolean"), Defaults(), "type integer is for columns of [bigint int string], not of boolean"},
		"raw Iceberg":      {iceberg("zone: staged", "zone: raw"), Defaults(), "format iceberg: the zone raw is for files"},
		"Iceberg's keys":   {iceberg("optimizers:", "partitionBy: [{name: d, type: date}]\noptimizers:"), Defaults(), "partitionBy: Glue makes Iceberg tables without partitions"},
		"optimized files":  {parquet("columns:", "optimizers: {compaction: true}\ncolumns:"), Defaults(), "optimizers: Glue has them only for format iceberg"},
		"retention":        {iceberg("keep: 3", "keep: -3"), Defaults(), "optimizers.snapshotRetention: want positive numbers"},
		"orphans":          {iceberg("orphanFiles: {}", "orphanFiles: {days: -1}"), Defaults(), "optimizers.orphanFiles.days: want a positive number"},
		"one in another":   {iceberg("zone: staged", "zone: raw\npath: sales/clicks/returns"), Defaults(), "format iceberg: the zone raw"},
		"overlap": {tables(goodTable, strings.NewReplacer("zone: staged", "zone: raw\npath: sales/clicks/x", "format: iceberg", "format: json",
			"optimizers:", "#").Replace(goodIceberg)), Defaults(), `tables/returns.yaml: its folder "sales/clicks/x" overlaps "sales/clicks" of the table clicks`},
		"crawled":      {tables(goodTable, goodIceberg), crawled, `tables/returns.yaml: its folder "sales/returns" overlaps "sales" of catalog.crawlers.all`},
		"other folder": {tables(goodTable, goodIceberg), elsewhere, "datalake:settings.catalog.tables"},
		"a view's name": {func() fstest.MapFS {
			all := files(goodQuery, "SELECT 1", goodView, "SELECT 1")
			all["tables/totals.yaml"] = &fstest.MapFile{Data: []byte(strings.NewReplacer("returns", "totals", "staged", "analytics").Replace(goodIceberg))}
			return all
		}(), Defaults(), "tables/totals.yaml: there is a view of this name in its database"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(test.files, test.settings, lake)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant %q", err, test.want)
			}
		})
	}
}
