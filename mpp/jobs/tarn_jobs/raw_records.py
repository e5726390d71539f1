"""Records as they are in the raw files: source file and text, not yet columns.

Text files are read as lines, which Spark can split. The records have no order and need none.
"""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StringType, StructField, StructType

SOURCE_FILE = "__source_file"
RECORD = "__record"
# What keeps a record from being looked at any further; null for most.
PROBLEM = "__problem"
# The bytes of a record, before with_text.
RAW = "__raw"
LINE = "value"

NOT_UTF8 = "not valid UTF-8 (the record is kept here as Latin-1)"

RAW_SCHEMA = StructType([StructField(SOURCE_FILE, StringType()), StructField(RAW, BinaryType())])


def lines(spark: SparkSession, patterns: list[str]) -> DataFrame:
    """Return the lines of files that are not blank: SOURCE_FILE, LINE and `__block_start`.

    Use one data frame for all passes: it lists the files once, so that a file that arrives in
    between is in all passes or in none.
    """
    frame = spark.read.option("recursiveFileLookup", "true").option("lineSep", "\n").text(patterns)
    return frame.select(
        F.col(LINE),
        F.col("_metadata.file_path").alias(SOURCE_FILE),
        F.col("_metadata.file_block_start").alias("__block_start"),
    ).where(f"{LINE} != '' AND {LINE} != '\\r'")


def raw_lines(frame: DataFrame) -> DataFrame:
    """Return the bytes of lines, without the \\r of those that end in one."""
    line = F.col(LINE)
    bare = F.when(line.endswith("\r"), F.expr(f"substring({LINE}, 1, length({LINE}) - 1)"))
    return frame.select(SOURCE_FILE, bare.otherwise(line).cast("binary").alias(RAW))


def with_text(records: DataFrame) -> DataFrame:
    """Decode the bytes without losing any of them: SOURCE_FILE, RECORD and PROBLEM."""
    raw = F.col(RAW)
    text = F.decode(raw, "UTF-8")
    is_utf8 = F.encode(text, "UTF-8") == raw
    return records.select(
        SOURCE_FILE,
        # Each byte is one character of Latin-1, so that the bytes can be had back.
        F.when(is_utf8, text).otherwise(F.decode(raw, "ISO-8859-1")).alias(RECORD),
        F.when(~is_utf8, F.lit(NOT_UTF8)).alias(PROBLEM),
    )


def shown(problems: list[str], at_most: int = 5) -> str:
    """Return problems of files as one text, the first few of them."""
    text = "; ".join(problems[:at_most])
    more = len(problems) - at_most
    return f"{text}; and {more} more files" if more > 0 else text


def difference(expected: list[str], found: list[str]) -> str:
    """Say how the columns found differ from those expected."""
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


def with_problem(records: DataFrame, condition: Column, problem: Column) -> DataFrame:
    """Set PROBLEM where a condition holds and nothing else was found before."""
    found = F.coalesce(F.col(PROBLEM), F.when(condition, problem))
    return records.withColumn(PROBLEM, found)
