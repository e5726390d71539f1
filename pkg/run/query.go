package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/tarn-data/tarn/pkg/contract"
)

// Answer is the result of a query.
type Answer struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"` // NULL is an empty string
}

// Show asks Athena for the first rows of an analytics table, in the table's own order.
func (r *Runner) Show(ctx context.Context, table contract.Table, limit int) (Answer, error) {
	query := fmt.Sprintf(`SELECT * FROM "%s"."%s"`, r.pipeline.Database, table.Name)
	if table.OrderBy != "" {
		query += " ORDER BY " + table.OrderBy
	}
	return r.Query(ctx, fmt.Sprintf("%s LIMIT %d", query, limit))
}

// Query asks Athena a question in the pipeline's workgroup and waits for the answer. It reads the
// first page of the answer, which has up to 999 rows.
func (r *Runner) Query(ctx context.Context, sql string) (Answer, error) {
	started, err := r.athena.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString:           aws.String(sql),
		WorkGroup:             aws.String(r.pipeline.Workgroup),
		QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String(r.pipeline.Database)},
	})
	if err != nil {
		return Answer{}, fmt.Errorf("asking Athena: %w", err)
	}
	for {
		state, err := r.athena.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		if err != nil {
			return Answer{}, fmt.Errorf("asking Athena: %w", err)
		}
		status := state.QueryExecution.Status
		switch status.State {
		case types.QueryExecutionStateSucceeded:
			return r.answer(ctx, started.QueryExecutionId)
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return Answer{}, fmt.Errorf("the query %s: %s", status.State, aws.ToString(status.StateChangeReason))
		case types.QueryExecutionStateQueued, types.QueryExecutionStateRunning:
		}
		select {
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		case <-time.After(r.poll / 4):
		}
	}
}

func (r *Runner) answer(ctx context.Context, id *string) (Answer, error) {
	page, err := r.athena.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: id})
	if err != nil {
		return Answer{}, fmt.Errorf("reading Athena's answer: %w", err)
	}
	var answer Answer
	for _, column := range page.ResultSet.ResultSetMetadata.ColumnInfo {
		answer.Columns = append(answer.Columns, aws.ToString(column.Name))
	}
	for _, row := range page.ResultSet.Rows {
		var cells []string
		for _, cell := range row.Data {
			cells = append(cells, aws.ToString(cell.VarCharValue))
		}
		answer.Rows = append(answer.Rows, cells)
	}
	// Athena repeats the column names as the first row of a SELECT, but not of SHOW or DESCRIBE.
	if len(answer.Rows) > 0 && slices.Equal(answer.Rows[0], answer.Columns) {
		answer.Rows = answer.Rows[1:]
	}
	return answer, nil
}
