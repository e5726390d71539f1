package infer

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-data/tarn/pkg/dataset"
)

// readParquet takes types from the file's schema, and what values there are from its first rows.
func readParquet(content io.ReaderAt, size int64) (out sample, err error) {
	defer func() { // the library panics on some broken files
		if problem := recover(); problem != nil {
			err = fmt.Errorf("reading it as Parquet: %v", problem)
		}
	}()
	file, err := parquet.OpenFile(content, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return sample{}, fmt.Errorf("reading it as Parquet: %w", err)
	}
	out.format = dataset.Parquet
	leaf := map[int]int{} // by the number of a leaf: the column
	for i, column := range file.Root().Columns() {
		kind, leave := parquetType(column)
		out.columns = append(out.columns, field{name: column.Name(), kind: kind, leave: leave})
		if column.Leaf() {
			leaf[column.Index()] = i
		}
	}
	if len(out.columns) == 0 || len(out.columns) > maxColumns {
		return sample{}, fmt.Errorf("it has %d columns, 1 to %d can be described", len(out.columns), maxColumns)
	}
	if err := out.readRows(file, leaf); err != nil {
		return sample{}, fmt.Errorf("reading rows of it as Parquet: %w", err)
	}
	out.partial = int64(len(out.rows)) < file.NumRows()
	return out, nil
}

func (s *sample) readRows(file *parquet.File, leaf map[int]int) error {
	buffer := make([]parquet.Row, 64)
	bytes := 0
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		for {
			n, err := rows.ReadRows(buffer)
			for _, read := range buffer[:n] {
				row := make([]value, len(s.columns))
				for _, v := range read {
					if at, found := leaf[v.Column()]; found && !v.IsNull() {
						row[at] = value{v.String(), typed}
						bytes += len(row[at].text)
					}
				}
				s.rows = append(s.rows, row)
			}
			if len(s.rows)*len(s.columns) >= maxValues || bytes >= MaxBytes {
				return rows.Close()
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(err, rows.Close())
			}
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}

// parquetType gives the type that tarn_jobs/parquet_records.py turns a column into without loss, or why there is none.
func parquetType(column *parquet.Column) (kind, leave string) {
	if !column.Leaf() || column.Repeated() {
		return "", "a nested column"
	}
	physical := column.Type().Kind()
	if logical := column.Type().LogicalType(); logical != nil && logical.Value != nil {
		return logicalType(logical.Value)
	}
	switch physical {
	case parquet.Boolean:
		return "boolean", ""
	case parquet.Int32:
		return "int", ""
	case parquet.Int64:
		return "bigint", ""
	case parquet.Int96:
		return "timestamp", ""
	case parquet.Float:
		return "float", ""
	case parquet.Double:
		return "double", ""
	default:
		return "", "bytes that are not said to be text"
	}
}

func logicalType(logical format.LogicalTypeValue) (kind, leave string) {
	switch logical := logical.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return "string", ""
	case *format.DateType:
		return "date", ""
	case *format.DecimalType:
		if logical.Precision < 1 || logical.Precision > 38 || logical.Scale < 0 || logical.Scale > logical.Precision {
			return "", fmt.Sprintf("a decimal(%d,%d)", logical.Precision, logical.Scale)
		}
		return fmt.Sprintf("decimal(%d,%d)", logical.Precision, logical.Scale), ""
	case *format.TimestampType:
		if _, nanos := logical.Unit.Value.(*format.NanoSeconds); nanos {
			return "", "nanoseconds, which Spark does not have"
		}
		return "timestamp", ""
	case *format.IntType:
		switch {
		case logical.IsSigned && logical.BitWidth <= 32, !logical.IsSigned && logical.BitWidth <= 16:
			return "int", ""
		case logical.IsSigned, logical.BitWidth <= 32:
			return "bigint", ""
		default:
			return "decimal(20,0)", ""
		}
	default:
		return "", "a " + logical.String()
	}
}
