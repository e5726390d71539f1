package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarn-data/tarn/local/scan"
)

func TestChosenScanners(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given []string
		want  []scan.Scanner
		fails string
	}{
		"all without a choice": {nil, scan.Scanners, ""},
		"one":                  {[]string{"prowler"}, []scan.Scanner{scan.Prowler}, ""},
		"one that is not here": {[]string{"checkov", "trivy"}, nil, "--scanner trivy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := scanRequest{scanners: test.given}.chosen()
			if test.fails == "" && (err != nil || !slices.Equal(got, test.want)) {
				t.Errorf("got %v, %v", got, err)
			}
			if test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestShippedWaivers fails when one of them expires: somebody has to decide anew.
func TestShippedWaivers(t *testing.T) {
	t.Parallel()
	waivers, err := scanRequest{}.readWaivers(filepath.Join("..", ".."), time.Now())
	if err != nil || len(waivers) == 0 {
		t.Errorf("%d waivers, %v", len(waivers), err)
	}
}

func TestWaiverFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("waivers: [{id: CKV_AWS_18}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	request := scanRequest{waivers: file}
	if _, err := request.readWaivers("elsewhere", time.Now()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a bad file: %v", err)
	}
	if _, err := (scanRequest{}).readWaivers(t.TempDir(), time.Now()); err == nil {
		t.Error("no file is taken for no waivers")
	}
}

func TestDescribeScan(t *testing.T) {
	t.Parallel()
	clean := scan.Report{Scanners: []scan.Summary{{Scanner: scan.Checkov, Resources: 154, Passed: 343, Findings: 2, Waived: 2}}}
	if text := describeScan(clean); !strings.Contains(text, "154") || !strings.Contains(text, "Nothing is found outside the waivers.") {
		t.Errorf("got\n%s", text)
	}
	found := clean
	found.Findings = []scan.Finding{{ID: "CKV_AWS_18", Resource: "lake/aws_s3_bucket/raw", Demand: "access logs"}}
	found.Problems = []string{"waiver CKV_AWS_7 covers no finding any more"}
	text := describeScan(found)
	for _, want := range []string{"CKV_AWS_18", "lake/aws_s3_bucket/raw", "access logs", "waiver CKV_AWS_7"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Nothing is found") {
		t.Errorf("got\n%s", text)
	}
}

func TestSettingsThatWaiversDependOn(t *testing.T) {
	t.Parallel()
	settings, err := readSettings(filepath.Join("..", ".."), "rehearsal")
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]bool{
		"bootstrap:settings.stateReplicaRegion": true,
		"datalake:settings.domains.flights":     true,
		"datalake:settings.organization.name":   false,
		"datalake:settings.replication":         false,
		"datalake:settings.domains.ships":       false,
		"elsewhere:settings.organization":       false,
	} {
		if got := settings.has(setting); got != want {
			t.Errorf("%s: %v", setting, got)
		}
	}
	if _, err := readSettings(filepath.Join("..", ".."), "nowhere"); err == nil {
		t.Error("an environment that is not there has settings")
	}
}
