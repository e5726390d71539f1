package dataset

// Table is a table of the analytics zone: the result of a query over staged tables.
type Table struct {
	Name        string       `json:"name"         yaml:"name"`
	Description string       `json:"description"  yaml:"description"`
	Pipeline    string       `json:"-"            yaml:"pipeline"`
	SQL         string       `json:"sql"          yaml:"-"`   // the file <name>.sql beside the table's own
	Key         []string     `json:"key"          yaml:"key"` // empty: the table is replaced as a whole
	PartitionBy []string     `json:"partition_by" yaml:"partition_by"`
	OrderBy     []string     `json:"-"            yaml:"order_by"` // how a person wants to see it, for example "rank" or "flights DESC"
	Incremental *Incremental `json:"incremental"  yaml:"incremental"`
}

// Incremental lets a run work out only the part of a table that changes in one source can touch.
type Incremental struct {
	Source  string `json:"source"  yaml:"source"`  // the staged table whose changes are followed
	Changed string `json:"changed" yaml:"changed"` // expression over its columns, for example to_date(time_hour)
	Column  string `json:"column"  yaml:"column"`  // the column of the result that holds the same values
}
