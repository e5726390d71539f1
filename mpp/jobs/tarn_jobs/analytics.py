"""Staged to analytics: one query to the table that equals its result."""

from time import monotonic

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import keys, merge, tables
from tarn_jobs.errors import JobError
from tarn_jobs.manifest import AnalyticsTable
from tarn_jobs.report import TableResult, counts
from tarn_jobs.session import table_name


def build(
    spark: SparkSession, definition: AnalyticsTable, *, location: str, database: str
) -> TableResult:
    """Run the query of a table and bring the table in line with the result.

    The session's current database must be the staged one.
    """
    began = monotonic()
    table = table_name(database, definition.name)
    rows = spark.sql(definition.sql)
    for column in definition.key:
        if column not in rows.columns:
            raise JobError(f"key column {column} is not in the result of the query")
    rows = rows.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        number = rows.count()
        _check_key(rows, definition.key)
        columns = {field.name: field.dataType.simpleString() for field in rows.schema}
        tables.ensure(spark, table, location, columns, definition.partition_by)
        merged = merge.merge(spark, table, rows, definition.key, delete_missing=True)
        if merged.total != number:
            raise AssertionError(f"{table} has {merged.total} rows, the query {number}")
    finally:
        rows.unpersist()
    return TableResult(
        definition.name, rows=number, **counts(merged), seconds=round(monotonic() - began, 1)
    )


def _check_key(rows: DataFrame, key: tuple[str, ...]) -> None:
    empty = " OR ".join(f"`{name}` IS NULL" for name in key)
    if not rows.where(empty).isEmpty():
        raise JobError(f"the result has rows whose key ({', '.join(key)}) is not complete")
    repeated = rows.groupBy(*key).count().where("count > 1")
    example = repeated.select(keys.describe(key).alias("key"), F.col("count")).orderBy("key")
    if found := example.head():
        raise JobError(f"the result has {found['count']} rows with the key {found['key']}")
