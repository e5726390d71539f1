package dataset

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-data/tarn/pkg/yamlfile"
)

// The good lake that tests spoil, one thing at a time. Lines are counted: errors must name them.
var goodLake = map[string]string{
	"datasets/orders.yaml": `name: orders
pipeline: sales
source:
  format: csv
  path: sales/orders/
  options: {sep: ";", nullValue: NA}
  read: new
  dates: dt=%Y-%m-%d
columns:
  - {name: id, type: bigint, required: true}
  - {name: price, type: "decimal(10,2)"}
  - {name: changed, type: timestamp, required: true}
  - {name: open, type: boolean, required: true}
key: [id]
newest_by: changed
partition_by: ["months(changed)"]
evolution: {new_columns: ignore, missing_columns: "null"}
quality: orders
retention: {column: changed, days: 30}
freshness_hours: 26
classification: internal
`,
	"datasets/visits.yaml": `name: visits
pipeline: web
source: {format: json, path: web/visits/}
columns:
  - {name: id, type: string}
key: [id]
`,
	"analytics/totals.yaml": `name: totals
pipeline: sales
key: [day]
order_by: [day DESC]
partition_by: ["months(day)"]
incremental: {source: orders, changed: to_date(changed), column: day}
`,
	"analytics/totals.sql": "SELECT 1",
	"quality/orders.dqdl":  "Rules = [ IsComplete \"id\" ]\n",
	"pipelines/sales.yaml": `name: sales
domain: shop
schedule: cron(0 4 * * ? *)
template: large
maintenance: {by: job, schedule: cron(0 3 ? * SUN *), snapshot_days: 7, orphan_days: 3, target_file_mb: 128}
alarms: {duration_minutes: 45, quarantine_ratio: 0.1}
jobs:
  - name: export
    kind: python-shell
    script: jobs/export.py
    after: staged-to-analytics
    arguments: {target: shop, secret_arn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x"}
  - name: score
    kind: spark
    script: jobs/score.py
    after: export
    modules: [jobs/lib.whl]
    jars: [jobs/x.jar]
  - name: listen
    kind: streaming
    script: jobs/listen.py
    template: stream
`,
	"pipelines/web.yaml": `name: web
arrival: {files: 10, within_seconds: 120}
`,
	"templates/standard.yaml": "name: standard\nworker_type: G.1X\nmax_retries: 1\nspark_conf: {spark.a.b: \"1\", spark.c: \"2\"}\n",
	"templates/large.yaml":    "name: large\nextends: standard\nworker_type: G.2X\nspark_conf: {spark.c: \"3\"}\n",
	"templates/stream.yaml":   "name: stream\nworker_type: G.025X\nmaintenance_window: Sun:3\n",
	"jobs/export.py":          "", "jobs/score.py": "", "jobs/listen.py": "", "jobs/lib.whl": "", "jobs/x.jar": "",
}

func lakeFiles(changed map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for file, text := range goodLake {
		out[file] = &fstest.MapFile{Data: []byte(text)}
	}
	for file, text := range changed {
		out[file] = &fstest.MapFile{Data: []byte(text)}
		if text == "" {
			delete(out, file)
		}
	}
	return out
}

