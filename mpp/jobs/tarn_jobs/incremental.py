"""Builds the part of an analytics table that the changes of one source can touch.

The definition promises: rows of the result whose `column` has a value come from those rows of
the source alone for which the expression `changed` gives the same value. So it is enough to find
the values of the rows that came, went or changed, and to run the query over the rows with them.
"""

from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import analytics_state
from tarn_jobs.errors import JobError, summary
from tarn_jobs.manifest import AnalyticsTable, Incremental
from tarn_jobs.session import CATALOG

VALUE = "__changed"


def changed_values(
    spark: SparkSession, definition: AnalyticsTable, source: str, start: int | None, end: int | None
) -> DataFrame | None:
    """Return the values of the rows that changed between two snapshots of the source, each once.

    None when Iceberg cannot say: the first snapshot has expired, or rows were deleted by files
    of deletions, which its changelog does not read.
    """
    between = analytics_state.since(spark, source, start, end)
    if between is None or any("added-delete-files" in summary for _, summary in between):
        return None
    assert definition.incremental is not None
    changed = definition.incremental.changed
    try:
        value = F.expr(changed).alias(VALUE)
        if analytics_state.only_rewritten(between):
            return spark.table(source).limit(0).select(value)
        rows = _changelog(spark, definition.name, source, start, end).select(value)
    except AnalysisException as error:
        raise JobError(f"incremental.changed {changed!r}: {summary(error)}") from error
    # It is read several times, and small: persisted by whom it is returned to.
    return rows.distinct().persist(StorageLevel.MEMORY_AND_DISK)


def _changelog(
    spark: SparkSession, name: str, source: str, start: int | None, end: int | None
) -> DataFrame:
    """Return rows before and after each change, without those a rewritten file only carries on."""
    view = f"changelog_of_{name}"
    _, _, table = source.partition(".")
    spark.sql(
        f"CALL {CATALOG}.system.create_changelog_view(table => '{table}', "
        f"changelog_view => '{view}', options => map("
        f"'start-snapshot-id', '{start}', 'end-snapshot-id', '{end}'))"
    )
    try:
        return spark.table(view)
    finally:
        spark.catalog.dropTempView(view)


def part_of_source(
    spark: SparkSession, source: str, incremental: Incremental, values: DataFrame
) -> DataFrame:
    """Return the rows of the source that have one of the values."""
    same = F.expr(incremental.changed).eqNullSafe(F.col(VALUE))
    return spark.table(source).join(F.broadcast(values), same, "left_semi")


def outside(rows: DataFrame, column: str, values: DataFrame) -> DataFrame:
    """Return the rows whose column has none of the values."""
    return rows.join(F.broadcast(values), rows[column].eqNullSafe(F.col(VALUE)), "left_anti")


def check(
    definition: AnalyticsTable, query: DataFrame, sources: frozenset[str], source: str
) -> None:
    """Raise when the definition cannot be kept whatever the rows are."""
    column = definition.incremental.column if definition.incremental else ""
    if column not in query.columns:
        raise JobError(f"incremental.column {column} is not in the result of the query")
    if definition.key and column not in definition.key:
        # Else a row could move from a value that is built again to one that is not.
        raise JobError(f"incremental.column {column} must be one of the key's columns")
    if source not in sources:
        raise JobError(f"incremental.source: the query does not read {source}")


def check_types(query: DataFrame, column: str, values: DataFrame, changed: str) -> None:
    """Raise when the values of the source and those of the column cannot be the same."""
    is_, wants = values.schema[VALUE].dataType, query.schema[column].dataType
    if is_ != wants:
        raise JobError(
            f"incremental.changed {changed!r} is {is_.simpleString()}, but {column} is "
            f"{wants.simpleString()}: they must be of one type"
        )
