package retention_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/tarn-data/tarn/pkg/bucket"
	"github.com/tarn-data/tarn/pkg/domain"
	"github.com/tarn-data/tarn/pkg/retention"
	"github.com/tarn-data/tarn/pkg/settings"
	"github.com/tarn-data/tarn/pkg/zone"
)

// file is the part of a stack file that is about retention.
type file struct {
	Classes            retention.Classes `json:"retentionClasses"`
	Zones              retention.Zones   `json:"retention"`
	Domains            domain.Domains    `json:"domains"`
	ExpireAllAfterDays int               `json:"expireAllAfterDays"`
	Protect            bool              `json:"protect"`
	LockDays           int               `json:"lockDays"`
}

func (f *file) policy() *retention.Policy {
	return &retention.Policy{
		Classes: f.Classes, Zones: f.Zones, Domains: f.Domains, ExpireAllAfterDays: f.ExpireAllAfterDays, Protect: f.Protect,
		LockDays: map[zone.Kind]int{zone.Raw: f.LockDays},
	}
}

func (f *file) Validate() error {
	return errors.Join(f.Domains.Validate(), f.policy().Validate())
}

const domains = `"domains": {
	"pay": {"classification": "restricted", "rawPrefixes": ["hr/pay", "hr/bonus"]},
	"sales": {"classification": "public"}, "stock": {}}`