func TestGoodLake(t *testing.T) {
	t.Parallel()
	lake, err := Load(lakeFiles(nil), DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	if len(lake.Pipelines) != 2 || len(lake.Templates) != 3 {
		t.Fatalf("got %+v", lake)
	}
	sales, web := lake.Pipelines[0], lake.Pipelines[1]
	for got, want := range map[string]string{
		sales.Domain:                                  "shop",
		web.Domain:                                    "web",
		strings.Join(sales.Steps(), " "):              "raw-to-staged quality-gate staged-to-analytics",
		strings.Join(web.Steps(), " "):                "raw-to-staged",
		fmt.Sprint(*web.Arrival):                      "{10 120}",
		sales.Jobs[1].After:                           "export",
		sales.Jobs[2].After:                           "",
		web.Datasets[0].Source.Read:                   ReadAll,
		sales.Rulesets["orders"].Text:                 goodLake["quality/orders.dqdl"],
		fmt.Sprint(sales.Datasets[0].Retention):       "&{changed 30}",
		fmt.Sprint(web.Maintenance.OrphanDays):        "7",
		web.Datasets[0].Evolution.NewColumns + " new": "fail new",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestMergedTemplates(t *testing.T) {
	t.Parallel()
	lake, err := Load(lakeFiles(nil), DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	large, err := lake.Templates.Merged("large")
	if err != nil || large.WorkerType != "G.2X" || *large.MaxRetries != 1 || large.Queuing != nil ||
		fmt.Sprint(large.SparkConf) != "map[spark.a.b:1 spark.c:3]" {
		t.Errorf("got %+v, error %v", large, err)
	}
	if standard, err := lake.Templates.Merged("standard"); err != nil || standard.SparkConf["spark.c"] != "2" {
		t.Errorf("the base has changed: %+v, error %v", standard, err)
	}
	if none, err := lake.Templates.Merged(""); err != nil || none.WorkerType != "" {
		t.Errorf("got %+v, error %v", none, err)
	}
	if _, err := lake.Templates.Merged("huge"); err == nil || !strings.Contains(err.Error(), "templates are [large standard stream]") {
		t.Errorf("error %v", err)
	}
	circle := Templates{"a": {Name: "a", Extends: "b"}, "b": {Name: "b", Extends: "a"}}
	if _, err := circle.Merged("a"); err == nil || !strings.Contains(err.Error(), "a -> b -> a") {
		t.Errorf("error %v", err)
	}
}

const (
	orders   = "datasets/orders.yaml"
	totals   = "analytics/totals.yaml"
	sales    = "pipelines/sales.yaml"
	web      = "pipelines/web.yaml"
	standard = "templates/standard.yaml"
	stream   = "templates/stream.yaml"
)

// refused is a table of bad files: in a file, a text is replaced by another.
var refused = map[string]struct {
	file, old, replacement string
	want                   string // in the errors
	byLoadOnly             bool   // a schema of one file alone cannot refuse it
}{
	"unknown field":            {orders, "key: [id]", "keys: [id]", "datasets/orders.yaml:14: keys: there is no such field; did you mean key?", false},
	"unknown field inside":     {orders, "{name: id, type: bigint", "{name: id, kind: bigint", "orders.yaml:10: columns[0].kind: there is no such field; fields are", false},
	"two documents":            {orders, "classification: internal", "---\nname: x", "orders.yaml:22: a second document", true},
	"number for a list":        {orders, "key: [id]", "key: 7", `orders.yaml:14: "7": want a list`, false},
	"text for a number":        {orders, "freshness_hours: 26", "freshness_hours: soon", `orders.yaml:20: "soon": want a whole number`, false},
	"text for a boolean":       {orders, "bigint, required: true", "bigint, required: perhaps", `orders.yaml:10: "perhaps": want true or false`, false},
	"not YAML":                 {orders, "key: [id]", "key: [id", "datasets/orders.yaml:", true},
	"tag":                      {orders, "key: [id]", "key: !x 1", "datasets/orders.yaml", true},
	"field twice":              {orders, "key: [id]", "key: [id]\nkey: [price]", "orders.yaml:15: ", true},
	"other name":               {orders, "name: orders", "name: order", `orders.yaml:1: name: "order": want "orders"`, true},
	"name missing":             {orders, "name: orders\n", "", `orders.yaml: name: is missing`, false},
	"pipeline missing":         {orders, "pipeline: sales\n", "", "orders.yaml: pipeline: is missing", false},
	"pipeline":                 {orders, "pipeline: sales", "pipeline: Sales-1", `orders.yaml:2: pipeline: "Sales-1": want lower-case`, false},
	"pipeline too long":        {orders, "pipeline: sales", "pipeline: " + strings.Repeat("s", 64), "has 64 characters, want at most 63", false},
	"description too long":     {orders, "pipeline: sales", "pipeline: sales\ndescription: " + strings.Repeat("s", 2049), "orders.yaml:3: description: has 2049 characters", false},
	"classification":           {orders, "internal", "secret", `orders.yaml:21: classification: "secret": want one of [public internal`, false},
	"format":                   {orders, "format: csv", "format: xls", `orders.yaml:4: source.format: "xls": want one of csv, json, parquet`, false},
	"option of csv":            {orders, `sep: ";"`, `quote: x`, "orders.yaml:6: source.options.quote: want one of header, nullValue, sep", false},
	"option of json":           {orders, "format: csv", "format: json", "orders.yaml:6: source.options.nullValue: json files have no options", false},
	"option of parquet":        {orders, "format: csv", "format: parquet", "source.options.sep: parquet files have no options", false},
	"no header":                {orders, `sep: ";"`, `header: "false"`, `source.options.header: "false": want "true"`, false},
	"separator":                {orders, `sep: ";"`, `sep: "||"`, `source.options.sep: "||": want one ASCII character`, false},
	"separator quote":          {orders, `sep: ";"`, `sep: '"'`, `want one ASCII character`, false},
	"null value":               {orders, `nullValue: NA`, `nullValue: "a\nb"`, `source.options.nullValue: "a\nb": want no line end`, false},
	"absolute path":            {orders, "sales/orders/", "/orders/", `orders.yaml:5: source.path: "/orders/"`, false},
	"path out of the zone":     {orders, "sales/orders/", "../x/", `source.path: "../x/"`, false},
	"path without slash":       {orders, "sales/orders/", "sales/orders", `source.path: "sales/orders"`, false},
	"path with wildcard":       {orders, "sales/orders/", "sales/*/", `source.path: "sales/*/"`, false},
	"path missing":             {orders, "  path: sales/orders/\n", "", `orders.yaml:3: source.path: ""`, false},
	"path of another pipeline": {"datasets/visits.yaml", "web/visits/", "sales/", `visits.yaml:3: source.path: "sales/" overlaps with "sales/orders/" of data set orders of pipeline sales`, true},
	"same path":                {"datasets/visits.yaml", "web/visits/", "sales/orders/", `overlaps with "sales/orders/"`, true},
	"read":                     {orders, "read: new", "read: some", `orders.yaml:7: source.read: "some": want one of all, new`, false},
	"dates without a day":      {orders, "dt=%Y-%m-%d", "%Y/%m", `orders.yaml:8: source.dates: "%Y/%m": want %Y, %m and %d`, false},
	"dates with minutes":       {orders, "dt=%Y-%m-%d", "%Y%m%d%M", `source.dates: "%Y%m%d%M": %M is none of`, false},
	"dates twice":              {orders, "dt=%Y-%m-%d", "%Y/%m/%d/%Y", `%Y is there twice`, true},
	"dates with a wildcard":    {orders, "dt=%Y-%m-%d", `"*/%Y-%m-%d"`, "without wildcards", false},
	"no columns":               {"datasets/visits.yaml", "  - {name: id, type: string}", "  []", "visits.yaml:4: columns: at least one", false},
	"column name":              {orders, "name: price", "name: Price-EUR", `orders.yaml:11: columns[1].name: "Price-EUR"`, false},
	"column name too long":     {orders, "name: price", "name: " + strings.Repeat("p", 256), "has 256 characters, want at most 255", false},
	"column twice":             {orders, "name: price", "name: id", `orders.yaml:11: columns[1].name: "id" is there twice`, true},
	"column comment":           {orders, "name: price", "name: price, description: " + strings.Repeat("p", 256), "columns[1].description: has 256 characters", false},
	"type":                     {orders, "bigint", "number", `orders.yaml:10: columns[0].type: "number": want one of int`, false},
	"precision":                {orders, "decimal(10,2)", "decimal(39,2)", "orders.yaml:11: columns[1].type: decimal(39,2): want a precision of 1 to 38", false},
	"no precision":             {orders, "decimal(10,2)", "decimal(0,0)", "columns[1].type: decimal(0,0)", false},
	"scale":                    {orders, "decimal(10,2)", "decimal(2,3)", "a scale of 0 to the precision", true},
	"no key":                   {orders, "key: [id]", "key: []", "orders.yaml:14: key: name the columns", false},
	"unknown key":              {orders, "key: [id]", "key: [id, nr]", `orders.yaml:14: key[1]: there is no column "nr"`, true},
	"key twice":                {orders, "key: [id]", "key: [id, id]", `key[1]: "id" is there twice`, false},
	"newest_by unknown":        {orders, "newest_by: changed", "newest_by: at", `orders.yaml:15: newest_by: there is no column "at"`, true},
	"newest_by of the key":     {orders, "newest_by: changed", "newest_by: id", `newest_by: "id" is of the key`, true},
	"newest_by not required":   {orders, "newest_by: changed", "newest_by: price", `newest_by: "price": set required: true`, true},
	"newest_by a boolean":      {orders, "newest_by: changed", "newest_by: open", `newest_by: "open" is a boolean`, true},
	"transform":                {orders, "months(changed)", "weeks(changed)", `orders.yaml:16: partition_by[0]: "weeks(changed)": want a column`, false},
	"transform of a type":      {orders, "months(changed)", "months(id)", "id is a bigint, months takes date, timestamp", true},
	"bucket of a boolean":      {orders, "months(changed)", "bucket(4, open)", "open is a boolean, bucket takes", true},
	"no bucket":                {orders, "months(changed)", "bucket(0, id)", "want a number above 0", false},
	"unknown partition":        {orders, "months(changed)", "bucket(4, nr)", `partition_by[0]: "bucket(4, nr)": there is no column "nr"`, true},
	"partition twice":          {orders, `"months(changed)"`, `"years(changed)", "months(changed)"`, "changed is partitioned by already", true},
	"new columns":              {orders, "new_columns: ignore", "new_columns: add", `orders.yaml:17: evolution.new_columns: "add": want one of fail, ignore`, false},
	"missing columns":          {orders, `missing_columns: "null"`, "missing_columns: ignore", `evolution.missing_columns: "ignore": want one of fail, null`, false},
	"retention column":         {orders, "column: changed", "column: price", `orders.yaml:19: retention.column: "price" is a decimal(10,2), want a date`, true},
	"retention of nothing":     {orders, "column: changed", "column: at", `retention.column: there is no column "at"`, true},
	"retention by nobody":      {sales, "by: job, schedule: cron(0 3 ? * SUN *), ", "by: none, ", `orders.yaml:19: retention: the maintenance of pipeline "sales", which deletes old rows, is by none`, true},
	"retention days":           {orders, "days: 30", "days: 0", "retention.days: is 0, want 1 to", false},
	"ruleset":                  {orders, "quality: orders", "quality: order", `orders.yaml:18: quality: there is no ruleset "order"; there are orders`, true},
	"rule without column":      {"quality/orders.dqdl", "\"id\"", "\"nr\"", `orders.yaml:18: quality: the ruleset orders is about a column "nr"`, true},
	"rule without data set":    {"quality/orders.dqdl", "IsComplete \"id\"", "ReferentialIntegrity \"id\" \"customers.id\" = 1.0", `quality: the ruleset orders is about a data set "customers"`, true},
	"rule with a mistake":      {"quality/orders.dqdl", "IsComplete", "IsComplet", "quality/orders.dqdl", true},
	"name of a ruleset":        {"quality/Orders-1.dqdl", "", "Rules = [ RowCount > 0 ]", `quality/Orders-1.dqdl: the name "Orders-1"`, true},
	"freshness":                {orders, "freshness_hours: 26", "freshness_hours: 169", "orders.yaml:20: freshness_hours: is 169, want 1 to 168", false},

	"table of no pipeline":    {totals, "pipeline: sales", "pipeline: shop", `totals.yaml:2: pipeline: pipeline "shop" has tables but no data set`, true},
	"empty query":             {"analytics/totals.sql", "SELECT 1", " \n", "totals.yaml: the query file totals.sql is empty", true},
	"no query":                {"analytics/totals.sql", "SELECT 1", "", "totals.yaml: its query", true},
	"key of a table":          {totals, "key: [day]", "key: [Day]", `totals.yaml:3: key[0]: "Day": want lower-case`, false},
	"key of a table twice":    {totals, "key: [day]", "key: [day, day]", `key[1]: "day" is there twice`, false},
	"order":                   {totals, "day DESC", "day DOWN", `totals.yaml:4: order_by[0]: "day DOWN"`, false},
	"partition of a table":    {totals, "months(day)", "month(day)", `totals.yaml:5: partition_by[0]: "month(day)"`, false},
	"incremental source":      {totals, "source: orders", "source: visits", `totals.yaml:6: incremental.source: "visits" is no data set of pipeline sales; its data sets are orders`, true},
	"incremental column":      {totals, "column: day", "column: week", `totals.yaml:6: incremental.column: "week" is no column of the key [day]`, true},
	"incremental without key": {totals, "key: [day]", "key: []", "is no column of the key []", true},
	"incremental changed":     {totals, "changed: to_date(changed)", `changed: ""`, "incremental.changed: is missing", false},

	"domain":                {sales, "domain: shop", "domain: Shop", `sales.yaml:2: domain: "Shop"`, false},
	"schedule":              {sales, "cron(0 4 * * ? *)", "daily", `sales.yaml:3: schedule: "daily": want "cron(`, false},
	"schedule and arrival":  {web, "name: web", "name: web\nschedule: cron(0 4 * * ? *)", "web.yaml:3: arrival: there is a schedule too", false},
	"arrival files":         {web, "files: 10", "files: 101", "web.yaml:2: arrival.files: is 101, want 1 to 100", false},
	"arrival window":        {web, "within_seconds: 120", "within_seconds: 59", "arrival.within_seconds: is 59, want 60 to 900", false},
	"template":              {sales, "template: large", "template: huge", `sales.yaml:4: template: there is no template "huge"; there are large, standard, stream`, true},
	"template of streaming": {sales, "template: large", "template: stream", "template: stream has worker_type G.025X", true},
	"maintenance by":        {sales, "by: job", "by: hand", `sales.yaml:5: maintenance.by: "hand": want one of job, optimizer, none`, false},
	"maintenance schedule":  {sales, "cron(0 3 ? * SUN *)", "weekly", `maintenance.schedule: "weekly"`, false},
	"schedule of optimizer": {sales, "by: job", "by: optimizer", "maintenance.schedule: only the job has one", false},
	"orphan days":           {sales, "orphan_days: 3", "orphan_days: 2", "sales.yaml:5: maintenance.orphan_days: is 2, want 3 to", false},
	"snapshot days":         {sales, "snapshot_days: 7", "snapshot_days: -1", "maintenance.snapshot_days: is -1", false},
	"target":                {sales, "target_file_mb: 128", "target_file_mb: 5000", "maintenance.target_file_mb: is 5000", false},
	"duration":              {sales, "duration_minutes: 45", "duration_minutes: 10081", "sales.yaml:6: alarms.duration_minutes: is 10081", false},
	"ratio":                 {sales, "quarantine_ratio: 0.1", "quarantine_ratio: 1.5", "alarms.quarantine_ratio: is 1.5, want 0 to 1", false},
	"pipeline of nothing":   {"pipelines/shop.yaml", "", "name: shop\n", `pipelines/shop.yaml:1: name: no data set is of pipeline "shop"`, true},

	"job name":             {sales, "name: score", "name: Score", `sales.yaml:13: jobs[1].name: "Score": want lower-case`, false},
	"job twice":            {sales, "name: score", "name: export", `jobs[1].name: "export" is there twice`, true},
	"name of a step":       {sales, "name: score", "name: quality-gate", `"quality-gate" is the name of a step of Tarn's own`, false},
	"name of the crawl":    {sales, "name: score", "name: crawl", `"crawl" is the name of a step of Tarn's own`, false},
	"kind":                 {sales, "kind: spark", "kind: ray", `sales.yaml:14: jobs[1].kind: "ray": want one of spark, python-shell, streaming`, false},
	"no script":            {sales, "jobs/score.py", "jobs/scores.py", "sales.yaml:15: jobs[1].script: there is no file jobs/scores.py", true},
	"script of a kind":     {sales, "jobs/score.py", "jobs/x.jar", `jobs[1].script: "jobs/x.jar": want a file that ends in .py`, false},
	"script outside":       {sales, "jobs/score.py", "../score.py", `jobs[1].script: "../score.py": want a path below`, true},
	"script missing":       {sales, "    script: jobs/score.py\n", "", "sales.yaml:13: jobs[1].script: is missing", false},
	"module":               {sales, "jobs/lib.whl", "jobs/lib.egg", `sales.yaml:17: jobs[1].modules[0]: "jobs/lib.egg"`, false},
	"module of python":     {sales, "after: staged-to-analytics", "modules: [jobs/score.py]", `sales.yaml:11: jobs[0].modules[0]: "jobs/score.py": want a file that ends in .whl, .egg`, false},
	"jar":                  {sales, "jobs/x.jar", "jobs/lib.whl", `sales.yaml:18: jobs[1].jars[0]: "jobs/lib.whl"`, false},
	"jar of python-shell":  {sales, "after: staged-to-analytics", "jars: [jobs/x.jar]", "sales.yaml:11: jobs[0].jars: a python-shell job", false},
	"worker of python":     {sales, "after: staged-to-analytics", "template: large", "jobs[0].template: large has worker_type", true},
	"after nothing":        {sales, "after: export", "after: exports", `sales.yaml:16: jobs[1].after: there is no step "exports"; steps are raw-to-staged, quality-gate, staged-to-analytics, export`, true},
	"after itself":         {sales, "after: export", "after: score", "jobs[1].after: the jobs wait for each other", true},
	"circle":               {sales, "after: staged-to-analytics", "after: score", "sales.yaml:11: jobs[0].after: the jobs wait for each other", true},
	"after a streaming":    {sales, "after: export", "after: listen", "jobs[1].after: listen is a streaming job", true},
	"streaming after":      {sales, "template: stream", "template: stream\n    after: export", "sales.yaml:23: jobs[2].after: a streaming job runs all the time", false},
	"window of a batch":    {sales, "kind: spark", "kind: spark\n    template: stream", "which is for streaming jobs only", true},
	"argument with dashes": {sales, "target: shop", "--target: shop", "sales.yaml:12: jobs[0].arguments.--target: leave the dashes away", false},
	"argument of ours":     {sales, "target: shop", "manifest_uri: x", "arguments.manifest_uri: is set by Tarn or Glue", true},
	"argument with blank":  {sales, "target: shop", `"a b": shop`, "arguments.a b: want letters", false},
	"secret by name":       {sales, "target: shop", "db_password: x", "arguments.db_password: looks like a secret", true},
	"secret without ARN":   {sales, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x", "hunter2", "arguments.secret_arn: looks like a secret", true},
	"secret by value":      {sales, "target: shop", "user: AKIA" + "ABCDEFGHIJKLMNOP", "arguments.user: looks like a secret", true},

	"extends nothing":   {"templates/large.yaml", "extends: standard", "extends: small", `large.yaml:2: extends: there is no template "small"; there are large, standard, stream`, true},
	"extends itself":    {"templates/large.yaml", "extends: standard", "extends: large", "large.yaml:2: extends: templates extend each other: large -> large", true},
	"extends in circle": {standard, "worker_type", "extends: large\nworker_type", "standard.yaml:2: extends: templates extend each other: standard -> large -> standard", true},
	"glue version":      {standard, "worker_type: G.1X", `glue_version: "4.0"`, `standard.yaml:2: glue_version: "4.0": want one of 5.0, 5.1, 6.0`, false},
	"worker type":       {standard, "G.1X", "G.3X", `standard.yaml:2: worker_type: "G.3X": want one of`, false},
	"class":             {standard, "worker_type: G.1X", "execution_class: flex", `execution_class: "flex": want one of STANDARD, FLEX`, false},
	"flex streaming":    {stream, "worker_type: G.025X", "execution_class: FLEX", "jobs[2].template: stream has execution_class FLEX", true},
	"workers":           {standard, "worker_type: G.1X", "max_workers: 1", "max_workers: is 1, want 2 to", false},
	"timeout":           {standard, "worker_type: G.1X", "timeout_minutes: 10081", "timeout_minutes: is 10081, want 1 to 10080", false},
	"retries":           {standard, "max_retries: 1", "max_retries: 11", "max_retries: is 11, want 0 to 10", false},
	"window":            {stream, "Sun:3", "Sunday", `stream.yaml:3: maintenance_window: "Sunday": want a day`, false},
	"no Spark setting":  {standard, "spark.a.b", "a.b", "standard.yaml:4: spark_conf.a.b: want a Spark setting", false},
	"secret of Spark":   {standard, "spark.a.b", "spark.db.password", "spark_conf.spark.db.password: looks like a secret", true},
	"blank in Spark":    {standard, `spark.a.b: "1"`, `spark.a.b: "1 --conf x"`, "want a value without blanks", false},
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := goodLake[test.file]
			if !strings.Contains(before, test.old) {
				t.Fatalf("%s has no %q", test.file, test.old)
			}
			after := strings.Replace(before, test.old, test.replacement, 1)
			_, err := Load(lakeFiles(map[string]string{test.file: after}), DefaultFolders())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nhas no %q", err, test.want)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load(lakeFiles(map[string]string{
		orders:   strings.NewReplacer("bigint", "number", "days: 30", "days: 0", "read: new", "read: old").Replace(goodLake[orders]),
		totals:   strings.Replace(goodLake[totals], "key: ", "keys: ", 1),
		sales:    strings.Replace(goodLake[sales], "domain: shop", "domain: S", 1),
		standard: "name: [",
	}), DefaultFolders())
	var places []string
	for _, problem := range yamlfile.Problems(err) {
		if problem.Text == "" {
			t.Errorf("no text: %+v", problem)
		}
		places = append(places, fmt.Sprintf("%s:%d", problem.File, problem.Line))
	}
	all := strings.Join(places, " ")
	for _, want := range []string{orders + ":7", orders + ":10", orders + ":19", totals + ":3", sales + ":2", standard + ":1"} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is not among the problems: %s", want, all)
		}
	}
}

