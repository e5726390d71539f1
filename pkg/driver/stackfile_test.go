package driver

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestForgetSecrets(t *testing.T) {
	t.Parallel()
	const key = "secretsprovider: awskms://alias/tarn-dev-platform?region=eu-west-1\n"
	const config = "config:\n  aws:region: eu-west-1 # where\n  app:settings: {encryptedkey: x, secretsprovider: y}\n"
	tests := map[string]struct{ before, after string }{
		"nothing to forget":  {"# comment\n" + config, "# comment\n" + config},
		"at the beginning":   {key + "encryptedkey: AQIC\n# comment\n\n" + config, "# comment\n\n" + config},
		"at the end":         {config + key + "encryptedkey: AQIC", config},
		"in between":         {"# a\n" + key + "# b\nencryptedkey: AQIC\n" + config + "encryptionsalt: v1:x\n", "# a\n# b\n" + config},
		"a salt":             {"encryptionsalt: v1:9N61K3CRxE0=:v1:x\n" + config, config},
		"inside a value":     {"config:\n  encryptedkey: keep\n  secretsprovider: keep\n  encryptionsalt: keep\n", "config:\n  encryptedkey: keep\n  secretsprovider: keep\n  encryptionsalt: keep\n"},
		"in a comment":       {"# encryptedkey: x\n#secretsprovider: y\n", "# encryptedkey: x\n#secretsprovider: y\n"},
		"a longer name":      {"encryptedkeys: x\nsecretsproviders: y\n", "encryptedkeys: x\nsecretsproviders: y\n"},
		"no last line break": {key + "config: {}", "config: {}"},
		"Windows":            {"config: {}\r\nencryptedkey: x\r\n# end\r\n", "config: {}\r\n# end\r\n"},
		"strange bytes":      {"# \xff\x00é\t \n" + key, "# \xff\x00é\t \n"},
		"nothing else":       {key, ""},
		"empty":              {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			file := stackFile(folder, "dev")
			write(t, file, test.before)
			write(t, stackFile(folder, "prod"), key)
			long := time.Now().Add(-time.Hour).Truncate(time.Second)
			if err := os.Chtimes(file, long, long); err != nil {
				t.Fatal(err)
			}
			if err := forgetSecrets(folder, "dev"); err != nil {
				t.Fatal(err)
			}
			if after, err := os.ReadFile(file); err != nil || string(after) != test.after {
				t.Errorf("got  %q, error %v\nwant %q", after, err, test.after)
			}
			if info, err := os.Stat(file); err != nil || info.ModTime().Equal(long) != (test.before == test.after) {
				t.Errorf("the file was written at %v, error %v", info.ModTime(), err)
			}
			if other, err := os.ReadFile(stackFile(folder, "prod")); err != nil || string(other) != key {
				t.Errorf("another environment's file is %q, error %v", other, err)
			}
			if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) != 2 {
				t.Errorf("files %v, error %v", left, err)
			}
		})
	}
	if err := forgetSecrets(t.TempDir(), "dev"); err == nil {
		t.Error("no stack file is no error")
	}
}
