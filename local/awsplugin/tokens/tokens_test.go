package tokens

import "testing"

func TestToken(t *testing.T) {
	tests := []struct {
		service Service
		entry   Entry
		want    string
	}{
		{s3, Entry{Pulumi: "BucketV2"}, "aws:s3/bucketV2:BucketV2"},
		{events, Entry{Pulumi: "EventRule"}, "aws:cloudwatch/eventRule:EventRule"},
		{meta, Entry{Pulumi: "getRegion"}, "aws:index/getRegion:getRegion"},
	}
	for _, test := range tests {
		if got := test.service.Token(test.entry); got != test.want {
			t.Errorf("token %s, want %s", got, test.want)
		}
	}
}

func TestNothingIsListedTwice(t *testing.T) {
	seen := map[string]bool{}
	once := func(kind string, service Service, entries []Entry) {
		for _, entry := range entries {
			for _, name := range []string{kind + " " + entry.Terraform, kind + " " + service.Token(entry)} {
				if seen[name] {
					t.Errorf("%s is listed twice", name)
				}
				seen[name] = true
			}
		}
	}
	for _, service := range Services() {
		once("resource", service, service.Resources)
		once("function", service, service.Functions)
	}
}
