package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// JobReport is what one job says of its work (mpp/jobs/tarn_jobs/report.py writes it).
type JobReport struct {
	Job      string     `json:"job"`
	RunID    string     `json:"run_id"`
	JobRunID string     `json:"job_run_id"`
	Seconds  float64    `json:"seconds"`
	OK       bool       `json:"ok"`
	Error    string     `json:"error,omitempty"` // that kept the whole job from its work
	Datasets []RowCount `json:"datasets,omitempty"`
	Tables   []RowCount `json:"tables,omitempty"`
}

// RowCount is what happened to the rows of a data set or table. A row that was read is either valid
// or quarantined, superseded by a newer one of the same key, or expired: older than its data set keeps rows. A valid
// one is inserted, updates a row, or is there already.
type RowCount struct {
	Name        string  `json:"name"`
	Files       int64   `json:"files"`
	Bytes       int64   `json:"bytes"`
	Read        int64   `json:"read"`
	Rows        int64   `json:"rows"`            // of a table's query
	Build       string  `json:"build,omitempty"` // of a table: full, incremental or unchanged
	Valid       int64   `json:"valid"`
	Superseded  int64   `json:"superseded"`
	Expired     int64   `json:"expired"`
	Quarantined int64   `json:"quarantined"`
	Inserted    int64   `json:"inserted"`
	Updated     int64   `json:"updated"`
	Deleted     int64   `json:"deleted"`
	Unchanged   int64   `json:"unchanged"`
	Total       int64   `json:"total"` // rows in the table now
	Seconds     float64 `json:"seconds"`
	Error       string  `json:"error,omitempty"`

	Published bool   `json:"published,omitempty"` // by the quality gate
	Rules     []Rule `json:"rules,omitempty"`     // that the quality gate judged

	CompactedFiles   int64  `json:"compacted_files,omitempty"` // by the table maintenance, as the following
	ExpiredSnapshots int64  `json:"expired_snapshots,omitempty"`
	Orphans          int64  `json:"orphans,omitempty"`
	DeletedRows      int64  `json:"deleted_rows,omitempty"`
	DroppedBranches  int64  `json:"dropped_branches,omitempty"`
	Note             string `json:"note,omitempty"` // why something was left for the next time
}

// Rule is a rule of quality and whether it held.
type Rule struct {
	Rule     string          `json:"rule"`
	Passed   bool            `json:"passed"`
	Observed json.RawMessage `json:"observed,omitempty"` // a number, a text or nothing
}

// Seen gives what was observed, for people.
func (r Rule) Seen() string {
	var text string
	if json.Unmarshal(r.Observed, &text) == nil {
		return text
	}
	return string(r.Observed)
}

// Reports reads the reports of a run's jobs. A job that never ran has none.
func (r *Runner) Reports(ctx context.Context, runID string) ([]JobReport, error) {
	var reports []JobReport
	for _, job := range Kinds(r.pipeline) {
		bucket, prefix, _ := strings.Cut(strings.TrimPrefix(r.pipeline.ReportURI, "s3://"), "/")
		object, err := r.s3.GetObject(ctx, &s3.GetObjectInput{
			Bucket: aws.String(bucket), Key: aws.String(prefix + "/" + runID + "/" + job + ".json"),
		})
		var missing *types.NoSuchKey
		if errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return reports, fmt.Errorf("reading the report of job %s: %w", job, err)
		}
		report, err := decodeReport(object.Body)
		if err != nil {
			return reports, fmt.Errorf("reading the report of job %s: %w", job, err)
		}
		reports = append(reports, report)
	}
	return reports, nil
}

func decodeReport(body io.ReadCloser) (JobReport, error) {
	defer body.Close()
	var report JobReport
	err := json.NewDecoder(body).Decode(&report)
	return report, err
}
