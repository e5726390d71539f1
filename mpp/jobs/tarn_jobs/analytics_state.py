"""What an analytics table was built from: kept in a property of the table itself.

A run that finds the same query and the same snapshots of all sources has nothing to do. The
property also names the snapshot of the table it speaks of: after anything else has written to the
table, it says nothing any more.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pyspark.sql import DataFrame, SparkSession

from tarn_jobs.manifest import AnalyticsTable

PROPERTY = "tarn.built"
# Rewrites files, not rows: compaction.
_REPLACE = "replace"


@dataclass(frozen=True)
class Built:
    """A build of an analytics table."""

    query: str  # digest of all that decides what the table is, except for the rows of its sources
    sources: Mapping[str, int | None]  # snapshot of each table it reads, by full name
    snapshot: int | None = None  # of the table itself
    rows: int = 0


def fingerprint(definition: AnalyticsTable, query: DataFrame) -> str:
    """Return a digest of a table's definition and of the columns its query gives."""
    parts = [
        definition.sql,
        # A source's new column changes what SELECT * gives, and makes no snapshot.
        query.schema.json(),
        *definition.key,
        "partitions",
        *definition.partition_by,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def remember(spark: SparkSession, table: str, built: Built) -> None:
    """Write a build into the table; this makes no snapshot."""
    text = json.dumps(asdict(built), separators=(",", ":"))
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('{PROPERTY}' = '{escaped}')")


def recall(spark: SparkSession, table: str, head: int | None) -> Built | None:
    """Return the build that made the table what it is now; None when that is not known."""
    found = {row.key: row.value for row in spark.sql(f"SHOW TBLPROPERTIES {table}").collect()}
    try:
        built = Built(**json.loads(found[PROPERTY]))
    except (KeyError, TypeError, ValueError):
        return None  # Never built, or by another version of the jobs.
    operations = since(spark, table, built.snapshot, head)
    if operations is None or any(operation != _REPLACE for operation, _ in operations):
        return None
    return built


def since(
    spark: SparkSession, table: str, start: int | None, end: int | None
) -> list[tuple[str, Mapping[str, str]]] | None:
    """Return (operation, summary) of the snapshots after `start` up to `end`, newest first.

    None when one does not come from the other, or snapshots in between have expired.
    """
    if start == end:
        return []
    if start is None or end is None:
        return None
    rows = spark.sql(
        f"SELECT snapshot_id, parent_id, operation, summary FROM {table}.snapshots"
    ).collect()
    snapshots = {row.snapshot_id: row for row in rows}
    found = []
    at: int | None = end
    while at != start:
        if at not in snapshots:
            return None
        row = snapshots[at]
        found.append((row.operation, row.summary or {}))
        at = row.parent_id
    return found if start in snapshots else None


def only_rewritten(operations: list[tuple[str, Mapping[str, str]]]) -> bool:
    """Return whether snapshots changed files only, no rows."""
    return all(operation == _REPLACE for operation, _ in operations)
