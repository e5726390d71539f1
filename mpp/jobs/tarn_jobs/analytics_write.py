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
    number: int,
    base: int | None,
    branch: str,
) -> tuple[MergeCounts, int | None]:
    """Publish the rows as the table; return what changed, and the snapshot that has them.

    `number` is that of the rows, `base` the snapshot they are compared with. Raises
    publish.Moved when another run has published since; nothing is written when the table has
    these rows already.
    """
    if key:
        return _by_key(spark, table, rows, key, number, base, branch)
    return _whole(spark, table, rows, number, base, branch)


def present_rows(
    spark: SparkSession, table: str, snapshot: int | None, like: DataFrame
) -> DataFrame:
    """Return the rows of the table at a snapshot, with the columns of `like`."""
    if snapshot is None:
        return like.limit(0)
    return merge.rows_at(spark, publish.at_snapshot(table, snapshot), like)


def _whole(
    spark: SparkSession,
    table: str,
    rows: DataFrame,
    number: int,
    base: int | None,
    branch: str,
) -> tuple[MergeCounts, int | None]:
    """Without a key no row is "the same but changed": rows are there or not, each so many times."""
    present = present_rows(spark, table, base, rows)
    # exceptAll, not except: two equal rows are not one.
    new = rows.exceptAll(present).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        inserted = new.count()
        deleted = present.count() - (number - inserted)
        counts = MergeCounts(inserted, 0, deleted, number - inserted, number)
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
    number: int,
    base: int | None,
    branch: str,
) -> tuple[MergeCounts, int | None]:
    counts = merge.merge_to_branch(
        spark, table, rows, key, base=base, branch=branch, delete_missing=True, number=number
    )
    return counts, _published(spark, table, branch) if counts.changed else base


def _published(spark: SparkSession, table: str, branch: str) -> int | None:
    snapshot = publish.head(spark, table, branch)
    publish.publish(spark, table, branch)
    return snapshot
