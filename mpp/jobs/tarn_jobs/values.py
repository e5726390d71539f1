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
    parsed = _parse(records, dataset)
    fields = {column.name: F.col(f"__values.{column.name}") for column in dataset.columns}
    # concat_ws leaves out what is null.
    problems = F.concat_ws(
        "; ", *[_problem(fields[column.name], column, dataset) for column in dataset.columns]
    )
    reason = (
        F.when(F.col(PROBLEM).isNotNull(), F.col(PROBLEM))
        .when(F.col("__values.__malformed").isNotNull(), _wrong_count(dataset))
        .otherwise(F.nullif(problems, F.lit("")))
    )
    typed = [_cast(column).alias(column.name) for column in dataset.columns]
    return parsed.select(SOURCE_FILE, RECORD, reason.alias(REASON), *typed)


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


def _problem(value: SparkColumn, column: Column, dataset: Dataset) -> SparkColumn:
    """Return what is wrong with a value, null when nothing is."""
    problem = None
    if column.name in dataset.key:
        problem = F.when(value.isNull(), F.lit(f"key column {column.name}: empty"))
    elif column.required:
        problem = F.when(value.isNull(), F.lit(f"column {column.name}: required, but empty"))
    if column.type == "string":
        return problem if problem is not None else F.lit(None).cast("string")
    fits = value.rlike(f"^(?:{_pattern(column.type)})\\z") & _cast(column).isNotNull()
    shown = F.when(
        F.length(value) > _SHOWN_CHARACTERS,
        F.concat(F.substring(value, 1, _SHOWN_CHARACTERS), F.lit("…")),
    ).otherwise(value)
    # concat, not format_string: the value itself may hold a %.
    message = F.concat(
        F.lit(f"column {column.name}: '"), shown, F.lit(f"' is not {_article(column.type)}")
    )
    does_not_parse = value.isNotNull() & ~fits
    return (
        F.when(does_not_parse, message)
        if problem is None
        else problem.when(does_not_parse, message)
    )


def _cast(column: Column) -> SparkColumn:
    """Return the typed value, null when it does not fit the type."""
    if column.type == "string":
        return F.col(f"__values.{column.name}")
    # Spark 3.5 has try_cast in SQL only, which knows a value by its name only.
    cast = F.expr(f"try_cast(__values.`{column.name}` AS {column.type})")
    if column.type in ("float", "double"):
        return F.when(F.abs(cast) != float("inf"), cast)  # 1e999 is no number
    return cast


def _pattern(kind: str) -> str:
    match = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if not match:
        return _PATTERNS[kind]
    # More digits after the point than the scale would be rounded away, except zeros.
    return rf"[+-]?([0-9]+(\.[0-9]{{0,{match[2]}}}0*)?|\.[0-9]{{1,{max(int(match[2]), 1)}}}0*)"


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "int" else f"a {kind}"
