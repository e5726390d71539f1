package toolchain

import (
	"os"
	"path/filepath"
	"testing"
)

func TestScanners(t *testing.T) {
	f := newFixture(t)
	f.tool("python3.11", fakePython)
	status := func(name string) Status {
		for _, found := range Inspect(t.Context(), f.paths) {
			if found.Name == name {
				return found
			}
		}
		t.Fatalf("%s is not listed", name)
		return Status{}
	}
	for name, version := range map[string]string{"checkov": "3.3.30", "prowler": "5.46.0"} {
		found := status(name)
		if !found.Missing() || !found.Optional || found.Version != version || found.Fix != "tarn doctor --fix --scan" {
			t.Errorf("%+v", found)
		}
	}

	t.Setenv("FAKE_PIP_FAIL", "1")
	_, err := EnsureScanners(t.Context(), f.paths, &recorder{})
	if err == nil || !status("checkov").Missing() {
		t.Fatalf("half an environment counts: %v", err)
	}
	contains(t, err.Error(), "making checkov", "no matching distribution")

	t.Setenv("FAKE_PIP_FAIL", "")
	scanners, err := EnsureScanners(t.Context(), f.paths, &recorder{})
	check(t, err)
	if scanners.Checkov != status("checkov").Path || scanners.Prowler != status("prowler").Path {
		t.Errorf("made %+v", scanners)
	}
	if filepath.Dir(scanners.Checkov) == filepath.Dir(scanners.Prowler) {
		t.Error("the two share an environment, and what they ask for contradicts each other")
	}
	for _, s := range []scanner{checkov(f.paths), prowler(f.paths)} {
		install := "python -m pip --disable-pip-version-check --no-input install --progress-bar off --require-hashes" +
			" --requirement " + s.requirements()
		// prowler, and prowler alone, without the SDKs of all clouds.
		if s.name == "prowler" {
			install += " --no-deps"
		}
		if f.called(install+"\n") == 0 {
			t.Errorf("%s was not installed so: %s", s.name, install)
		}
	}
	calls := f.called("")
	if again, err := EnsureScanners(t.Context(), f.paths, &recorder{}); err != nil || again != scanners || f.called("") != calls {
		t.Errorf("the second time: %+v, %v", again, err)
	}

	check(t, os.WriteFile(checkov(f.paths).requirements(), []byte("checkov==4.0.0\n"), 0o600))
	if found := status("checkov"); !found.Missing() || found.Version != "4.0.0" {
		t.Errorf("other requirements make no other environment: %+v", found)
	}
}
