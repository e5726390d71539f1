"""Remembers which raw files are in the staged tables, for data sets that read new files only.

A file is known by its path, size and modification time: one that was replaced is another file.
It is entered before its rows are published, with the snapshot that has them, and counts from
the moment main has that snapshot. So a job that is killed anywhere neither forgets a file nor
reads one twice: what it could not confirm any more, the next run does.
"""

import threading
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import commits, tables
from tarn_jobs.session import table_name

TABLE = "ingested_files"
# What makes a file the same file; a data frame of files has these columns.
FILE = {"path": "string", "bytes": "bigint", "modified": "timestamp"}
_COLUMNS = {
    "pipeline": "string",
    "dataset": "string",
    **FILE,
    "run_id": "string",
    "snapshot_id": "bigint",
    "entered_at": "timestamp",
    "published_at": "timestamp",
}
_COMMENTS = {
    "run_id": "the run that read the file",
    "snapshot_id": "the first snapshot of the staged table with its rows; none if it had them",
    "published_at": "since when main has the rows; null: not yet, or the run did not pass",
}


# As long as the branch with their rows can be looked at (publish.open_branch).
_UNCONFIRMED_DAYS = 7


def outdated(pipeline: str, now: datetime) -> str:
    """The condition of files whose rows were never published and will not be any more."""
    before = now.astimezone(UTC) - timedelta(days=_UNCONFIRMED_DAYS)
    return (
        f"pipeline = '{pipeline}' AND published_at IS NULL "
        f"AND entered_at < TIMESTAMP '{before:%Y-%m-%d %H:%M:%S}'"
    )


class Ledger:
    """The ledger of an environment, as one run of one pipeline uses it."""

    def __init__(
        self,
        spark: SparkSession,
        database: str,
        location: str,
        pipeline: str,
        run_id: str,
        now: datetime,
    ) -> None:
        self._spark = spark
        self._table = table_name(database, TABLE)
        self._location = f"{location}/{TABLE}"
        self._pipeline = pipeline
        self._run_id = run_id
        self._now = now
        # Data sets run side by side and all write here: one at a time saves conflicts.
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Create the table if it is absent."""
        tables.ensure(
            self._spark,
            self._table,
            self._location,
            _COLUMNS,
            ["pipeline", "dataset"],
            _COMMENTS,
            # A run appends while the gate of another one confirms: both may stay.
            {
                "write.update.isolation-level": "snapshot",
                "write.delete.isolation-level": "snapshot",
            },
        )

    def settle(self, dataset: str, table: str) -> None:
        """Confirm the files whose rows were published by a run that died before it said so."""
        pending = self._entries(dataset).where("published_at IS NULL AND snapshot_id IS NOT NULL")
        history = self._spark.sql(
            f"SELECT snapshot_id FROM {table}.history WHERE is_current_ancestor"
        )
        runs = pending.join(history, "snapshot_id", "left_semi").select("run_id").distinct()
        for row in runs.collect():
            self._confirm(dataset, row.run_id)

    def settle_if_there(self, dataset: str, table: str) -> None:
        """Do the same for a job that may be the first one of all."""
        if all(map(self._spark.catalog.tableExists, (self._table, table))):
            self.settle(dataset, table)

    def unread(self, dataset: str, files: DataFrame) -> DataFrame:
        """Return those of the files whose rows main does not have yet."""
        read = self._entries(dataset).where("published_at IS NOT NULL").select(*FILE)
        return files.join(read, list(FILE), "left_anti")

    def enter(self, dataset: str, files: DataFrame, snapshot: int | None) -> None:
        """Enter files before their rows are published as a snapshot.

        Without a snapshot the table had all their rows before, and they count at once.
        """
        now = F.lit(self._now).cast("timestamp")
        rows = files.select(
            F.lit(self._pipeline).alias("pipeline"),
            F.lit(dataset).alias("dataset"),
            *FILE,
            F.lit(self._run_id).alias("run_id"),
            F.lit(snapshot).cast("bigint").alias("snapshot_id"),
            now.alias("entered_at"),
            (now if snapshot is None else F.lit(None).cast("timestamp")).alias("published_at"),
        )
        with self._lock:
            self._forget(dataset)
            commits.again_on_conflict(lambda: rows.coalesce(1).writeTo(self._table).append())

    def published(self, dataset: str) -> None:
        """Say that main has the rows of all files this run has entered."""
        self._confirm(dataset, self._run_id)

    def _confirm(self, dataset: str, run_id: str) -> None:
        with self._lock:
            if self._is_pending(dataset, run_id):
                commits.again_on_conflict(
                    lambda: self._spark.sql(
                        f"UPDATE {self._table} SET published_at = :now "
                        f"WHERE {_WHERE} AND published_at IS NULL",
                        args=self._values(dataset, run_id)
                        | {"now": datetime.now(self._now.tzinfo)},
                    )
                )

    def _forget(self, dataset: str) -> None:
        """Take back what an attempt of this run has entered and not published."""
        if self._is_pending(dataset, self._run_id):
            commits.again_on_conflict(
                lambda: self._spark.sql(
                    f"DELETE FROM {self._table} WHERE {_WHERE} AND published_at IS NULL",
                    args=self._values(dataset, self._run_id),
                )
            )

    def _is_pending(self, dataset: str, run_id: str) -> bool:
        mine = F.col("published_at").isNull() & (F.col("run_id") == run_id)
        return not self._entries(dataset).where(mine).isEmpty()

    def _entries(self, dataset: str) -> DataFrame:
        self._spark.sql(f"REFRESH TABLE {self._table}")
        return self._spark.table(self._table).where(self._is_of(dataset))

    def _is_of(self, dataset: str) -> Column:
        return (F.col("pipeline") == self._pipeline) & (F.col("dataset") == dataset)

    def _values(self, dataset: str, run_id: str) -> dict[str, str]:
        return {"pipeline": self._pipeline, "dataset": dataset, "run_id": run_id}


_WHERE = "pipeline = :pipeline AND dataset = :dataset AND run_id = :run_id"
