"""Raw to staged: one data set from its files to its Iceberg table.

Raw is append-only, so a row of the table that the files do not have any more stays.
"""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import damaged_files, formats, keys, merge, publish, raw_files, retention, tables
from tarn_jobs.ledger import Ledger
from tarn_jobs.manifest import Dataset
from tarn_jobs.merge import MergeCounts
from tarn_jobs.quarantine import Quarantine
from tarn_jobs.raw_files import Selection
from tarn_jobs.raw_records import RECORD, SOURCE_FILE
from tarn_jobs.report import DatasetResult, counts, say
from tarn_jobs.run_properties import RunProperties
from tarn_jobs.session import table_name
from tarn_jobs.values import REASON

# How often a data set is started over because another run has published meanwhile.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Staging:
    """What all data sets of a run share."""

    spark: SparkSession
    raw_uri: str
    # Below it each data set has a folder.
    location: str
    database: str
    run_id: str
    properties: RunProperties
    quarantine: Quarantine
    ledger: Ledger
    # When the run began: what is too old does not change while it runs.
    now: datetime

    def stage(self, dataset: Dataset) -> DatasetResult:
        """Bring the staged table of a data set up to date with its raw files.

        The rows of a data set with quality rules stay in the branch of the run, for the gate.
        """
        began = monotonic()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._stage(dataset, began)
            except publish.Moved as moved:
                if attempt == _ATTEMPTS:
                    raise
                # Over from the files: the other run may have seen newer ones.
                say(f"{dataset.name}: {moved}: starts over")
        raise AssertionError("unreachable")

    def _stage(self, dataset: Dataset, began: float) -> DatasetResult:
        table = table_name(self.database, dataset.name)
        base = None
        if self.spark.catalog.tableExists(table):
            base = publish.head(self.spark, table)
        selection = self._select(dataset, table, base)
        if selection.files:
            try:
                read, quarantined, superseded, merged = self._load(dataset, table, base, selection)
            except damaged_files.SPARK_ERRORS as error:
                files = selection.files
                raise damaged_files.named(self.spark, dataset, files, error) or error from error
        else:
            self._ensure(dataset, table)
            rows = self.spark.table(table).count()
            read = quarantined = superseded = 0
            merged = MergeCounts(0, 0, 0, rows, rows)
            publish.drop_branch(self.spark, table, self._branch)
        return DatasetResult(
            dataset.name,
            files=len(selection.files),
            bytes=selection.bytes,
            read=read,
            valid=read - quarantined - superseded - merged.expired,
            quarantined=quarantined,
            superseded=superseded,
            expired=merged.expired,
            **counts(merged),
            published=self._publish(dataset, table, selection, merged),
            seconds=round(monotonic() - began, 1),
        )

    @property
    def _branch(self) -> str:
        return publish.branch_name(self.run_id)

    def _select(self, dataset: Dataset, table: str, base: int | None) -> Selection:
        reads_new = dataset.source.read == "new"
        if reads_new and base is not None:
            self.ledger.settle(dataset.name, table)
        # A table without rows was never filled or was dropped to be filled again.
        skips_read = reads_new and base is not None and not self.properties.full
        return raw_files.select(
            self.spark,
            dataset,
            self.raw_uri,
            self.properties,
            self.ledger if skips_read else None,
        )

    def _ensure(self, dataset: Dataset, table: str) -> None:
        tables.ensure(
            self.spark,
            table,
            f"{self.location}/{dataset.name}",
            {column.name: column.type for column in dataset.columns},
            dataset.partition_by,
            {column.name: column.description for column in dataset.columns},
        )

    def _load(
        self, dataset: Dataset, table: str, base: int | None, selection: Selection
    ) -> tuple[int, int, int, MergeCounts]:
        """Return the numbers of records read, quarantined and superseded, and of rows merged."""
        source = formats.read(self.spark, dataset, selection)
        # Read several times below. Also what makes the counts agree: without it a file replaced
        # while the job runs could be read in two versions.
        checked = source.rows.persist(StorageLevel.MEMORY_AND_DISK)
        held: tuple[DataFrame, ...] = ()
        try:
            read, bad = checked.agg(F.count(F.lit(1)), F.count(REASON)).head()
            if source.count is not None and read != source.count:
                raise AssertionError(f"{source.count} records in the files, but {read} were read")
            source.inspect(checked)
            good = checked.where(F.col(REASON).isNull())
            unique = keys.keep_one(good, dataset.key, dataset.newest_by, source.text)
            held = unique.held
            rows = unique.rows.select(*dataset.column_names)
            self._ensure(dataset, table)
            # Without duplicates, all good records are rows: no need to count them again.
            valid = read - bad if unique.duplicates is None else rows.count()
            # Quarantine first: should the job die in between, the next run does the rest.
            quarantined = self._quarantine(dataset, checked, bad, unique.duplicates)
            if read != valid + quarantined + unique.superseded:
                raise AssertionError(
                    f"{read} records read, but {valid} valid, {quarantined} quarantined and "
                    f"{unique.superseded} superseded"
                )
            merged = merge.merge_to_branch(
                self.spark,
                table,
                rows,
                dataset.key,
                base=base,
                branch=self._branch,
                delete_missing=False,
                newest_by=dataset.newest_by,
                limit=retention.limit(dataset, self.now),
                number=valid,
            )
        finally:
            for frame in (checked, *held):
                frame.unpersist()
        return read, quarantined, unique.superseded + merged.superseded, merged

    def _quarantine(
        self, dataset: Dataset, checked: DataFrame, bad: int, duplicates: DataFrame | None
    ) -> int:
        if not bad and duplicates is None:
            return 0
        columns = (SOURCE_FILE, RECORD, REASON)
        rejected = checked.where(F.col(REASON).isNotNull()).select(*columns)
        if duplicates is not None:
            rejected = rejected.unionByName(duplicates.select(*columns))
        return self.quarantine.store(dataset.name, rejected)

    def _publish(
        self, dataset: Dataset, table: str, selection: Selection, merged: MergeCounts
    ) -> bool:
        """Publish what was merged, unless the gate does; return whether main has all of it."""
        waits = bool(dataset.quality) and merged.changed
        if dataset.source.read == "new" and selection.files:
            snapshot = None
            if merged.changed:
                snapshot = publish.head(self.spark, table, self._branch)
            self.ledger.enter(dataset.name, selection.frame(self.spark), snapshot)
        if merged.changed and not waits:
            publish.publish(self.spark, table, self._branch)
            if dataset.source.read == "new":
                self.ledger.published(dataset.name)
        return not waits