func TestValidate(t *testing.T) {
	t.Parallel()
	class := func(text string) string { return `{"retentionClasses": {"mine": ` + text + `}}` }
	tests := map[string]struct{ text, want string }{
		"nothing":       {`{}`, ""},
		"protected":     {`{"protect": true}`, ""},
		"every builtin": {`{"retention": {"raw": {"prefixes": {"a": "infrequent", "b": "archive", "c": "short", "d": "temporary", "e": "year"}, "class": "keep"}}}`, ""},
		"a class of one's own": {`{"retentionClasses": {"mine": {"noncurrentDays": 90, "abortUploadDays": 3,
			"transitions": [{"days": 0, "storageClass": "INTELLIGENT_TIERING"}], "expireDays": 1}}, "retention": {"raw": {"class": "mine"}}}`, ""},
		"in the place of a default":               {`{"retentionClasses": {"short": {"noncurrentDays": 2, "expireDays": 5}}}`, ""},
		"a default's replacement that cannot be":  {`{"retentionClasses": {"tables": {"noncurrentDays": 2, "expireDays": 5}}}`, "retention.staged.class, class tables: expireDays: Iceberg tables"},
		"class name":                              {`{"retentionClasses": {"My class": {"noncurrentDays": 2}}}`, "retentionClasses.My class: want lower-case"},
		"no old versions":                         {class(`{}`), "retentionClasses.mine: noncurrentDays is 0, want at least 1"},
		"uploads for ever":                        {class(`{"noncurrentDays": 1, "abortUploadDays": 8}`), "abortUploadDays is 8, want 1 to 7"},
		"negative expiry":                         {class(`{"noncurrentDays": 1, "expireDays": -1}`), "expireDays is -1"},
		"unknown storage class":                   {class(`{"noncurrentDays": 1, "transitions": [{"days": 1, "storageClass": "COLD"}]}`), `transitions[0].storageClass "COLD": want one of`},
		"too young for IA":                        {class(`{"noncurrentDays": 1, "transitions": [{"days": 29, "storageClass": "STANDARD_IA"}]}`), "transitions[0].days is 29, S3 wants at least 30 for STANDARD_IA"},
		"negative days":                           {class(`{"noncurrentDays": 1, "transitions": [{"days": -1, "storageClass": "GLACIER"}]}`), "transitions[0].days is -1"},
		"backwards":                               {class(`{"noncurrentDays": 1, "transitions": [{"days": 90, "storageClass": "GLACIER"}, {"days": 200, "storageClass": "STANDARD_IA"}]}`), "transitions[1].storageClass STANDARD_IA: S3 moves objects only in the order"},
		"twice the same":                          {class(`{"noncurrentDays": 1, "transitions": [{"days": 90, "storageClass": "GLACIER"}, {"days": 200, "storageClass": "GLACIER"}]}`), "only in the order"},
		"from one zone to instant":                {class(`{"noncurrentDays": 1, "transitions": [{"days": 30, "storageClass": "ONEZONE_IA"}, {"days": 200, "storageClass": "GLACIER_IR"}]}`), "not from ONEZONE_IA to GLACIER_IR"},
		"not 30 days in IA":                       {class(`{"noncurrentDays": 1, "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 59, "storageClass": "GLACIER"}]}`), "transitions[1].days is 59, want at least 60: S3 keeps or bills objects 30 days in STANDARD_IA"},
		"just 30 days in IA":                      {class(`{"noncurrentDays": 1, "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 60, "storageClass": "GLACIER"}]}`), ""},
		"not 90 days in Glacier":                  {class(`{"noncurrentDays": 1, "transitions": [{"days": 10, "storageClass": "GLACIER"}, {"days": 99, "storageClass": "DEEP_ARCHIVE"}]}`), "want at least 100: S3 keeps or bills objects 90 days in GLACIER"},
		"deleted before the deep archive's end":   {class(`{"noncurrentDays": 1, "transitions": [{"days": 10, "storageClass": "DEEP_ARCHIVE"}], "expireDays": 189}`), "expireDays is 189, want at least 190"},
		"deleted at the deep archive's end":       {class(`{"noncurrentDays": 1, "transitions": [{"days": 10, "storageClass": "DEEP_ARCHIVE"}], "expireDays": 190}`), ""},
		"deleted before it moves":                 {class(`{"noncurrentDays": 1, "transitions": [{"days": 10, "storageClass": "INTELLIGENT_TIERING"}], "expireDays": 10}`), "expireDays is 10, want at least 11"},
		"unknown zone":                            {`{"retention": {"rwa": {"class": "keep"}}}`, "retention.rwa: there is no such zone; zones are [raw"},
		"unknown class":                           {`{"retention": {"raw": {"class": "kept"}}}`, `retention.raw.class: there is no class "kept"; classes are [archive cool`},
		"unknown class of a folder":               {`{"retention": {"raw": {"prefixes": {"a": "kept"}}}}`, `retention.raw.prefixes[a]: there is no class "kept"`},
		"unknown class of a classification":       {`{"retention": {"raw": {"classifications": {"restricted": "kept"}}}, ` + domains + `}`, `retention.raw.classifications.restricted (domain pay): there is no class "kept"`},
		"unknown classification":                  {`{"retention": {"raw": {"classifications": {"secret": "keep"}}}}`, "retention.raw.classifications.secret: want one of [public"},
		"classification where no domain is":       {`{"retention": {"artifacts": {"classifications": {"public": "keep"}}}}`, "retention.artifacts.classifications: the folders of this zone belong to no domain"},
		"a folder with a slash":                   {`{"retention": {"raw": {"prefixes": {"a/": "short"}}}}`, "retention.raw.prefixes[a/]: want a folder such as"},
		"a pattern":                               {`{"retention": {"raw": {"prefixes": {"a/*": "short"}}}}`, "want a folder such as"},
		"a long folder":                           {`{"retention": {"raw": {"prefixes": {"` + strings.Repeat("a", 241) + `": "short"}}}}`, "at most 240 characters"},
		"expiring table":                          {`{"retention": {"analytics": {"prefixes": {"a": "short"}}}}`, "retention.analytics.prefixes[a], class short: expireDays: Iceberg"},
		"expiring quarantine":                     {`{"retention": {"quarantine": {"class": "year"}}}`, "Iceberg"},
		"archived table":                          {`{"retention": {"staged": {"class": "archive"}}}`, "nobody can read a table whose files are in DEEP_ARCHIVE"},
		"cool table":                              {`{"retention": {"staged": {"class": "cool"}}}`, ""},
		"deleting protected data":                 {`{"protect": true, "retention": {"raw": {"class": "year"}}}`, "protect is true, so no data of raw is deleted by age unless retention.raw.allowExpiry is true"},
		"deleting protected data of a domain":     {`{"protect": true, "retention": {"raw": {"classifications": {"restricted": "year"}}}, ` + domains + `}`, "retention.raw.classifications.restricted (domain pay), class year: expireDays: protect is true"},
		"deleting protected data, said twice":     {`{"protect": true, "retention": {"raw": {"class": "year", "allowExpiry": true}}}`, ""},
		"deleting protected results":              {`{"protect": true, "retention": {"athena-results": {"class": "temporary"}}}`, ""},
		"allowing what is never":                  {`{"retention": {"staged": {"allowExpiry": true}}}`, "retention.staged.allowExpiry: it is only for raw"},
		"deleting all protected data":             {`{"protect": true, "expireAllAfterDays": 30}`, "protect forbids that: choose one"},
		"deleting all data":                       {`{"expireAllAfterDays": 30}`, ""},
		"deleting all data before":                {`{"expireAllAfterDays": -1}`, "expireAllAfterDays is -1"},
		"deleting locked data":                    {`{"lockDays": 400, "retention": {"raw": {"class": "year"}}}`, "objects expire after 365 days, and zones.raw.objectLock keeps them for 400"},
		"deleting locked data with all data":      {`{"lockDays": 31, "expireAllAfterDays": 30}`, "objects expire after 30 days, and zones.raw.objectLock keeps them for 31"},
		"deleting data that was locked":           {`{"lockDays": 365, "retention": {"raw": {"class": "year"}}}`, ""},
		"a folder that keeps longer":              {`{"retention": {"raw": {"class": "short", "prefixes": {"a/b": "year"}}}}`, "retention.raw.prefixes[a/b]: class year cannot be an exception from class short of retention.raw.class, which S3 applies to the folder, too, and which deletes its objects after 30 days."},
		"a folder that keeps for ever":            {`{"retention": {"raw": {"prefixes": {"a": "short", "a/b": "keep"}}}}`, "exception from class short of retention.raw.prefixes[a]"},
		"a folder that keeps less":                {`{"retention": {"raw": {"prefixes": {"a": "year", "a/b": "short"}}}}`, ""},
		"a folder beside":                         {`{"retention": {"raw": {"class": "keep", "prefixes": {"a": "short", "ab": "year"}}}}`, ""},
		"a folder that moves later":               {`{"retention": {"raw": {"class": "archive", "prefixes": {"a": "infrequent"}}}}`, "moves its objects to STANDARD_IA after 30 days and moves its objects to GLACIER_IR after 90 days and moves its objects to DEEP_ARCHIVE after 365 days"},
		"a folder that moves sooner and further":  {`{"retention": {"raw": {"class": "infrequent", "prefixes": {"a": "archive"}}}}`, ""},
		"a folder that is deleted after it moved": {`{"retention": {"raw": {"class": "infrequent", "prefixes": {"a": "year"}}}}`, ""},
		"a folder that is deleted just after it moved": {`{"retentionClasses": {"mine": {"noncurrentDays": 1, "expireDays": 110}}, "retention": {"raw": {"class": "infrequent", "prefixes": {"a": "mine"}}}}`,
			"retention.raw.prefixes[a]: class mine cannot be an exception from class infrequent of retention.raw.class, which S3 applies to the folder, too, and which moves its objects to STANDARD_IA after 90 days"},
		"a folder that cannot be read before it is deleted": {`{"retentionClasses": {"mine": {"noncurrentDays": 1, "expireDays": 900}}, "retention": {"raw": {"class": "archive", "prefixes": {"a": "mine"}}}}`,
			"moves its objects to DEEP_ARCHIVE after 365 days"},
		"a folder that is gone before it moves":    {`{"retention": {"raw": {"class": "infrequent", "prefixes": {"a": "short"}}}}`, ""},
		"a folder that keeps old versions longer":  {`{"retention": {"staged": {"prefixes": {"a": "keep"}}}}`, "deletes its old versions after 14 days"},
		"a folder that keeps upload parts longer":  {`{"retentionClasses": {"mine": {"noncurrentDays": 90, "abortUploadDays": 1}}, "retention": {"raw": {"class": "mine", "prefixes": {"a": "keep"}}}}`, "deletes its unfinished uploads after 1 days"},
		"a classification that keeps longer":       {`{"retention": {"raw": {"class": "short", "classifications": {"restricted": "year"}}}, ` + domains + `}`, "retention.raw.classifications.restricted (domain pay): class year cannot"},
		"a folder above a domain that keeps less":  {`{"retention": {"raw": {"class": "keep", "classifications": {"restricted": "archive"}, "prefixes": {"hr": "short"}}}, ` + domains + `}`, "exception from class short of retention.raw.prefixes[hr]"},
		"a folder in the place of a domain's rule": {`{"retention": {"raw": {"class": "keep", "classifications": {"restricted": "short"}, "prefixes": {"hr/pay": "archive", "hr/bonus": "archive"}}}, ` + domains + `}`, ""},
		"misspelt":                {`{"retention": {"raw": {"classes": "keep"}}}`, `unknown field "classes"`},
		"the form before":         {`{"retention": {"raw": {"noncurrentDays": 1}}}`, `unknown field "noncurrentDays"`},
		"too many rules":          {`{"retention": {"raw": {"class": "keep", "prefixes": {` + many(1000) + `}}}}`, "retention.raw: 1001 rules, S3 allows 1000"},
		"as many rules as can be": {`{"retention": {"raw": {"class": "keep", "prefixes": {` + many(999) + `}}}}`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := settings.Decode([]byte(test.text), &file{})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v\nwant %q", err, test.want)
			}
		})
	}
}

