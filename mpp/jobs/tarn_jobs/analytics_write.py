"""Makes an analytics table equal to rows, through a branch, and only if they differ."""

from collections.abc import Sequence

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import merge, publish
from tarn_jobs.merge import MergeCounts


def write(
    spark: SparkSession,
    table: str,
    rows: DataFrame,
    key: Sequence[str],
    *,
    base: int | None,
    branch: str,
) -> tuple[MergeCounts, int | None]:
    """Publish the rows as the table; return what changed, and the snapshot that has them.

    `base` is the snapshot of the table the rows are compared with. Raises publish.Moved when
    another run has published since; nothing is written when the table has these rows already.
    """
    if key:
        return _by_key(spark, table, rows, key, base, branch)
    return _whole(spark, table, rows, base, branch)


def _whole(
    spark: SparkSession, table: str, rows: DataFrame, base: int | None, branch: str
) -> tuple[MergeCounts, int | None]:
    """Without a key no row is "the same but changed": rows are there or not, each so many times."""
    present = spark.table(table if base is None else publish.at_snapshot(table, base))
    if base is None:
        present = present.limit(0)
    present = present.select(*rows.columns)
    # exceptAll, not except: two equal rows are not one.
    new = rows.exceptAll(present).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        inserted = new.count()
        total = rows.count()
        before = present.count()
        deleted = before - (total - inserted)
        counts = MergeCounts(inserted, 0, deleted, total - inserted, total)
        if not inserted and not deleted:
            return counts, base
        target = publish.open_branch(spark, table, branch, base)
        if deleted:
            rows.writeTo(target).overwrite(F.lit(True))
        else:
            new.writeTo(target).append()
    finally:
        new.unpersist()
    return counts, _published(spark, table, branch)


def _by_key(
    spark: SparkSession,
    table: str,
    rows: DataFrame,
    key: Sequence[str],
    base: int | None,
    branch: str,
) -> tuple[MergeCounts, int | None]:
    target = publish.open_branch(spark, table, branch, base)
    counts = merge.merge(spark, target, rows, key, delete_missing=True)
    if counts.inserted + counts.updated + counts.deleted:
        return counts, _published(spark, table, branch)
    publish.drop_branch(spark, table, branch)
    return counts, base


def _published(spark: SparkSession, table: str, branch: str) -> int | None:
    snapshot = publish.head(spark, table, branch)
    publish.publish(spark, table, branch)
    return snapshot
