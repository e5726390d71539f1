package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// manifestVersion is raised when the jobs of one version cannot read the manifest of another.
const manifestVersion = 1

// Pipeline is the data sets and tables that run together.
type Pipeline struct {
	Name     string
	Datasets []Dataset
	Tables   []Table
}

// Manifest renders what the pipeline's jobs have to do. The same pipeline always gives the same
// bytes: the manifest is stored under the hash of its content.
func (p Pipeline) Manifest() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // SQL is full of < and >
	encoder.SetIndent("", " ")
	err := encoder.Encode(struct {
		Version  int       `json:"version"`
		Pipeline string    `json:"pipeline"`
		Datasets []Dataset `json:"datasets"`
		Tables   []Table   `json:"tables"`
	}{manifestVersion, p.Name, withLists(p.Datasets), tablesWithLists(p.Tables)})
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
		out = append(out, t)
	}
	return out
}
