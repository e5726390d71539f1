"""Raw to staged: one data set from its files to its Iceberg table.

Raw is append-only, so a row of the table that the files do not have any more stays.
"""

from time import monotonic

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tarn_jobs import keys, merge, raw_records, tables, values
from tarn_jobs.manifest import Dataset
from tarn_jobs.quarantine import Quarantine
from tarn_jobs.raw_records import RECORD, SOURCE_FILE
from tarn_jobs.report import DatasetResult, counts
from tarn_jobs.session import table_name
from tarn_jobs.values import REASON


def stage(
    spark: SparkSession,
    dataset: Dataset,
    *,
    raw_uri: str,
    location: str,
    database: str,
    quarantine: Quarantine,
) -> DatasetResult:
    """Bring the staged table of a data set up to date with its raw files."""
    began = monotonic()
    table = table_name(database, dataset.name)
    raw = raw_records.read(spark, dataset, raw_uri)
    # Read several times below. Also what makes the counts agree: without it a file replaced
    # while the job runs could be read in two versions.
    checked = values.check(raw.records, dataset).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        good = checked.where(F.col(REASON).isNull())
        rejected = checked.where(F.col(REASON).isNotNull()).select(SOURCE_FILE, RECORD, REASON)
        unique, duplicates = keys.split_duplicates(good, dataset.key)
        if duplicates is not None:
            rejected = rejected.unionByName(duplicates.select(SOURCE_FILE, RECORD, REASON))
        rows = unique.select(*dataset.column_names)

        tables.ensure(
            spark,
            table,
            location,
            {column.name: column.type for column in dataset.columns},
            dataset.partition_by,
            {column.name: column.description for column in dataset.columns},
        )
        valid = rows.count()
        # Quarantine first: should the job die in between, the next run does the rest.
        quarantined = quarantine.store(dataset.name, rejected)
        if raw.count != valid + quarantined:
            raise AssertionError(
                f"{raw.count} records read, but {valid} valid and {quarantined} quarantined"
            )
        merged = merge.merge(spark, table, rows, dataset.key, delete_missing=False)
    finally:
        checked.unpersist()
    return DatasetResult(
        dataset.name,
        read=raw.count,
        valid=valid,
        quarantined=quarantined,
        **counts(merged),
        seconds=round(monotonic() - began, 1),
    )
