"""Makes an Iceberg table equal to a data frame, row by row, by key.

Only rows that differ are written, and when none does there is no commit: a second run over the
same data leaves the table, its snapshots and its files as they were.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import publish
from tarn_jobs.retention import Limit

_CHANGE = "__change"
_INSERT, _UPDATE, _DELETE = "insert", "update", "delete"
_OLDER, _EXPIRED = "older", "expired"


@dataclass(frozen=True)
class MergeCounts:
    """What a merge did, in rows; `total` is the table afterwards."""

    inserted: int
    updated: int
    deleted: int
    unchanged: int
    total: int
    # Rows that were left out because the table has a newer one.
    superseded: int = 0
    # Rows that were left out because they are too old and the table does not have them.
    expired: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self.inserted + self.updated + self.deleted > 0


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
    does not have stay. `table` can be a branch (publish.branch_table).
    """
    present = spark.table(table).select(*rows.columns)
    return _merge(spark, present, rows, key, lambda: table, delete_missing=delete_missing)


def merge_to_branch(
    spark: SparkSession,
    table: str,
    rows: DataFrame,
    key: Sequence[str],
    *,
    base: int | None,
    branch: str,
    delete_missing: bool,
    newest_by: str = "",
    limit: Limit | None = None,
    number: int | None = None,
) -> MergeCounts:
    """Do the same to a new branch, which is there afterwards only if something has changed.

    What is to be done is worked out from `base`, the snapshot of main or None when it has none;
    raises publish.Moved when main is another one by then. With `newest_by`, rows of the table
    that are newer stay. Rows beyond `limit` are not inserted, or they would come back after each
    time they were deleted; those that the table still has are kept up to date until then.
    `number` is that of the rows, where it is known.
    """
    present = None if base is None else rows_at(spark, publish.at_snapshot(table, base), rows)
    counts = _merge(
        spark,
        present,
        rows,
        key,
        lambda: publish.open_branch(spark, table, branch, base),
        delete_missing=delete_missing,
        newest_by=newest_by,
        limit=limit,
        number=number,
    )
    if not counts.changed:
        # What an attempt before this one may have left must not be published.
        publish.drop_branch(spark, table, branch)
    return counts


def _merge(
    spark: SparkSession,
    present: DataFrame | None,
    rows: DataFrame,
    key: Sequence[str],
    opened: Callable[[], str],
    *,
    delete_missing: bool,
    newest_by: str = "",
    limit: Limit | None = None,
    number: int | None = None,
) -> MergeCounts:
    before = 0 if present is None else present.count()
    if present is None or before == 0:
        # There is nothing to compare with, and the rows are read once only.
        inserted = rows.count() if number is None else number
        total = expired = 0
        if limit:
            rows = rows.where(~limit.passed_by(F.col(f"`{limit.column}`")))
            expired = inserted - rows.count()
            inserted -= expired
        if inserted:
            target = opened()
            rows.writeTo(target).append()
            total = spark.table(target).count()
        return _checked(MergeCounts(inserted, 0, 0, 0, total, expired=expired), before)
    changes = _changes(present, rows, key, delete_missing, newest_by, limit)
    changes = changes.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        counted = dict(changes.groupBy(_CHANGE).count().collect())
        total = before
        if any(counted.get(change) for change in (_INSERT, _UPDATE, _DELETE)):
            target = opened()
            _apply(spark, target, changes, rows.columns, key, counted)
            total = spark.table(target).count()
    finally:
        changes.unpersist()
    inserted, updated, deleted, older, expired = (
        counted.get(change, 0) for change in (_INSERT, _UPDATE, _DELETE, _OLDER, _EXPIRED)
    )
    unchanged = before - updated - deleted
    counts = MergeCounts(inserted, updated, deleted, unchanged, total, older, expired)
    return _checked(counts, before)


def _checked(counts: MergeCounts, before: int) -> MergeCounts:
    if counts.total != before + counts.inserted - counts.deleted:
        raise AssertionError(
            f"the table has {counts.total} rows after {counts.inserted} inserts and "
            f"{counts.deleted} deletes on {before}"
        )
    return counts


def rows_at(spark: SparkSession, snapshot: str, rows: DataFrame) -> DataFrame:
    """Return the table at a snapshot with the columns of the rows.

    Iceberg shows a snapshot with the columns and types of its time.
    """
    table = spark.table(snapshot)
    return table.select(
        *[
            (F.col(f"`{field.name}`") if field.name in table.columns else F.lit(None))
            .cast(field.dataType)
            .alias(field.name)
            for field in rows.schema
        ]
    )


def _changes(
    target: DataFrame,
    rows: DataFrame,
    key: Sequence[str],
    delete_missing: bool,
    newest_by: str,
    limit: Limit | None,
) -> DataFrame:
    """Return the rows to write, each with what to do; a row to delete has its key only."""
    source = rows.withColumn("__in_source", F.lit(True)).alias("s")
    present = target.withColumn("__in_target", F.lit(True)).alias("t")
    same_key = _all(F.col(f"s.{name}") == F.col(f"t.{name}") for name in key)
    same_rest = _all(
        F.col(f"s.{name}").eqNullSafe(F.col(f"t.{name}"))
        for name in rows.columns
        if name not in key
    )
    joined = source.join(present, same_key, "full" if delete_missing else "left")
    expired = limit.passed_by(F.col(f"s.{limit.column}")) if limit else F.lit(False)
    change = (
        F.when(F.col("__in_source").isNull(), F.lit(_DELETE))
        .when(F.col("__in_target").isNull() & expired, F.lit(_EXPIRED))
        .when(F.col("__in_target").isNull(), F.lit(_INSERT))
        .when(_is_older(newest_by), F.lit(_OLDER))
        .when(~same_rest, F.lit(_UPDATE))
    )
    columns = [
        F.coalesce(f"s.{name}", f"t.{name}").alias(name) if name in key else F.col(f"s.{name}")
        for name in rows.columns
    ]
    return joined.select(*columns, change.alias(_CHANGE)).where(F.col(_CHANGE).isNotNull())


def _is_older(newest_by: str) -> Column:
    """Tell whether the row of the table is newer; null is older than everything else."""
    if not newest_by:
        return F.lit(False)
    new, old = F.col(f"s.{newest_by}"), F.col(f"t.{newest_by}")
    return F.coalesce(new < old, new.isNull() & old.isNotNull())


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
