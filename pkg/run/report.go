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

	"github.com/tarn-data/tarn/pkg/pipeline"
)

// JobReport is what one job says of its work (mpp/jobs/tarn_jobs/report.py writes it).
type JobReport struct {
	Job      string     `json:"job"`
	RunID    string     `json:"run_id"`
	JobRunID string     `json:"job_run_id"`
	Seconds  float64    `json:"seconds"`
	OK       bool       `json:"ok"`
	Datasets []RowCount `json:"datasets,omitempty"`
	Tables   []RowCount `json:"tables,omitempty"`
}

// RowCount is what happened to the rows of a data set or table. A row that was read is either valid
// or quarantined; a valid one is inserted, updates a row, or is there already.
type RowCount struct {
	Name        string  `json:"name"`
	Read        int64   `json:"read"`
	Rows        int64   `json:"rows"` // of a table's query
	Valid       int64   `json:"valid"`
	Quarantined int64   `json:"quarantined"`
	Inserted    int64   `json:"inserted"`
	Updated     int64   `json:"updated"`
	Deleted     int64   `json:"deleted"`
	Unchanged   int64   `json:"unchanged"`
	Total       int64   `json:"total"` // rows in the table now
	Seconds     float64 `json:"seconds"`
	Error       string  `json:"error,omitempty"`
}

// Reports reads the reports of a run's jobs. A job that never ran has none.
func (r *Runner) Reports(ctx context.Context, runID string) ([]JobReport, error) {
	var reports []JobReport
	for _, job := range []string{pipeline.RawToStaged, pipeline.StagedToAnalytics} {
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
