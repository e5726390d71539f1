"""Keeps the records that could not be staged, each once, however often the job runs."""

import threading
from datetime import datetime

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tarn_jobs import commits, publish, tables
from tarn_jobs.raw_records import RECORD, SOURCE_FILE
from tarn_jobs.session import table_name
from tarn_jobs.values import REASON

TABLE = "rejected_rows"
_COLUMNS = {
    "pipeline": "string",
    "dataset": "string",
    "source_file": "string",
    "ordinal": "int",
    "raw_record": "string",
    "reason": "string",
    "run_id": "string",
    "rejected_at": "timestamp",
}
_COMMENTS = {
    "ordinal": "1, 2, ... among the rejected records of a file that have the same text",
    "run_id": "the run that rejected the record first",
}
_KEY = ("pipeline", "dataset", "source_file", "raw_record", "ordinal")


class Quarantine:
    """The quarantine table of an environment, shared by its pipelines and data sets."""

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
        # Data sets run side by side and all write here. One at a time costs little and saves
        # commit conflicts, which not every catalog detects.
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
        )

    def store(self, dataset: str, rejected: DataFrame) -> int:
        """Add the rejected records that are not there yet; return how many were rejected."""
        same_text = Window.partitionBy(SOURCE_FILE, RECORD).orderBy(REASON)
        rows = rejected.select(
            F.lit(self._pipeline).alias("pipeline"),
            F.lit(dataset).alias("dataset"),
            F.col(SOURCE_FILE).alias("source_file"),
            F.row_number().over(same_text).alias("ordinal"),
            F.col(RECORD).alias("raw_record"),
            F.col(REASON).alias("reason"),
            F.lit(self._run_id).alias("run_id"),
            F.lit(self._now).alias("rejected_at"),
        ).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            count = rows.count()
            if count:
                with self._lock:
                    self._add_missing(dataset, rows)
        finally:
            rows.unpersist()
        return count

    def _add_missing(self, dataset: str, rows: DataFrame) -> None:
        stored = self._spark.table(self._table).where(
            (F.col("pipeline") == self._pipeline) & (F.col("dataset") == dataset)
        )
        missing = rows.join(stored.select(*_KEY), list(_KEY), "left_anti")
        missing = missing.select(*_COLUMNS).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            if not missing.isEmpty():
                commits.again_on_conflict(lambda: self._insert(dataset, missing))
        finally:
            missing.unpersist()

    def _insert(self, dataset: str, rows: DataFrame) -> None:
        """Insert rows, unless another run of this data set has done so in between."""
        # Views belong to the session, which data sets share.
        view = f"rejected_{dataset}_{publish.branch_name(self._run_id)}"
        rows.createOrReplaceTempView(view)
        on = " AND ".join(f"t.{name} = s.{name}" for name in _KEY[2:])
        try:
            self._spark.sql(f"REFRESH TABLE {self._table}")
            # With inserts alone this would become an append, for which Iceberg does not look at
            # what others have committed. The update, of no row, makes it look, and the literals
            # at this data set only.
            self._spark.sql(
                f"MERGE INTO {self._table} t USING {view} s "
                f"ON t.pipeline = '{self._pipeline}' AND t.dataset = '{dataset}' AND {on} "
                "WHEN MATCHED AND s.ordinal < 0 THEN UPDATE SET run_id = s.run_id "
                "WHEN NOT MATCHED THEN INSERT *"
            )
        finally:
            self._spark.catalog.dropTempView(view)
