package catalog

import (
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/domain"
)

func TestCrawlersAreChecked(t *testing.T) {
	t.Parallel()
	const queue = "arn:aws:sqs:eu-west-1:123456789012:landing"
	domains := domain.Domains{"sales": {RawPrefixes: []string{"shop", "tills"}}, "stock": {}}
	files := func(change func(c *Crawler)) map[string]Crawler {
		c := Crawler{Zone: "raw", Domain: "stock"}
		change(&c)
		return map[string]Crawler{"c": c}
	}
	pair := func(one, other Crawler) map[string]Crawler { return map[string]Crawler{"one": one, "other": other} }
	tests := map[string]struct {
		crawlers map[string]Crawler
		want     string // part of the error; empty for none
	}{
		"the least":         {files(func(*Crawler) {}), ""},
		"whole domain":      {files(func(c *Crawler) { c.Domain = "sales" }), ""},
		"own folder":        {files(func(c *Crawler) { c.Domain, c.Prefixes = "", []string{"landing"} }), ""},
		"new folders":       {files(func(c *Crawler) { c.Recrawl = "new-folders" }), ""},
		"events":            {files(func(c *Crawler) { c.Recrawl, c.QueueARN = "events", queue }), ""},
		"iceberg":           {files(func(c *Crawler) { c.Zone, c.Format = "staged", "iceberg" }), ""},
		"hudi":              {files(func(c *Crawler) { c.Zone, c.Format = "staged", "hudi" }), ""},
		"delta":             {files(func(c *Crawler) { c.Format, c.Prefixes = "delta", []string{"stock/t"} }), ""},
		"deprecate":         {files(func(c *Crawler) { c.SchemaChange = SchemaChange{"log", "deprecate"} }), ""},
		"two":               {pair(Crawler{Zone: "raw", Domain: "sales"}, Crawler{Zone: "raw", Domain: "stock"}), ""},
		"two zones":         {pair(Crawler{Zone: "raw", Domain: "stock"}, Crawler{Zone: "staged", Domain: "stock", Format: "iceberg"}), ""},
		"name":              {map[string]Crawler{"C_1": {Zone: "raw", Domain: "stock"}}, "catalog.crawlers.C_1: want lower-case"},
		"no zone":           {files(func(c *Crawler) { c.Zone = "" }), `catalog.crawlers.c.zone "": want one of [raw staged`},
		"no table's zone":   {files(func(c *Crawler) { c.Zone = "artifacts" }), `catalog.crawlers.c.zone "artifacts"`},
		"domain":            {files(func(c *Crawler) { c.Domain = "hr" }), `catalog.crawlers.c.domain "hr": datalake:settings.domains has [sales stock]`},
		"nothing":           {files(func(c *Crawler) { c.Domain = "" }), "catalog.crawlers.c.prefixes is required without a domain"},
		"slash":             {files(func(c *Crawler) { c.Prefixes = []string{"stock/"} }), `catalog.crawlers.c.prefixes[0] "stock/": want a folder`},
		"other's folder":    {files(func(c *Crawler) { c.Prefixes = []string{"shop"} }), `catalog.crawlers.c.prefixes[0] "shop" is not below the domain's folders [stock]`},
		"a domain's folder": {files(func(c *Crawler) { c.Domain, c.Prefixes = "", []string{"shop/new"} }), `"shop" is of the domain sales, name that as the domain`},
		"own overlap":       {files(func(c *Crawler) { c.Prefixes = []string{"stock", "stock/a"} }), `catalog.crawlers.c.prefixes[1] "stock/a" overlaps "stock"`},
		"overlap":           {pair(Crawler{Zone: "raw", Domain: "sales"}, Crawler{Zone: "raw", Domain: "sales", Prefixes: []string{"tills/7"}}), `catalog.crawlers.other: its folder "tills/7" overlaps "tills" of catalog.crawlers.one`},
		"format":            {files(func(c *Crawler) { c.Format = "orc" }), `catalog.crawlers.c.format "orc": want one of [files iceberg hudi delta]`},
		"files of Iceberg":  {files(func(c *Crawler) { c.Zone = "staged" }), "catalog.crawlers.c.format files: the tables of the zone staged are Iceberg"},
		"files of answers":  {files(func(c *Crawler) { c.Zone, c.Format = "analytics", "files" }), "the tables of the zone analytics are Iceberg"},
		"delta of a domain": {files(func(c *Crawler) { c.Format = "delta" }), "catalog.crawlers.c.prefixes: name the folder of each table"},
		"recrawl":           {files(func(c *Crawler) { c.Recrawl = "always" }), `catalog.crawlers.c.recrawl "always": want everything, new-folders or events`},
		"new, updated": {files(func(c *Crawler) { c.Recrawl, c.SchemaChange.Update = "new-folders", "update" }),
			"catalog.crawlers.c.schemaChange: with recrawl new-folders Glue allows only update: log and delete: log"},
		"new, deprecated": {files(func(c *Crawler) { c.Recrawl, c.SchemaChange.Delete = "new-folders", "deprecate" }), "with recrawl new-folders Glue allows only"},
		"events, updated": {files(func(c *Crawler) { c.Recrawl, c.QueueARN, c.SchemaChange.Update = "events", queue, "update" }), "with recrawl events Glue allows only"},
		"new of Iceberg":  {files(func(c *Crawler) { c.Zone, c.Format, c.Recrawl = "staged", "iceberg", "new-folders" }), "catalog.crawlers.c.recrawl new-folders: Glue knows it only for files, not for iceberg"},
		"events of Hudi": {files(func(c *Crawler) { c.Zone, c.Format, c.Recrawl, c.QueueARN = "staged", "hudi", "events", queue }),
			"catalog.crawlers.c.recrawl events: Glue knows it only for files, not for hudi"},
		"no queue":         {files(func(c *Crawler) { c.Recrawl = "events" }), `catalog.crawlers.c.queueArn "": with recrawl events want the ARN of the queue`},
		"a topic":          {files(func(c *Crawler) { c.Recrawl, c.QueueARN = "events", strings.Replace(queue, "sqs", "sns", 1) }), "want the ARN of the queue"},
		"idle queue":       {files(func(c *Crawler) { c.QueueARN = queue }), "catalog.crawlers.c.queueArn: only with recrawl events"},
		"events of two":    {files(func(c *Crawler) { c.Domain, c.Recrawl, c.QueueARN = "sales", "events", queue }), "catalog.crawlers.c.prefixes [shop tills]: with recrawl events Glue allows one folder"},
		"update":           {files(func(c *Crawler) { c.SchemaChange.Update = "drop" }), `catalog.crawlers.c.schemaChange.update "drop": want log or update`},
		"delete":           {files(func(c *Crawler) { c.SchemaChange.Delete = "delete" }), "catalog.crawlers.c.schemaChange.delete delete: files that are away"},
		"unknown deletion": {files(func(c *Crawler) { c.SchemaChange.Delete = "drop" }), `catalog.crawlers.c.schemaChange.delete "drop": want log or deprecate`},
		"schedule":         {files(func(c *Crawler) { c.Schedule = "daily" }), `catalog.crawlers.c.schedule "daily": want cron(`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Defaults()
			s.Crawlers = test.crawlers
			err := s.Validate(nil, domains)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // part of the error; empty for none
		"cron(15 3 * * ? *)":                "",
		"cron(0/5 8-17 ? * MON-FRI *)":      "",
		"cron(*/10 * ? JAN,jul 2#1 2026)":   "",
		"cron(0,30 0 L * ? 2026-2030)":      "",
		"cron(0 0 15W * ? *)":               "",
		"cron(59 23 ? * 6L *)":              "",
		"rate(1 hour)":                      "want cron(",
		"cron(0 3 * * ?)":                   "has 5 fields, want six",
		"cron(0 3 * * ? * *)":               "has 7 fields",
		"cron(60 3 * * ? *)":                `minutes: "60": want 0 to 59`,
		"cron(0 24 * * ? *)":                `hours: "24": want 0 to 23`,
		"cron(0 3 0 * ? *)":                 `day of month: "0": want 1 to 31`,
		"cron(0 3 ? 13 1 *)":                `month: "13": want 1 to 12`,
		"cron(0 3 ? * 8 *)":                 `day of week: "8": want 1 to 7`,
		"cron(0 3 ? * FRY *)":               `day of week: "FRY"`,
		"cron(0 3 * * ? 1969)":              `year: "1969"`,
		"cron(0 3 * * * *)":                 "one of day of month and day of week has to be ?",
		"cron(0 3 ? * ? *)":                 "and only one",
		"cron(* * * * ? *)":                 "two runs are 1 minutes apart, Glue wants at least 5",
		"cron(0/3 * * * ? *)":               "two runs are 3 minutes apart",
		"cron(58,1 * * * ? *)":              "two runs are 3 minutes apart",
		"cron(0 9-8 * * ? *)":               "want a range from low to high",
		"cron(0/0 1 * * ? *)":               "a step of 1 to 59",
		"cron(? 3 * * ? *)":                 `minutes: "?" is not a value`,
		"cron(0 3 99999999999999999 * ? *)": "day of month",
	}
	for schedule, want := range tests {
		err := validateSchedule(schedule)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", schedule, err, want)
		}
	}
}