func TestTwoDataSetsOfOnePipelineMayReadOneFolder(t *testing.T) {
	t.Parallel()
	second := strings.NewReplacer("name: visits", "name: visitors").Replace(goodLake["datasets/visits.yaml"])
	if _, err := Load(lakeFiles(map[string]string{"datasets/visitors.yaml": second}), DefaultFolders()); err != nil {
		t.Error(err)
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // by schedule: part of the error; empty for none
		"cron(0 4 * * ? *)":             "",
		"cron(0/5 * * * ? *)":           "",
		"cron(15 12 ? * MON-FRI *)":     "",
		"cron(0 8 1 JAN,JUL ? 2026)":    "",
		"cron(0 0 L * ? *)":             "",
		"cron(0 0 15W * ? *)":           "",
		"cron(0 0 ? * 6L *)":            "",
		"cron(10,30,50 0-23/2 ? * 1 *)": "",
		"cron(58,2 3,5 * * ? *)":        "", // never in hours after each other
		"rate(1 day)":                   `want "cron(`,
		"cron(0 4 * * *)":               `want "cron(`,
		"0 4 * * ? *":                   `want "cron(`,
		"cron(0 4 * * * *)":             "want ? in one of",
		"cron(0 4 ? * ? *)":             "want ? in one of",
		"cron(* 4 * * ? *)":             "1 minutes after each other, Glue wants at least 5",
		"cron(0/4 * * * ? *)":           "4 minutes after each other",
		"cron(58,2 * * * ? *)":          "4 minutes after each other",
		"cron(58,2 23,0 * * ? *)":       "4 minutes after each other",
		"cron(60 4 * * ? *)":            `minutes "60": want 0 to 59`,
		"cron(0 24 * * ? *)":            `hours "24"`,
		"cron(0 4 32 * ? *)":            `day-of-month "32"`,
		"cron(0 4 * 13 ? *)":            `month "13"`,
		"cron(0 4 * JUNE ? *)":          `month "JUNE"`,
		"cron(0 4 ? * 8 *)":             `day-of-week "8"`,
		"cron(0 4 ? * MON#1 *)":         `day-of-week "MON#1"`,
		"cron(0 4 ? * FRI-MON *)":       "from the smaller to the greater",
		"cron(0 4 * * ? 2200)":          `year "2200"`,
		"cron(0/0 4 * * ? *)":           "behind the slash",
		"cron(+5 4 * * ? *)":            `minutes "+5"`,
		"cron(0, 4 * * ? *)":            `minutes ""`,
	}
	for schedule, want := range tests {
		err := checkSchedule(schedule)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", schedule, err, want)
		}
	}
}
