"""Reads CSV files as records and their values as strings.

Files are read as lines. Only a file that may have a line end inside quotes is read as a whole
by one task, since nobody can tell where a record starts in the middle of it.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

from tarn_jobs import csv_text, evolution
from tarn_jobs.errors import JobError
from tarn_jobs.manifest import Dataset
from tarn_jobs.raw_files import escaped
from tarn_jobs.raw_records import (
    LINE,
    PROBLEM,
    RAW_SCHEMA,
    RECORD,
    SOURCE_FILE,
    difference,
    lines,
    raw_lines,
    shown,
    with_text,
)
from tarn_jobs.values import VALUES

HEADER_AGAIN = "the header line again"

# A record with more columns than this is refused before Spark's CSV parser refuses the job.
_MOST_COLUMNS = 20_000


@dataclass(frozen=True)
class Part:
    """The records of files that have the same header; VALUES has their values as strings."""

    records: DataFrame
    count: int


@dataclass(frozen=True)
class _File:
    path: str
    first_line: str
    lines: int
    header_lines: int
    read_as_whole: bool


def read(spark: SparkSession, dataset: Dataset, patterns: list[str]) -> list[Part]:
    """Read files, after checking that each has a header that fits the data set."""
    names = dataset.column_names
    part, others = _read_with_header(spark, dataset, lines(spark, patterns), names)
    headers = _headers(others, dataset)
    parts = [part]
    for header, files in headers.items():
        paths = [_pattern(file.path) for file in files]
        part, none = _read_with_header(spark, dataset, lines(spark, paths), list(header))
        if none:
            raise AssertionError(f"{none[0].path} was replaced while it was read")
        parts.append(part)
    return parts


def _headers(files: list[_File], dataset: Dataset) -> dict[tuple[str, ...], list[_File]]:
    """Group files by their header; raise JobError for those that do not fit the data set."""
    headers: dict[tuple[str, ...], list[_File]] = {}
    problems = []
    for file in files:
        found = csv_text.header_names(file.first_line, dataset.source.separator)
        if evolution.fits(dataset, found):
            headers.setdefault(tuple(found), []).append(file)
        else:
            problems.append(f"{file.path}: {difference(dataset.column_names, found)}")
    if problems:
        raise JobError(
            "the header is not that of the data set, nothing was staged: "
            f"{shown(problems)}{evolution.hint(dataset)}"
        )
    return headers


def _read_with_header(
    spark: SparkSession, dataset: Dataset, frame: DataFrame, header: list[str]
) -> tuple[Part, list[_File]]:
    """Return the records of the files with this header, and the files with another one."""
    files = _scan(frame, dataset, header).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        # Of most files nothing has to be known one by one: there may be very many.
        plain = F.col("is_plain")
        number = F.col("lines") - F.col("header_lines")
        summed = files.agg(
            F.sum(F.when(plain, number)), F.count_if(plain), F.count_if(~plain)
        ).head()
        special = _special(frame, files.where(~plain)) if summed[2] else []
    finally:
        files.unpersist()
    separator = dataset.source.separator
    mine = [f for f in special if csv_text.header_names(f.first_line, separator) == header]
    others = [file for file in special if file not in mine]
    whole = [file for file in mine if file.read_as_whole]
    split = [file for file in mine if not file.read_as_whole]

    parts = []
    count = summed[0] or 0
    if summed[1] or split:
        parts.append(_records_of_lines(spark, frame, dataset, header, whole + others))
        count += sum(file.lines - file.header_lines for file in split)
    # The first header line is dropped, any other is a record. Lines have no order, so all of
    # them were dropped: this gives back the rest.
    again = [(file.path, file.header_lines - 1) for file in split if file.header_lines > 1]
    if again:
        parts.append(_repeated_headers(spark, again, dataset, header))
        count += sum(number for _, number in again)
    if whole:
        records = _records_of_whole_files(spark, whole, dataset, header)
        count += _count_by_lines(records, whole)
        parts.append(records)
    if not parts:
        empty = spark.createDataFrame([], RAW_SCHEMA)
        parts = [_with_text(empty, dataset, header)]
    union = parts[0]
    for part in parts[1:]:
        union = union.unionByName(part)
    return Part(_parse(union, dataset, header), count), others


def _plain(dataset: Dataset, header: list[str]) -> list[str]:
    line = dataset.source.separator.join(header)
    return [line, line + "\r"]


def _scan(frame: DataFrame, dataset: Dataset, header: list[str]) -> DataFrame:
    """Return what is needed to know of each file before its records can be read.

    `is_plain`: its first line is the header as it is usually written, its others are records.
    """
    line = F.col(LINE)
    # Numbers only: Spark would sort all lines to find the smallest text. The last bit tells
    # whether the first line is the header.
    first = 2 * _position() + F.when(line.isin(_plain(dataset, header)), 0).otherwise(1)
    found = (
        frame.withColumn("__first", first)
        .groupBy(SOURCE_FILE)
        .agg(
            F.min("__first").alias("__first"),
            F.count(F.lit(1)).alias("lines"),
            F.count_if(_is_header(line, dataset, header)).alias("header_lines"),
            F.max(_may_end_inside_quotes(line, dataset)).alias("read_as_whole"),
        )
    )
    is_plain = (F.col("__first") % 2 == 0) & (F.col("header_lines") == 1)
    is_plain = F.coalesce(is_plain, F.lit(False)) & ~F.col("read_as_whole")
    return found.withColumn("is_plain", is_plain)


def _position() -> Column:
    """Return numbers that rise with the lines of a file, as far as its first split goes.

    Null in the others: the smallest number is the first line's.
    """
    return F.when(F.col("__block_start") == 0, F.monotonically_increasing_id())


def _special(frame: DataFrame, files: DataFrame) -> list[_File]:
    """Return files of a scan one by one, each with its first line."""
    first_lines = (
        frame.join(F.broadcast(files.select(SOURCE_FILE)), SOURCE_FILE)
        .withColumn("__position", _position())
        .groupBy(SOURCE_FILE)
        .agg(F.coalesce(F.min_by(LINE, "__position"), F.lit("")).alias("first_line"))
    )
    columns = (SOURCE_FILE, "first_line", "lines", "header_lines", "read_as_whole")
    rows = files.join(first_lines, SOURCE_FILE).select(*columns).orderBy(SOURCE_FILE)
    return [_File(*row) for row in rows.collect()]


def _records_of_lines(
    spark: SparkSession,
    frame: DataFrame,
    dataset: Dataset,
    header: list[str],
    without: list[_File],
) -> DataFrame:
    records = frame.where(~_is_header(F.col(LINE), dataset, header))
    if without:
        paths = spark.createDataFrame([(file.path,) for file in without], [SOURCE_FILE])
        records = records.join(F.broadcast(paths), SOURCE_FILE, "left_anti")
    return _with_text(raw_lines(records), dataset, header)


def _records_of_whole_files(
    spark: SparkSession, files: list[_File], dataset: Dataset, header: list[str]
) -> DataFrame:
    separator = dataset.source.separator

    def records_of(row: Row) -> list[tuple[str, bytes]]:  # runs in Spark's Python workers
        records = csv_text.split_records(bytes(row[1]), separator)
        next(records, None)  # the header, checked before
        return [(row[0], record) for record in records]

    contents = spark.read.text([_pattern(file.path) for file in files], wholetext=True)
    contents = contents.select("_metadata.file_path", F.col(LINE).cast("binary"))
    records = spark.createDataFrame(contents.rdd.flatMap(records_of), RAW_SCHEMA)
    return _with_text(records, dataset, header)


def _count_by_lines(records: DataFrame, files: list[_File]) -> int:
    """Count records, after checking that together they have every line of their files."""
    of_record = F.expr(f"size(filter(split({RECORD}, '\\n'), line -> line NOT IN ('', '\\r')))")
    count, found = records.agg(F.count(F.lit(1)), F.coalesce(F.sum(of_record), F.lit(0))).head()
    expected = sum(file.lines - 1 for file in files)  # without the headers
    if found != expected:
        raise AssertionError(f"{expected} lines in files, {found} in their records")
    return count


def _pattern(path: str) -> str:
    """Return the pattern that finds a path out of _metadata, which is URL-encoded."""
    return escaped(unquote(path))


def _repeated_headers(
    spark: SparkSession, files: list[tuple[str, int]], dataset: Dataset, header: list[str]
) -> DataFrame:
    schema = StructType(
        [StructField(SOURCE_FILE, StringType()), StructField("__times", LongType())]
    )
    return spark.createDataFrame(files, schema).select(
        SOURCE_FILE,
        F.explode(F.expr(f"array_repeat('{HEADER_AGAIN}', int(__times))")).alias(PROBLEM),
        F.lit(dataset.source.separator.join(header)).alias(RECORD),
    )


def _with_text(records: DataFrame, dataset: Dataset, header: list[str]) -> DataFrame:
    again = F.when(_is_header(F.col(RECORD), dataset, header), F.lit(HEADER_AGAIN))
    return with_text(records).withColumn(PROBLEM, F.coalesce(F.col(PROBLEM), again))


def _is_header(line: Column, dataset: Dataset, header: list[str]) -> Column:
    # Quotes are simply taken away, of the header as well: it is the same text then.
    longest = max((name for name in header if '"' not in name), key=len, default="")
    wanted = dataset.source.separator.join(header).replace('"', "")
    bare = F.translate(line, '"\ufeff\r', "")
    # Looked at closely only where the longest name occurs at all: this runs for each line.
    return line.contains(longest) & (bare == wanted)


def _may_end_inside_quotes(line: Column, dataset: Dataset) -> Column:
    """True for each line that ends inside quotes, and for few others.

    Once escaped quotes ("") and properly closed values are taken away, a value that still
    starts with a quote is either open at the end of the line or not proper CSV.
    """
    separator = f"\\x{ord(dataset.source.separator):02x}"
    bare = F.regexp_replace(line, '""', "")
    bare = F.regexp_replace(bare, f'(^|{separator})"[^"]*"(?=\\r?$|{separator})', "$1")
    return F.when(line.contains('"'), bare.rlike(f'(^|{separator})"')).otherwise(False)


def _parse(records: DataFrame, dataset: Dataset, header: list[str]) -> DataFrame:
    """Add VALUES; PROBLEM is set as well where the number of values is wrong."""
    known = set(dataset.column_names)
    # By position: a column that is not the data set's can have any name.
    fields = [name if name in known else f"__{i}" for i, name in enumerate(header)]
    schema = ", ".join(f"`{field}` string" for field in [*fields, "__malformed"])
    options = {
        "sep": dataset.source.separator,
        # RFC 4180 escapes a quote by doubling it. Spark's default would eat backslashes.
        "quote": '"',
        "escape": '"',
        "nullValue": dataset.source.null_value,
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": "__malformed",
    }
    record = F.col(RECORD)
    few_columns = (F.length(record) < _MOST_COLUMNS) | (
        _separators(record, dataset) < _MOST_COLUMNS
    )
    text = F.when(F.col(PROBLEM).isNull() & few_columns, record)
    # Without the explode Spark would parse the record again for each column taken from it.
    values = F.explode(F.array(F.from_csv(text, schema, options)))
    parsed = records.select(SOURCE_FILE, RECORD, PROBLEM, values.alias(VALUES))
    malformed = F.col(f"{VALUES}.__malformed").isNotNull()
    problem = F.coalesce(F.col(PROBLEM), F.when(malformed, _wrong_count(dataset, header)))
    return parsed.select(SOURCE_FILE, RECORD, problem.alias(PROBLEM), VALUES)


def _wrong_count(dataset: Dataset, header: list[str]) -> Column:
    unquoted = F.regexp_replace(F.regexp_replace(RECORD, '""', ""), '"[^"]*"', "")
    found = _separators(unquoted, dataset) + 1
    return F.format_string(f"{len(header)} columns expected, %d found", found)


def _separators(text: Column, dataset: Dataset) -> Column:
    return F.length(text) - F.length(F.replace(text, F.lit(dataset.source.separator), F.lit("")))
