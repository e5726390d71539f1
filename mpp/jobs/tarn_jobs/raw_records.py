"""Reads the raw files of a data set as records: source file and text, not yet columns.

Files are read as lines, which Spark can split. Only a file that may have a line end inside
quotes is read as a whole by one task, since nobody can tell where a record starts in the
middle of it. The records have no order and need none.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, LongType, StringType, StructField, StructType

from tarn_jobs import csv_text
from tarn_jobs.errors import JobError
from tarn_jobs.manifest import Dataset

SOURCE_FILE = "__source_file"
RECORD = "__record"
PROBLEM = "__problem"

HEADER_AGAIN = "the header line again"
NOT_UTF8 = "not valid UTF-8 (the record is kept here as Latin-1)"

_SHOWN_FILES = 5


@dataclass(frozen=True)
class RawRecords:
    """All records of a data set; PROBLEM is set on those nobody should try to parse."""

    records: DataFrame
    count: int


@dataclass(frozen=True)
class _File:
    path: str
    first_line: str | None
    lines: int
    header_lines: int
    read_as_whole: bool


def read(spark: SparkSession, dataset: Dataset, raw_uri: str) -> RawRecords:
    """Read every file of the data set, after checking that each has the right header."""
    uri = f"{raw_uri}/{dataset.source.path}/"
    lines = _lines(spark, uri)
    files = _scan(lines, dataset)
    _check_headers(files, dataset)
    whole = [file for file in files if file.read_as_whole]
    split = [file for file in files if not file.read_as_whole]

    parts = []
    count = 0
    if split:
        parts.append(_records_of_lines(lines, dataset, whole))
        count += sum(file.lines - file.header_lines for file in split)
    # The first header line is dropped, any other is a record. Lines have no order, so all of
    # them were dropped: this gives back the rest.
    again = [(file.path, file.header_lines - 1) for file in split if file.header_lines > 1]
    if again:
        parts.append(_repeated_headers(spark, again, dataset))
        count += sum(number for _, number in again)
    if whole:
        records = _records_of_whole_files(spark, whole, dataset)
        count += _count_by_lines(records, whole)
        parts.append(records)
    if not parts:
        return RawRecords(_with_text(_empty(spark), dataset), 0)
    union = parts[0]
    for part in parts[1:]:
        union = union.unionByName(part)
    return RawRecords(union, count)


def _lines(spark: SparkSession, uri: str) -> DataFrame:
    # One data frame for all passes: it lists the files once, so that a file that arrives in
    # between is in all passes or in none.
    try:
        frame = spark.read.option("recursiveFileLookup", "true").option("lineSep", "\n").text(uri)
        files = frame.inputFiles()
    except AnalysisException as error:
        if error.getErrorClass() != "PATH_NOT_FOUND":
            raise
        files = []
    if not files:
        raise JobError(f"no files under {uri}")
    return frame.select(
        F.col("value"),
        F.col("_metadata.file_path").alias(SOURCE_FILE),
        F.col("_metadata.file_block_start").alias("__block_start"),
    ).where("value != '' AND value != '\\r'")


def _scan(lines: DataFrame, dataset: Dataset) -> list[_File]:
    """Return what is needed to know of each file before its records can be read."""
    # Ids rise within a split, so the smallest one of the first split is the first line.
    position = F.when(F.col("__block_start") == 0, F.monotonically_increasing_id())
    rows = (
        lines.withColumn("__position", position)
        .groupBy(SOURCE_FILE)
        .agg(
            F.min_by("value", "__position").alias("first_line"),
            F.count(F.lit(1)).alias("lines"),
            F.count_if(_is_header(F.col("value"), dataset)).alias("header_lines"),
            F.max(_may_end_inside_quotes(F.col("value"), dataset)).alias("read_as_whole"),
        )
        .orderBy(SOURCE_FILE)
        .collect()
    )
    return [_File(*row) for row in rows]


def _check_headers(files: list[_File], dataset: Dataset) -> None:
    expected = dataset.column_names
    problems = []
    for file in files:
        found = csv_text.header_names(file.first_line or "", dataset.source.separator)
        if found != expected:
            problems.append(f"{file.path}: {_difference(expected, found)}")
    if problems:
        shown = "; ".join(problems[:_SHOWN_FILES])
        if (more := len(problems) - _SHOWN_FILES) > 0:
            shown += f"; and {more} more files"
        raise JobError(f"the header is not that of the data set, nothing was staged: {shown}")


def _difference(expected: list[str], found: list[str]) -> str:
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    parts = []
    if missing:
        parts.append(f"columns missing: {', '.join(missing)}")
    if unexpected:
        parts.append(f"columns not expected: {', '.join(unexpected[:20])}")
    if not parts:
        parts.append(f"columns in another order or repeated: {', '.join(found[:50])}")
    return " and ".join(parts)


def _records_of_lines(lines: DataFrame, dataset: Dataset, without: list[_File]) -> DataFrame:
    value = F.col("value")
    records = lines.where(~_is_header(value, dataset))
    if without:
        records = records.where(~F.col(SOURCE_FILE).isin([file.path for file in without]))
    raw = F.when(value.endswith("\r"), F.expr("substring(value, 1, length(value) - 1)"))
    return _with_text(
        records.select(SOURCE_FILE, raw.otherwise(value).cast("binary").alias("__raw")), dataset
    )


def _records_of_whole_files(spark: SparkSession, files: list[_File], dataset: Dataset) -> DataFrame:
    separator = dataset.source.separator

    def records_of(row: Row) -> list[tuple[str, bytes]]:  # runs in Spark's Python workers
        records = csv_text.split_records(bytes(row[1]), separator)
        next(records, None)  # the header, checked before
        return [(row[0], record) for record in records]

    contents = spark.read.text([_pattern(file.path) for file in files], wholetext=True)
    contents = contents.select("_metadata.file_path", F.col("value").cast("binary"))
    schema = _empty(spark).schema
    records = spark.createDataFrame(contents.rdd.flatMap(records_of), schema)
    return _with_text(records, dataset)


def _count_by_lines(records: DataFrame, files: list[_File]) -> int:
    """Count records, after checking that together they have every line of their files."""
    lines = F.expr(f"size(filter(split({RECORD}, '\\n'), line -> line NOT IN ('', '\\r')))")
    count, found = records.agg(F.count(F.lit(1)), F.coalesce(F.sum(lines), F.lit(0))).head()
    expected = sum(file.lines - 1 for file in files)  # without the headers
    if found != expected:
        raise AssertionError(f"{expected} lines in files, {found} in their records")
    return count


def _pattern(path: str) -> str:
    """Return the pattern that finds a path out of _metadata, which is URL-encoded."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", unquote(path))


