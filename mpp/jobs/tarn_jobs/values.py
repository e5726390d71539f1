"""Turns values into typed columns, and says exactly what is wrong with those that cannot be.

Spark's own casts are too kind for this: '1.5' becomes the int 1, '1d' the double 1.0 and
'1.239' the decimal 1.24. So a value first has to look like its type, then has to fit it.
"""

import re

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tarn_jobs.manifest import Column, Dataset
from tarn_jobs.raw_records import PROBLEM

REASON = "__reason"
# A struct with the values of a record as strings.
VALUES = "__values"

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


def check(parsed: DataFrame, dataset: Dataset) -> DataFrame:
    """Return source file, record, REASON (null for a good record) and the typed columns.

    VALUES has the values of a record as strings; columns it does not have are null.
    """
    # One step after the other, so that Spark works out each value once: what a later step
    # uses twice is a column by then.
    present = set(parsed.schema[VALUES].dataType.names)
    columns = dataset.columns
    typed = parsed.select("*", *[_typed(c, c.name in present).alias(c.name) for c in columns])
    # concat_ws leaves out what is null.
    found = [_problem(column, dataset) for column in columns if column.name in present]
    problems = F.concat_ws("; ", *found) if found else F.lit("")
    reason = F.coalesce(F.col(PROBLEM), F.when(F.col("__problems") != "", F.col("__problems")))
    others = [F.col(name) for name in parsed.columns if name not in (PROBLEM, VALUES)]
    return typed.withColumn("__problems", problems).select(
        *others, reason.alias(REASON), *dataset.column_names
    )


def required_problem(column: Column, dataset: Dataset, value: SparkColumn) -> SparkColumn:
    """Start what is wrong with a value: it is null, but may not be."""
    problem = F.when(F.lit(False), F.lit(""))
    if column.name in dataset.key:
        return problem.when(value.isNull(), F.lit(f"key column {column.name}: empty"))
    if column.required:
        return problem.when(value.isNull(), F.lit(f"column {column.name}: required, but empty"))
    return problem


def wrong_type(column: Column, shown: SparkColumn) -> SparkColumn:
    """Say that a value is not of the type of its column."""
    # concat, not format_string: the value itself may hold a %.
    return F.concat(
        F.lit(f"column {column.name}: '"), shown, F.lit(f"' is not {_article(column.type)}")
    )


def _typed(column: Column, is_present: bool) -> SparkColumn:
    """Return the typed value, null when it does not fit the type."""
    if not is_present:
        return F.lit(None).cast(column.type)
    value = _value(column)
    if column.type == "string":
        return value
    # Spark 3.5 has try_cast in SQL only, which knows a value by its name only.
    typed = F.expr(f"try_cast({VALUES}.`{column.name}` AS {column.type})")
    if column.type in ("float", "double"):
        return F.when(F.abs(typed) != float("inf"), typed)  # 1e999 is no number
    return typed


def _problem(column: Column, dataset: Dataset) -> SparkColumn:
    """Return what is wrong with a value, null when nothing is."""
    value = _value(column)
    problem = required_problem(column, dataset, value)
    if column.type == "string":
        return problem
    fits = F.col(column.name).isNotNull() & value.rlike(f"^(?:{_pattern(column.type)})\\z")
    shown = F.when(
        F.length(value) > _SHOWN_CHARACTERS,
        F.concat(F.substring(value, 1, _SHOWN_CHARACTERS), F.lit("…")),
    ).otherwise(value)
    return problem.when(value.isNotNull() & ~fits, wrong_type(column, shown))


def _value(column: Column) -> SparkColumn:
    """Return the value as it is in the record, a string."""
    return F.col(f"{VALUES}.{column.name}")


def _pattern(kind: str) -> str:
    match = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if not match:
        return _PATTERNS[kind]
    # More digits after the point than the scale would be rounded away, except zeros.
    return rf"[+-]?([0-9]+(\.[0-9]{{0,{match[2]}}}0*)?|\.[0-9]{{1,{max(int(match[2]), 1)}}}0*)"


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "int" else f"a {kind}"
