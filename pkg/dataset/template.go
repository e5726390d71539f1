package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Template is capacity that jobs have in common. It says nothing about environments: stack settings win over it,
// and what it leaves out comes from the template it extends, or else from the built-in defaults.
type Template struct {
	Name              string            `yaml:"name"`
	Description       string            `yaml:"description"`
	Extends           string            `yaml:"extends"`            // the template whose fields this one inherits
	GlueVersion       string            `yaml:"glue_version"`       // for example "5.1"
	WorkerType        string            `yaml:"worker_type"`        // for example G.1X
	MaxWorkers        int               `yaml:"max_workers"`        // most workers a job may grow to, at least 2
	ExecutionClass    string            `yaml:"execution_class"`    // STANDARD or FLEX
	TimeoutMinutes    int               `yaml:"timeout_minutes"`    // after which a run is stopped, 1 to 10080
	MaxRetries        *int              `yaml:"max_retries"`        // how often Glue starts a failed job again, 0 to 10
	Queuing           *bool             `yaml:"queuing"`            // wait for capacity instead of failing
	MaintenanceWindow string            `yaml:"maintenance_window"` // of streaming jobs, for example Sun:3 (UTC)
	SparkConf         map[string]string `yaml:"spark_conf"`         // further Spark settings
}

// Templates are the job templates of a lake by name.
type Templates map[string]Template

// Merged gives a template with what it inherits filled in. The empty name is the empty template.
func (t Templates) Merged(name string) (Template, error) {
	if name == "" {
		return Template{}, nil
	}
	chain, err := t.chain(name)
	if err != nil {
		return Template{}, err
	}
	merged := Template{}
	for _, name := range slices.Backward(chain) {
		merged = t[name].Over(merged)
	}
	return merged, nil
}

// chain gives a template's name and those of what it extends, the nearest first.
func (t Templates) chain(name string) ([]string, error) {
	var chain []string
	for name != "" {
		if _, found := t[name]; !found {
			return nil, fmt.Errorf("there is no template %q; templates are %v", name, slices.Sorted(maps.Keys(t)))
		}
		if slices.Contains(chain, name) {
			return nil, fmt.Errorf("templates extend each other: %s", strings.Join(append(chain, name), " -> "))
		}
		chain = append(chain, name)
		name = t[name].Extends
	}
	return chain, nil
}

// Over gives the template with what it leaves out taken from a base. Spark settings are merged one by one.
func (t Template) Over(base Template) Template {
	t.GlueVersion = cmp.Or(t.GlueVersion, base.GlueVersion)
	t.WorkerType = cmp.Or(t.WorkerType, base.WorkerType)
	t.MaxWorkers = cmp.Or(t.MaxWorkers, base.MaxWorkers)
	t.ExecutionClass = cmp.Or(t.ExecutionClass, base.ExecutionClass)
	t.TimeoutMinutes = cmp.Or(t.TimeoutMinutes, base.TimeoutMinutes)
	t.MaxRetries = cmp.Or(t.MaxRetries, base.MaxRetries)
	t.Queuing = cmp.Or(t.Queuing, base.Queuing)
	t.MaintenanceWindow = cmp.Or(t.MaintenanceWindow, base.MaintenanceWindow)
	if len(base.SparkConf) > 0 {
		conf := maps.Clone(base.SparkConf)
		maps.Copy(conf, t.SparkConf)
		t.SparkConf = conf
	}
	return t
}