func many(n int) string {
	var folders []string
	for i := range n {
		folders = append(folders, fmt.Sprintf(`"f%d": "short"`, i))
	}
	return strings.Join(folders, ",")
}

// What a bucket gets, in short: days of expiry and of old versions by folder, "" for the whole bucket.
func TestOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		kind zone.Kind
		want map[string]string
	}{
		"raw by default":       {`{}`, zone.Raw, map[string]string{"": "0/90/2"}},
		"artifacts by default": {`{}`, zone.Artifacts, map[string]string{"": "0/90/0", "tmp": "7/1/0"}},
		"results by default":   {`{}`, zone.AthenaResults, map[string]string{"": "30/1/0"}},
		"logs by default":      {`{}`, zone.AccessLogs, map[string]string{"": "365/1/0"}},
		"a folder besides the default's": {`{"retention": {"artifacts": {"prefixes": {"reports": "year"}}}}`, zone.Artifacts,
			map[string]string{"": "0/90/0", "tmp": "7/1/0", "reports": "365/1/0"}},
		"a default's folder otherwise": {`{"retention": {"artifacts": {"prefixes": {"tmp": "short"}}}}`, zone.Artifacts,
			map[string]string{"": "0/90/0", "tmp": "30/1/0"}},
		"domains of a classification in raw": {`{"retention": {"raw": {"classifications": {"restricted": "year", "public": "archive"}}}, ` + domains + `}`, zone.Raw,
			map[string]string{"": "0/90/2", "hr/pay": "365/1/0", "hr/bonus": "365/1/0", "sales": "0/90/3"}},
		"domains without a classification are internal": {`{"retention": {"raw": {"classifications": {"internal": "year"}}}, ` + domains + `}`, zone.Raw,
			map[string]string{"": "0/90/2", "stock": "365/1/0"}},
		"domains in staged": {`{"retention": {"staged": {"classifications": {"restricted": "cool"}, "class": "keep"}}, ` + domains + `}`, zone.Staged,
			map[string]string{"": "0/90/0", "pay": "0/90/1"}},
		"a folder before a classification": {`{"retention": {"raw": {"classifications": {"restricted": "year"}, "prefixes": {"hr/pay": "short"}}}, ` + domains + `}`, zone.Raw,
			map[string]string{"": "0/90/2", "hr/pay": "30/1/0", "hr/bonus": "365/1/0"}},
		"all data of raw goes": {`{"expireAllAfterDays": 30, "retention": {"raw": {"prefixes": {"a": "temporary"}}}}`, zone.Raw,
			map[string]string{"": "30/30/0", "a": "7/1/0"}},
		"all data of staged goes":         {`{"expireAllAfterDays": 30}`, zone.Staged, map[string]string{"": "30/14/0"}},
		"all data of analytics goes":      {`{"expireAllAfterDays": 2}`, zone.Analytics, map[string]string{"": "2/2/0"}},
		"all data of quarantine goes":     {`{"expireAllAfterDays": 2}`, zone.Quarantine, map[string]string{"": "2/2/0"}},
		"results go sooner than data":     {`{"expireAllAfterDays": 60}`, zone.AthenaResults, map[string]string{"": "30/1/0"}},
		"the code stays when data goes":   {`{"expireAllAfterDays": 2}`, zone.Artifacts, map[string]string{"": "0/90/0", "tmp": "7/1/0"}},
		"the logs stay when data goes":    {`{"expireAllAfterDays": 2}`, zone.AccessLogs, map[string]string{"": "365/1/0"}},
		"a default class that is ours":    {`{"retentionClasses": {"infrequent": {"noncurrentDays": 4}}}`, zone.Raw, map[string]string{"": "0/4/0"}},
		"nothing goes in a protected one": {`{"protect": true}`, zone.Staged, map[string]string{"": "0/14/0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f file
			if err := settings.Decode([]byte(test.text), &f); err != nil {
				t.Fatal(err)
			}
			short := func(l bucket.Lifecycle) string {
				return fmt.Sprintf("%d/%d/%d", l.ExpireDays, l.NoncurrentDays, len(l.Transitions))
			}
			whole, folders := f.policy().Of(test.kind)
			got := map[string]string{"": short(whole)}
			for folder, lifecycle := range folders {
				got[folder] = short(lifecycle)
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// What the settings of a protected stack do not name, S3 never deletes.
func TestProtectedDefaultsDeleteNoData(t *testing.T) {
	t.Parallel()
	policy := retention.Policy{Protect: true}
	if err := policy.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []zone.Kind{zone.Raw, zone.Staged, zone.Analytics, zone.Quarantine} {
		whole, folders := policy.Of(kind)
		if whole.ExpireDays > 0 || len(folders) > 0 {
			t.Errorf("%s: %+v, %v", kind, whole, folders)
		}
		if _, found := whole.Unreadable(); found {
			t.Errorf("%s cannot be read after a while", kind)
		}
	}
}

// FuzzRetention checks what must hold for every text that is accepted: S3 accepts it too, a folder's class
// is what happens to the folder, and a protected stack deletes only where it says so.
func FuzzRetention(f *testing.F) {
	f.Add([]byte(`{"retention": {"raw": {"class": "short", "allowExpiry": true, "prefixes": {"a/b": "temporary"}}}, "protect": true}`))
	f.Add([]byte(`{"retention": {"raw": {"classifications": {"restricted": "year"}}}, ` + domains + `}`))
	f.Add([]byte(`{"expireAllAfterDays": 3, "retentionClasses": {"mine": {"noncurrentDays": 1, "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var config file
		if err := settings.Decode(raw, &config); err != nil {
			return
		}
		for _, kind := range zone.Kinds {
			whole, folders := config.policy().Of(kind)
			if 1+len(folders) > bucket.MaxRules {
				t.Errorf("%s has %d rules", kind, len(folders))
			}
			for folder, lifecycle := range folders {
				if err := errors.Join(lifecycle.Validate(), whole.Overrules(lifecycle)); err != nil && config.ExpireAllAfterDays == 0 {
					t.Errorf("%s, %s: %v", kind, folder, err)
				}
				if lifecycle.ExpireDays > 0 && kind.HasDomains() && config.Protect && !config.Zones[kind].AllowExpiry {
					t.Errorf("%s, %s expires", kind, folder)
				}
			}
			if err := whole.Validate(); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			if whole.ExpireDays > 0 && kind.HasDomains() && config.Protect && !config.Zones[kind].AllowExpiry {
				t.Errorf("%s expires", kind)
			}
			if kind.HasIceberg() && whole.ExpireDays > 0 && config.ExpireAllAfterDays == 0 {
				t.Errorf("tables of %s expire", kind)
			}
		}
		if _, err := json.Marshal(config); err != nil {
			t.Error(err)
		}
	})
}
