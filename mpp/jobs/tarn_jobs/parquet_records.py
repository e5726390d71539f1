"""Reads Parquet files: compares the types in their footers with the data set's, then the rows.

A file is read only when each of its columns has the type of the data set, or one that it can
be turned into without losing anything. A file that is no Parquet is one record in quarantine.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from tarn_jobs import evolution
from tarn_jobs.damaged_files import CHECKSUMS
from tarn_jobs.errors import JobError, summary
from tarn_jobs.manifest import Column, Dataset
from tarn_jobs.raw_files import RawFile, escaped
from tarn_jobs.raw_records import RECORD, SOURCE_FILE, difference, shown
from tarn_jobs.values import REASON, required_problem, wrong_type

# Reading a footer is waiting for storage.
_FOOTERS_AT_ONCE = 16
_NO_PARQUET = re.compile(
    r"is not a Parquet file|length is too low|corrupted|[Cc]an not read class|could not read",
)

# Types of files that Spark reads, and the digits of their greatest value.
_INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
# Integers up to 2^53 are exact as double, those up to 2^24 as float.
_EXACT_AS = {
    "float": {"tinyint", "smallint"},
    "double": {"tinyint", "smallint", "int", "float"},
    "int": {"tinyint", "smallint"},
    "bigint": {"tinyint", "smallint", "int"},
    # Without a zone: the job's is UTC, as for a text without one.
    "timestamp": {"timestamp_ntz"},
}


@dataclass(frozen=True)
class _Footer:
    file: RawFile
    schema: str = ""
    rows: int = 0
    problem: str = ""


def read(
    spark: SparkSession, dataset: Dataset, files: Sequence[RawFile]
) -> tuple[list[DataFrame], int]:
    """Return the checked rows, as values.check has them, in parts, and how many there are.

    RECORD is set for rejected rows only: to write each row as text would cost more than all
    the rest.
    """
    with ThreadPoolExecutor(_FOOTERS_AT_ONCE, thread_name_prefix="footer") as pool:
        footers = list(pool.map(lambda file: _footer(spark, file), files))
    broken = [footer for footer in footers if footer.problem]
    groups: dict[str, list[_Footer]] = {}
    for footer in footers:
        if not footer.problem:
            groups.setdefault(footer.schema, []).append(footer)
    parts, problems = [], []
    for group in groups.values():
        try:
            parts.append(_checked(spark, dataset, group))
        except JobError as error:
            problems.append(f"{group[0].file.path}: {error}")
    if problems:
        raise JobError(
            "the columns are not those of the data set, nothing was staged: "
            f"{shown(problems)}{evolution.hint(dataset)}"
        )
    if broken:
        parts.append(_rejected_files(spark, dataset, broken))
    return parts, sum(footer.rows for footer in footers) + len(broken)


def record_text(dataset: Dataset) -> SparkColumn:
    """Return the text of a row that was good: its values as JSON."""
    return F.to_json(F.struct(*dataset.column_names), {"ignoreNullFields": "false"})


def can_become(found: str, wanted: str) -> bool:
    """Tell whether every value of one Spark type has the same value in another."""
    if found == wanted or found in _EXACT_AS.get(wanted, ()):
        return True
    target = re.fullmatch(r"decimal\((\d+),(\d+)\)", wanted)
    if not target:
        return False
    precision, scale = int(target[1]), int(target[2])
    if digits := _INTEGER_DIGITS.get(found):
        return precision - scale >= digits
    source = re.fullmatch(r"decimal\((\d+),(\d+)\)", found)
    if not source:
        return False
    return int(source[2]) <= scale and int(source[1]) - int(source[2]) <= precision - scale


def _footer(spark: SparkSession, file: RawFile) -> _Footer:
    """Read the footer of a file by the library that Spark itself uses."""
    jvm = spark._jvm
    path = jvm.org.apache.hadoop.fs.Path(file.path)
    try:
        source = jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(
            path, spark._jsc.hadoopConfiguration()
        )
        reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
        try:
            schema = reader.getFileMetaData().getSchema().toString()
            return _Footer(file, schema, reader.getRecordCount())
        finally:
            reader.close()
    except Py4JJavaError as error:
        message = str(error.java_exception.getMessage())
        if not _NO_PARQUET.search(message):
            raise
        short = summary(JobError(message), 200).replace(file.path, "it")
        return _Footer(file, problem=f"not a Parquet file, or not all of one: {short}")


def _checked(spark: SparkSession, dataset: Dataset, group: list[_Footer]) -> DataFrame:
    paths = [escaped(footer.file.path) for footer in group]
    try:
        # They all have this schema, so one footer is enough for Spark.
        schema = spark.read.parquet(paths[0]).schema
    except PySparkException as error:
        raise JobError(f"Spark cannot read it: {summary(error, 300)}") from None
    found = {field.name: field.dataType.simpleString() for field in schema}
    if not evolution.fits_by_name(dataset, list(found)):
        raise JobError(difference(dataset.column_names, list(found)))
    wrong = [
        f"column {c.name} is {found[c.name]}, which cannot become {c.type} without loss"
        for c in dataset.columns
        if c.name in found and not can_become(found[c.name], c.type)
    ]
    if wrong:
        raise JobError(" and ".join(wrong))
    rows = spark.read.schema(schema).options(**CHECKSUMS).parquet(*paths)
    reason = F.concat_ws("; ", *[_problem(c, dataset, found) for c in dataset.columns])
    checked = rows.select(
        F.col("_metadata.file_path").alias(SOURCE_FILE),
        *[f"`{name}`" for name in found],
    ).withColumn(REASON, F.when(reason != "", reason))
    text = F.to_json(F.struct(*[f"`{name}`" for name in found]), {"ignoreNullFields": "false"})
    return checked.select(
        SOURCE_FILE,
        F.when(F.col(REASON).isNotNull(), text).alias(RECORD),
        REASON,
        *[_typed(column, found).alias(column.name) for column in dataset.columns],
    )


def _typed(column: Column, found: dict[str, str]) -> SparkColumn:
    if column.name not in found:
        return F.lit(None).cast(column.type)
    value = F.col(f"`{column.name}`").cast(column.type)
    if column.type in ("float", "double"):
        return F.when(F.abs(value) < float("inf"), value)  # NaN is greater than infinity
    return value


def _problem(column: Column, dataset: Dataset, found: dict[str, str]) -> SparkColumn:
    if column.name not in found:
        return F.lit(None).cast("string")
    value = F.col(f"`{column.name}`")
    problem = required_problem(column, dataset, value)
    if column.type in ("float", "double"):
        finite = F.abs(value) < float("inf")
        problem = problem.when(~finite, wrong_type(column, value.cast("string")))
    return problem


def _rejected_files(spark: SparkSession, dataset: Dataset, broken: list[_Footer]) -> DataFrame:
    names = (SOURCE_FILE, RECORD, REASON)
    schema = StructType([StructField(name, StringType()) for name in names])
    rows = [
        (_encoded(footer.file.path), f"the whole file, {footer.file.bytes} bytes", footer.problem)
        for footer in broken
    ]
    nulls = [F.lit(None).cast(column.type).alias(column.name) for column in dataset.columns]
    return spark.createDataFrame(rows, schema).select(*names, *nulls)


def _encoded(path: str) -> str:
    """Return a path as Spark's _metadata has it."""
    return quote(path, safe="/:@!$&'()*+,;=~")
