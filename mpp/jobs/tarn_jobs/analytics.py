"""Staged to analytics: one query to the table that equals its result.

A table is built only when something it depends on has changed, and written only where its rows
differ. Rows go to a branch first; the branch becomes the table in one step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import (
    analytics_queries,
    analytics_state,
    analytics_write,
    incremental,
    keys,
    publish,
    tables,
)
from tarn_jobs.analytics_queries import Queries
from tarn_jobs.analytics_state import Built
from tarn_jobs.errors import JobError
from tarn_jobs.manifest import AnalyticsTable
from tarn_jobs.merge import MergeCounts
from tarn_jobs.report import TableResult, counts
from tarn_jobs.session import table_name

FULL, PART, UNCHANGED = "full", "incremental", "unchanged"

# How often to start over when another run has published in between.
_ATTEMPTS = 3


@dataclass(frozen=True)
class _Table:
    """An analytics table, and all that building it needs."""

    spark: SparkSession
    definition: AnalyticsTable
    queries: Queries
    name: str  # in full
    location: str
    source: str  # in full, of an incremental table
    branch: str


def build(
    spark: SparkSession,
    definition: AnalyticsTable,
    queries: Queries,
    *,
    location: str,
    database: str,
    staged_database: str,
    run_id: str,
) -> TableResult:
    """Bring an analytics table in line with its query."""
    began = monotonic()
    source = definition.incremental.source if definition.incremental else ""
    table = _Table(
        spark,
        definition,
        queries,
        name=table_name(database, definition.name),
        location=location,
        source=table_name(staged_database, source),
        branch=publish.branch_name(run_id),
    )
    how, merged = _again(lambda: _build(table))
    return TableResult(
        definition.name,
        rows=merged.total,
        build=how,
        **counts(merged),
        seconds=round(monotonic() - began, 1),
    )


def _again(attempt: Callable[[], Any]) -> Any:
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except publish.Moved:
            continue
    return attempt()


def _build(table: _Table) -> tuple[str, MergeCounts]:
    spark, definition = table.spark, table.definition
    read = analytics_queries.reads(spark, table.queries.analyze(definition.sql))
    # The snapshots first, then the query again: what it reads is never older than what is
    # remembered. Newer is no harm, the next run builds that once more.
    sources = {name: publish.head(spark, name) for name in sorted(read.tables)}
    query = table.queries.analyze(definition.sql)
    for column in definition.key:
        if column not in query.columns:
            raise JobError(f"key column {column} is not in the result of the query")
    if definition.incremental:
        incremental.check(definition, query, read.tables, table.source)
    now = Built(analytics_state.fingerprint(definition, query), sources)

    exists = spark.catalog.tableExists(table.name)
    base = publish.head(spark, table.name) if exists else None
    before = analytics_state.recall(spark, table.name, base) if exists else None
    if not read.repeatable or before is None or before.query != now.query:
        return FULL, _replace(table, query, now, base)
    if before.sources == sources:
        return UNCHANGED, _nothing(before)
    return _part(table, query, now, base, before) or (FULL, _replace(table, query, now, base))


def _part(
    table: _Table, query: DataFrame, now: Built, base: int | None, before: Built
) -> tuple[str, MergeCounts] | None:
    """Build what changes of the source can touch; None when that is all, or cannot be known."""
    definition, spark = table.definition, table.spark
    wanted = definition.incremental
    if wanted is None or set(before.sources) != set(now.sources):
        return None
    if any(now.sources[name] != at for name, at in before.sources.items() if name != table.source):
        return None
    values = incremental.changed_values(
        spark, definition, table.source, before.sources[table.source], now.sources[table.source]
    )
    if values is None:
        return None
    try:
        incremental.check_types(query, wanted.column, values, wanted.changed)
        if values.isEmpty():
            analytics_state.remember(spark, table.name, _with(now, base, before.rows))
            return UNCHANGED, _nothing(before)
        part = incremental.part_of_source(spark, table.source, wanted, values)
        rows = table.queries.analyze(definition.sql, {wanted.source: part})
        analytics_queries.require_shadowed(
            spark, rows, wanted.source, table.source, definition.name
        )
        rows = rows.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            stray = incremental.outside(rows, wanted.column, values)
            if found := stray.select(F.col(wanted.column).cast("string")).head():
                raise JobError(
                    f"incremental: rows with {wanted.column} = {found[0]} come from rows of "
                    f"{wanted.source} for which {wanted.changed} is something else"
                )
            kept = analytics_write.present_rows(spark, table.name, base, rows)
            whole = rows.unionByName(incremental.outside(kept, wanted.column, values))
            return PART, _replace(table, whole, now, base)
        finally:
            rows.unpersist()
    finally:
        values.unpersist()


def _replace(table: _Table, rows: DataFrame, now: Built, base: int | None) -> MergeCounts:
    """Make the table equal to the rows and remember what they were built from."""
    spark, definition = table.spark, table.definition
    rows = rows.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        number = rows.count()
        if definition.key:
            _check_key(rows, definition.key)
        columns = {field.name: field.dataType.simpleString() for field in rows.schema}
        tables.ensure(spark, table.name, table.location, columns, definition.partition_by)
        merged, snapshot = analytics_write.write(
            spark, table.name, rows, definition.key, number=number, base=base, branch=table.branch
        )
        if merged.total != number:
            raise AssertionError(f"{table.name} has {merged.total} rows, the query {number}")
    finally:
        rows.unpersist()
    analytics_state.remember(spark, table.name, _with(now, snapshot, number))
    return merged


def _with(built: Built, snapshot: int | None, rows: int) -> Built:
    return Built(built.query, built.sources, snapshot, rows)


def _nothing(before: Built) -> MergeCounts:
    return MergeCounts(0, 0, 0, before.rows, before.rows)


def _check_key(rows: DataFrame, key: tuple[str, ...]) -> None:
    empty = " OR ".join(f"`{name}` IS NULL" for name in key)
    if not rows.where(empty).isEmpty():
        raise JobError(f"the result has rows whose key ({', '.join(key)}) is not complete")
    repeated = rows.groupBy(*key).count().where("count > 1")
    example = repeated.select(keys.describe(key).alias("key"), F.col("count")).orderBy("key")
    if found := example.head():
        raise JobError(f"the result has {found['count']} rows with the key {found['key']}")
