"""Makes an Iceberg table equal to a data frame, row by row, by key.

Only rows that differ are written, and when none does there is no commit: a second run over the
same data leaves the table, its snapshots and its files as they were.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

_CHANGE = "__change"
_INSERT, _UPDATE, _DELETE = "insert", "update", "delete"


@dataclass(frozen=True)
class MergeCounts:
    """What a merge did, in rows; `total` is the table afterwards."""

    inserted: int
    updated: int
    deleted: int
    unchanged: int
    total: int


def merge(
    spark: SparkSession,
    table: str,
    rows: DataFrame,
    key: Sequence[str],
    *,
    delete_missing: bool,
) -> MergeCounts:
    """Insert the rows that are new, update those that differ, delete those that are gone.

    `rows` must hold each key once. Without `delete_missing`, rows of the table that `rows`
    does not have stay.
    """
    before = spark.table(table).count()
    changes = _changes(spark.table(table), rows, key, delete_missing, before == 0)
    changes = changes.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        counted = dict(changes.groupBy(_CHANGE).count().collect())
        inserted, updated, deleted = (counted.get(c, 0) for c in (_INSERT, _UPDATE, _DELETE))
        if inserted + updated + deleted:
            _apply(spark, table, changes, rows.columns, key, counted)
    finally:
        changes.unpersist()
    total = spark.table(table).count()
    if total != before + inserted - deleted:
        raise AssertionError(
            f"{table} has {total} rows after {inserted} inserts and {deleted} deletes on {before}"
        )
    return MergeCounts(inserted, updated, deleted, before - updated - deleted, total)


def _changes(
    target: DataFrame, rows: DataFrame, key: Sequence[str], delete_missing: bool, is_empty: bool
) -> DataFrame:
    """Return the rows to write, each with what to do; a row to delete has its key only."""
    if is_empty:
        return rows.withColumn(_CHANGE, F.lit(_INSERT))
    source = rows.withColumn("__in_source", F.lit(True)).alias("s")
    present = target.select(*rows.columns).withColumn("__in_target", F.lit(True)).alias("t")
    same_key = _all(F.col(f"s.{name}") == F.col(f"t.{name}") for name in key)
    same_rest = _all(
        F.col(f"s.{name}").eqNullSafe(F.col(f"t.{name}"))
        for name in rows.columns
        if name not in key
    )
    joined = source.join(present, same_key, "full" if delete_missing else "left")
    change = (
        F.when(F.col("__in_source").isNull(), F.lit(_DELETE))
        .when(F.col("__in_target").isNull(), F.lit(_INSERT))
        .when(~same_rest, F.lit(_UPDATE))
    )
    columns = [
        F.coalesce(f"s.{name}", f"t.{name}").alias(name) if name in key else F.col(f"s.{name}")
        for name in rows.columns
    ]
    return joined.select(*columns, change.alias(_CHANGE)).where(F.col(_CHANGE).isNotNull())


def _apply(
    spark: SparkSession,
    table: str,
    changes: DataFrame,
    columns: Sequence[str],
    key: Sequence[str],
    counted: dict[str, int],
) -> None:
    # Views belong to the session, which the data sets running side by side share.
    view = "changes_of_" + "".join(c if c.isalnum() else "_" for c in table)
    changes.createOrReplaceTempView(view)
    on = " AND ".join(f"t.`{name}` = s.`{name}`" for name in key)
    names = ", ".join(f"`{name}`" for name in columns)
    values = ", ".join(f"s.`{name}`" for name in columns)
    # A clause that matches no row would still make the statement rewrite files, so each is
    # there only when it is needed. Inserts alone become an append.
    clauses = []
    if counted.get(_DELETE):
        clauses.append(f"WHEN MATCHED AND s.{_CHANGE} = '{_DELETE}' THEN DELETE")
    if counted.get(_UPDATE):
        rest = ", ".join(f"t.`{name}` = s.`{name}`" for name in columns if name not in key)
        clauses.append(f"WHEN MATCHED AND s.{_CHANGE} = '{_UPDATE}' THEN UPDATE SET {rest}")
    if counted.get(_INSERT):
        clauses.append(
            f"WHEN NOT MATCHED AND s.{_CHANGE} = '{_INSERT}' "
            f"THEN INSERT ({names}) VALUES ({values})"
        )
    try:
        spark.sql(f"MERGE INTO {table} t USING {view} s ON {on} {' '.join(clauses)}")
    finally:
        spark.catalog.dropTempView(view)


def _all(conditions: Iterable[Column]) -> Column:
    result = F.lit(True)
    for condition in conditions:
        result = result & condition
    return result
