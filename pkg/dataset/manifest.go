package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tarn-data/tarn/pkg/dqdl"
)

// manifestVersion is raised when the jobs of one version cannot read the manifest of another.
const manifestVersion = 2

// Manifest renders what the pipeline's jobs have to do. The same pipeline always gives the same
// bytes: the manifest is stored under the hash of its content.
func (p Pipeline) Manifest() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // SQL is full of < and >
	encoder.SetIndent("", " ")
	err := encoder.Encode(struct {
		Version     int                     `json:"version"`
		Pipeline    string                  `json:"pipeline"`
		Domain      string                  `json:"domain"`
		Datasets    []Dataset               `json:"datasets"`
		Tables      []Table                 `json:"tables"`
		Rulesets    map[string]dqdl.Ruleset `json:"rulesets"`
		Maintenance *Maintenance            `json:"maintenance"`
	}{manifestVersion, p.Name, p.Domain, withLists(p.Datasets), tablesWithLists(p.Tables), p.Rulesets, p.Maintenance})
	if err != nil {
		return nil, fmt.Errorf("rendering the manifest of pipeline %s: %w", p.Name, err)
	}
	return out.Bytes(), nil
}

// withLists and tablesWithLists replace absent lists by empty ones: readers in other languages
// should not have to think of null.
func withLists(datasets []Dataset) []Dataset {
	out := make([]Dataset, 0, len(datasets))
	for _, d := range datasets {
		if d.PartitionBy == nil {
			d.PartitionBy = []string{}
		}
		if d.Source.Options == nil {
			d.Source.Options = map[string]string{}
		}
		out = append(out, d)
	}
	return out
}

func tablesWithLists(tables []Table) []Table {
	out := make([]Table, 0, len(tables))
	for _, t := range tables {
		if t.PartitionBy == nil {
			t.PartitionBy = []string{}
		}
		if t.Key == nil {
			t.Key = []string{}
		}
		out = append(out, t)
	}
	return out
}
