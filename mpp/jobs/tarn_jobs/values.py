"""Turns records into typed columns, and says exactly what is wrong with those that cannot be.

Spark's own casts are too kind for this: '1.5' becomes the int 1, '1d' the double 1.0 and
'1.239' the decimal 1.24. So a value first has to look like its type, then has to fit it.
"""

import re

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tarn_jobs.manifest import Column, Dataset
from tarn_jobs.raw_records import PROBLEM, RECORD, SOURCE_FILE

REASON = "__reason"

# A record with more columns than this is refused before Spark's CSV parser refuses the job.
_MOST_COLUMNS = 20_000
_SHOWN_CHARACTERS = 80

_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_PATTERNS = {
    "int": "[+-]?[0-9]+",
    "bigint": "[+-]?[0-9]+",
    "float": _NUMBER + "([eE][+-]?[0-9]+)?",
    "double": _NUMBER + "([eE][+-]?[0-9]+)?",
    "boolean": "(?i:true|false)",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    "(Z|[+-][0-9]{2}:[0-9]{2})?",
}


def check(records: DataFrame, dataset: Dataset) -> DataFrame:
    """Return source file, record, REASON (null for a good record) and the typed columns."""
    # One step after the other, so that Spark works out each value once: what a later step
    # uses twice is a column by then.
    parsed = _parse(records, dataset)
    typed = parsed.select("*", *[_typed(column).alias(column.name) for column in dataset.columns])
    # concat_ws leaves out what is null.
    problems = F.concat_ws("; ", *[_problem(column, dataset) for column in dataset.columns])
    reason = (
        F.when(F.col(PROBLEM).isNotNull(), F.col(PROBLEM))
        .when(F.col("__values.__malformed").isNotNull(), _wrong_count(dataset))
        .when(F.col("__problems") != "", F.col("__problems"))
    )
    return typed.withColumn("__problems", problems).select(
        SOURCE_FILE, RECORD, reason.alias(REASON), *dataset.column_names
    )


def _parse(records: DataFrame, dataset: Dataset) -> DataFrame:
    """Add the values of a record as strings; `__malformed` is set when the count is wrong."""
    names = ", ".join(f"`{name}` string" for name in dataset.column_names)
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
    values = F.explode(F.array(F.from_csv(text, f"{names}, `__malformed` string", options)))
    return records.select(SOURCE_FILE, RECORD, PROBLEM, values.alias("__values"))


def _wrong_count(dataset: Dataset) -> SparkColumn:
    unquoted = F.regexp_replace(F.regexp_replace(RECORD, '""', ""), '"[^"]*"', "")
    found = _separators(unquoted, dataset) + 1
    return F.format_string(f"{len(dataset.columns)} columns expected, %d found", found)


def _separators(text: SparkColumn, dataset: Dataset) -> SparkColumn:
    return F.length(text) - F.length(F.replace(text, F.lit(dataset.source.separator), F.lit("")))


def _typed(column: Column) -> SparkColumn:
    """Return the typed value, null when it does not fit the type."""
    value = _value(column)
    if column.type == "string":
        return value
    # Spark 3.5 has try_cast in SQL only, which knows a value by its name only.
    typed = F.expr(f"try_cast(__values.`{column.name}` AS {column.type})")
    if column.type in ("float", "double"):
        return F.when(F.abs(typed) != float("inf"), typed)  # 1e999 is no number
    return typed


def _problem(column: Column, dataset: Dataset) -> SparkColumn:
    """Return what is wrong with a value, null when nothing is."""
    value = _value(column)
    problem = F.when(F.lit(False), F.lit(""))
    if column.name in dataset.key:
        problem = problem.when(value.isNull(), F.lit(f"key column {column.name}: empty"))
    elif column.required:
        problem = problem.when(value.isNull(), F.lit(f"column {column.name}: required, but empty"))
    if column.type == "string":
        return problem
    fits = F.col(column.name).isNotNull() & value.rlike(f"^(?:{_pattern(column.type)})\\z")
    shown = F.when(
        F.length(value) > _SHOWN_CHARACTERS,
        F.concat(F.substring(value, 1, _SHOWN_CHARACTERS), F.lit("…")),
    ).otherwise(value)
    # concat, not format_string: the value itself may hold a %.
    message = F.concat(
        F.lit(f"column {column.name}: '"), shown, F.lit(f"' is not {_article(column.type)}")
    )
    return problem.when(value.isNotNull() & ~fits, message)


def _value(column: Column) -> SparkColumn:
    """Return the value as it is in the record, a string."""
    return F.col(f"__values.{column.name}")


def _pattern(kind: str) -> str:
    match = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if not match:
        return _PATTERNS[kind]
    # More digits after the point than the scale would be rounded away, except zeros.
    return rf"[+-]?([0-9]+(\.[0-9]{{0,{match[2]}}}0*)?|\.[0-9]{{1,{max(int(match[2]), 1)}}}0*)"


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "int" else f"a {kind}"
