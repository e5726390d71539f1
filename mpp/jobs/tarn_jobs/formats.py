"""Reads the raw files of a data set, whatever their format, as checked rows."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import csv_records, json_records, parquet_records, values
from tarn_jobs.manifest import Dataset
from tarn_jobs.raw_files import Selection
from tarn_jobs.raw_records import RECORD


@dataclass(frozen=True)
class CheckedRows:
    """All records of a selection of files, as values.check returns them."""

    rows: DataFrame
    # How many there must be, where the format lets one know without reading them all.
    count: int | None
    # The text of a good record: not each format keeps it in RECORD.
    text: Column
    # Raises JobError when the files as a whole are not the data set's; wants rows in memory.
    inspect: Callable[[DataFrame], None] = lambda rows: None


def read(spark: SparkSession, dataset: Dataset, selection: Selection) -> CheckedRows:
    """Read the files; raises JobError when they have other columns than the data set."""
    if dataset.source.format == "json":
        parsed = json_records.read(spark, dataset, selection.patterns)
        return CheckedRows(
            values.check(parsed, dataset),
            None,
            F.col(RECORD),
            lambda rows: json_records.check_fields(rows, dataset),
        )
    if dataset.source.format == "parquet":
        parts, count = parquet_records.read(spark, dataset, selection.files)
        return CheckedRows(_union(parts), count, parquet_records.record_text(dataset))
    found = csv_records.read(spark, dataset, selection.patterns)
    rows = _union([values.check(part.records, dataset) for part in found])
    return CheckedRows(rows, sum(part.count for part in found), F.col(RECORD))


def _union(parts: list[DataFrame]) -> DataFrame:
    union = parts[0]
    for part in parts[1:]:
        union = union.unionByName(part)
    return union
