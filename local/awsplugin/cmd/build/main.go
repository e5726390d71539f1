// Command build makes the AWS plugin from Go modules: the binary pulumi-resource-aws and its schema.json.
//
//	go run ./cmd/build --out DIR [--work DIR]
//
// Nothing is written outside the two folders and Go's own caches, so that the source tree may be read-only.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "building the AWS plugin:", err)
		os.Exit(1)
	}
}

func run(arguments []string) (err error) {
	flags := flag.NewFlagSet("build", flag.ExitOnError)
	out := flags.String("out", "", "folder that gets the finished plugin (required)")
	work := flags.String("work", "", "folder for intermediate files, kept for the next build (default: a temporary one)")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *out == "" || flags.NArg() > 0 {
		flags.Usage()
		return fmt.Errorf("the folder for the result is missing: --out DIR")
	}
	if *work == "" {
		if *work, err = os.MkdirTemp("", "tarn-awsplugin-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(*work)) }()
	}
	plan, err := newPlan(*out, *work)
	if err != nil {
		return err
	}
	return plan.build()
}

// build runs the steps in order and says how long each took.
func (p *plan) build() error {
	if err := p.clear(); err != nil {
		return err
	}
	steps := []struct {
		name string
		do   func() (string, error)
	}{
		{"fetching the provider's source", p.fetch},
		{"slimming the provider to the services in use", p.slim},
		{"compiling", p.compile},
		{"generating the schema", p.generateSchema},
		{"checking the schema against the Pulumi SDK", p.check},
		{"putting the plugin in place", p.publish},
	}
	started := time.Now()
	for i, step := range steps {
		fmt.Printf("[%d/%d] %s\n", i+1, len(steps), step.name)
		begin := time.Now()
		result, err := step.do()
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Printf("[%d/%d] done in %s: %s\n", i+1, len(steps), elapsed(begin), result)
	}
	fmt.Printf("built %s in %s\n", filepath.Join(p.out, pluginFile), elapsed(started))
	return nil
}

func elapsed(begin time.Time) time.Duration {
	return time.Since(begin).Round(100 * time.Millisecond)
}
