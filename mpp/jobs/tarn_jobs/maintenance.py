"""Keeps one Iceberg table fast and small: old rows, small files, old snapshots, forgotten files.

Each step is a commit of its own that Iceberg makes only if nobody else has changed the same rows
in between, so a pipeline may run meanwhile: one of the two gives way. A table that a run is
writing to is left for the next time all the same, or the run would have to start over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from pyspark.sql import Row, SparkSession

from tarn_jobs import maintenance_branches
from tarn_jobs.errors import summary
from tarn_jobs.manifest import Maintenance
from tarn_jobs.session import CATALOG, table_name

# Iceberg's documentation, "Maintenance": a shorter time than a write takes would delete files
# that are not of a snapshot yet.
_LEAST_ORPHAN_DAYS = 3
ABSENT = "the table is not there yet"
# What Iceberg and its catalogs throw when somebody else has committed first.
_CONFLICTS = ("CommitFailedException", "ValidationException", "CommitStateUnknownException")


@dataclass(frozen=True)
class Target:
    """A table to keep in order."""

    zone: str
    database: str
    table: str
    outdated: str = ""  # the condition of rows that are kept no longer
    where: str = ""  # compaction of a part of the table only
    reads_new: bool = False  # the ledger has its files

    @property
    def name(self) -> str:
        """The name it is reported under: a staged and an analytics table may share theirs."""
        return f"{self.zone}.{self.table}"

    @property
    def full_name(self) -> str:
        """The name SQL has for it."""
        return table_name(self.database, self.table)


@dataclass(frozen=True)
class MaintenanceResult:
    """What happened to one table."""

    name: str
    deleted_rows: int = 0  # that are kept no longer
    compacted_files: int = 0
    expired_snapshots: int = 0
    dropped_branches: int = 0
    orphans: int = 0
    optimizers: int = 0  # of the Data Catalog, made or changed
    note: str = ""  # why something was left for the next time
    seconds: float = 0.0
    error: str | None = None

    def line(self) -> str:
        """The result in one line."""
        if self.error:
            return f"{self.name}: FAILED after {self.seconds:.1f} s: {self.error}"
        done = [
            f"{number:,} {what}"
            for number, what in (
                (self.deleted_rows, "old rows deleted"),
                (self.compacted_files, "files compacted"),
                (self.expired_snapshots, "snapshots expired"),
                (self.dropped_branches, "branches dropped"),
                (self.orphans, "orphan files removed"),
                (self.optimizers, "optimizers set"),
            )
            if number
        ]
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}: {', '.join(done) or 'nothing to do'}{note}, {self.seconds:.1f} s"


def keep(
    spark: SparkSession, target: Target, wanted: Maintenance, *, rewrite: bool, now: datetime
) -> MaintenanceResult:
    """Do what a table needs; without `rewrite` only old rows are deleted."""
    began = monotonic()
    table = target.full_name
    done: dict[str, Any] = {}
    if not spark.catalog.tableExists(table):
        return MaintenanceResult(target.name, note=ABSENT)
    if used_by := maintenance_branches.in_use(spark, table, now):
        done["note"] = f"left for the next time: {used_by} is in use"
    else:
        done["note"] = _steps(spark, table, target, wanted, rewrite, now, done)
    return MaintenanceResult(target.name, **done, seconds=round(monotonic() - began, 1))


def _steps(
    spark: SparkSession,
    table: str,
    target: Target,
    wanted: Maintenance,
    rewrite: bool,
    now: datetime,
    done: dict[str, Any],
) -> str:
    """Do the steps in order, those of a kind that others depend on first; return a note."""
    steps: list[tuple[str, Callable[[], int]]] = []
    if target.outdated:
        steps.append(("deleted_rows", lambda: delete(spark, table, target.outdated)))
    if rewrite:
        before = now - timedelta(days=wanted.snapshot_days)
        orphans = now - timedelta(days=max(wanted.orphan_days, _LEAST_ORPHAN_DAYS))
        steps += [
            (
                "compacted_files",
                lambda: compact(spark, table, wanted.target_file_mb, target.where),
            ),
            ("dropped_branches", lambda: maintenance_branches.drop_stale(spark, table, now)),
            ("expired_snapshots", lambda: expire(spark, table, before)),
            ("orphans", lambda: remove_orphans(spark, table, orphans)),
        ]
    for field, step in steps:
        try:
            done[field] = step()
        except Exception as error:
            if not is_conflict(error):
                raise
            return f"left for the next time: another commit came first ({summary(error, 200)})"
    return ""


def delete(spark: SparkSession, table: str, outdated: str) -> int:
    """Delete the rows for which a condition holds; return how many."""
    spark.sql(f"REFRESH TABLE {table}")
    number = spark.table(table).where(outdated).count()
    if number:  # Else the statement would make a snapshot all the same.
        spark.sql(f"DELETE FROM {table} WHERE {outdated}")
    return number


def compact(spark: SparkSession, table: str, target_mb: int, where: str = "") -> int:
    """Write small files together; return how many files became fewer."""
    condition = f", where => '{_quoted(where)}'" if where else ""
    row = _call(
        spark,
        f"rewrite_data_files(table => '{_name(table)}', strategy => 'binpack', "
        f"options => map('target-file-size-bytes', '{target_mb * 1024 * 1024}', "
        # All or nothing: a part would be one more commit that a run can collide with.
        f"'partial-progress.enabled', 'false'){condition})",
    )
    return row["rewritten_data_files_count"]


def expire(spark: SparkSession, table: str, before: datetime) -> int:
    """Forget snapshots older than a time, with the files only they have; return how many."""
    known = _snapshots(spark, table)
    _call(
        spark,
        f"expire_snapshots(table => '{_name(table)}', older_than => {_timestamp(before)}, "
        "retain_last => 1, stream_results => true)",
    )
    spark.sql(f"REFRESH TABLE {table}")
    return len(known - _snapshots(spark, table))


def remove_orphans(spark: SparkSession, table: str, before: datetime) -> int:
    """Delete files in the table's folder that no snapshot has and that are old; return how many."""
    rows = spark.sql(
        f"CALL {CATALOG}.system.remove_orphan_files(table => '{_name(table)}', "
        f"older_than => {_timestamp(before)})"
    ).collect()
    return len(rows)


def is_conflict(error: BaseException) -> bool:
    """Return whether a step gave way to somebody else's commit."""
    return any(name in str(error) for name in _CONFLICTS)


def _snapshots(spark: SparkSession, table: str) -> set[int]:
    return {row[0] for row in spark.sql(f"SELECT snapshot_id FROM {table}.snapshots").collect()}


def _call(spark: SparkSession, procedure: str) -> Row:
    row = spark.sql(f"CALL {CATALOG}.system.{procedure}").head()
    assert row is not None
    return row


def _name(table: str) -> str:
    return table.removeprefix(f"{CATALOG}.")


def _timestamp(at: datetime) -> str:
    return f"TIMESTAMP '{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