def _repeated_headers(
    spark: SparkSession, files: list[tuple[str, int]], dataset: Dataset
) -> DataFrame:
    schema = StructType(
        [StructField(SOURCE_FILE, StringType()), StructField("__times", LongType())]
    )
    header = dataset.source.separator.join(dataset.column_names)
    return spark.createDataFrame(files, schema).select(
        SOURCE_FILE,
        F.explode(F.expr(f"array_repeat('{HEADER_AGAIN}', int(__times))")).alias(PROBLEM),
        F.lit(header).alias(RECORD),
    )


def _with_text(records: DataFrame, dataset: Dataset) -> DataFrame:
    """Decode the raw bytes without losing any of them."""
    raw = F.col("__raw")
    text = F.decode(raw, "UTF-8")
    is_utf8 = F.encode(text, "UTF-8") == raw
    return records.select(
        SOURCE_FILE,
        # Each byte is one character of Latin-1, so that the bytes can be had back.
        F.when(is_utf8, text).otherwise(F.decode(raw, "ISO-8859-1")).alias(RECORD),
        F.when(~is_utf8, F.lit(NOT_UTF8))
        .when(_is_header(text, dataset), F.lit(HEADER_AGAIN))
        .alias(PROBLEM),
    )


def _is_header(line: Column, dataset: Dataset) -> Column:
    # Names of columns hold no quote and no separator, so quotes can simply be taken away.
    names = dataset.column_names
    bare = F.translate(line, '"\ufeff\r', "")
    # Looked at closely only where the first name occurs at all: this runs for each line.
    return line.contains(names[0]) & (bare == dataset.source.separator.join(names))


def _may_end_inside_quotes(line: Column, dataset: Dataset) -> Column:
    """True for each line that ends inside quotes, and for few others.

    Once escaped quotes ("") and properly closed values are taken away, a value that still
    starts with a quote is either open at the end of the line or not proper CSV.
    """
    separator = f"\\x{ord(dataset.source.separator):02x}"
    bare = F.regexp_replace(line, '""', "")
    bare = F.regexp_replace(bare, f'(^|{separator})"[^"]*"(?=\\r?$|{separator})', "$1")
    return F.when(line.contains('"'), bare.rlike(f'(^|{separator})"')).otherwise(False)


def _empty(spark: SparkSession) -> DataFrame:
    schema = StructType(
        [StructField(SOURCE_FILE, StringType()), StructField("__raw", BinaryType())]
    )
    return spark.createDataFrame([], schema)
