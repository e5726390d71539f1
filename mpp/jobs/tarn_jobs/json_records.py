r"""Reads files of JSON objects, one a line, as records and their values as strings.

Spark's JSON parser is too kind for this: it stops at the end of the first object of a line and
never looks at the rest, and it passes a number through a double, which makes 1.10 into 1.1 and
takes digits away. So the object is parsed inside another one that must be complete as well, and
numbers with a point or an exponent are marked as text before.
"""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tarn_jobs import evolution
from tarn_jobs.errors import JobError
from tarn_jobs.manifest import Dataset
from tarn_jobs.raw_records import (
    PROBLEM,
    RECORD,
    SOURCE_FILE,
    difference,
    lines,
    raw_lines,
    shown,
    with_problem,
    with_text,
)
from tarn_jobs.values import VALUES

# The names of a record's fields; null for what is no object.
FIELDS = "__fields"

NOT_JSON = "not one JSON object"
TWICE = "a field is there twice"

# Characters of Unicode's private use area, which no data should have.
_START, _STOP, _END = "\ue000", "\ue001", "\ue002"

# Everything up to the next number with a point or an exponent that is not inside a string, then
# that number. Possessive (*+, ++) where it can be: Java does not recurse for these, so that a
# long record does not end in a stack overflow.
_UP_TO_NUMBER = r"""\G((?:[^"0-9\-]++|"(?:[^"\\]++|\\.)*+"|-?[0-9]++(?![0-9.eE]))*+)"""
_NUMBER = r"(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)(?=[\s,\]}])"


def read(spark: SparkSession, dataset: Dataset, patterns: list[str]) -> DataFrame:
    """Return SOURCE_FILE, RECORD, PROBLEM, FIELDS and VALUES of each line that is not blank."""
    records = with_text(raw_lines(lines(spark, patterns)))
    return _parse(records, dataset)


def check_fields(checked: DataFrame, dataset: Dataset) -> None:
    """Raise JobError when the objects of a file together do not have the data set's columns.

    Together, because many programs leave out of an object what is null.
    """
    if dataset.ignore_new_columns and dataset.null_missing_columns and not _required(dataset):
        return
    found = (
        checked.where(F.col(FIELDS).isNotNull())
        .groupBy(SOURCE_FILE)
        .agg(F.array_sort(F.array_distinct(F.flatten(F.collect_set(FIELDS)))).alias("names"))
    )
    problems = []
    for row in found.groupBy("names").agg(F.min(SOURCE_FILE).alias("file")).collect():
        if not evolution.fits_by_name(dataset, row.names):
            problems.append(f"{row.file}: {difference(dataset.column_names, row.names)}")
    if problems:
        raise JobError(
            "the fields are not those of the data set, nothing was staged: "
            f"{shown(sorted(problems))}{evolution.hint(dataset)}"
        )


def _required(dataset: Dataset) -> list[str]:
    return [c.name for c in dataset.columns if c.required or c.name in dataset.key]


def _parse(records: DataFrame, dataset: Dataset) -> DataFrame:
    record = F.col(RECORD)
    # Some editors start their UTF-8 files with a byte order mark.
    bare = F.when(record.startswith("\ufeff"), F.substring(record, 2, 2**31 - 1)).otherwise(record)
    text = F.when(F.col(PROBLEM).isNull(), _marked(bare))
    wrapped = F.concat(F.lit('{"object":'), text, F.lit(f',"{_END}":1}}'))
    schema = f"object map<string,string>, `{_END}` int, `__malformed` string"
    options = {
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": "__malformed",
        # RFC 8259 knows neither 'text' nor NaN.
        "allowSingleQuotes": "false",
        "allowNonNumericNumbers": "false",
    }
    # Without the explode Spark would parse the record again for each column taken from it.
    parsed = records.withColumn("__json", F.explode(F.array(F.from_json(wrapped, schema, options))))
    complete = F.col(f"__json.{_END}").isNotNull() & F.col("__json.__malformed").isNull()
    fields = F.when(complete, F.map_keys("__json.object"))
    parsed = parsed.withColumn(FIELDS, fields)
    parsed = with_problem(parsed, F.col(FIELDS).isNull(), F.lit(NOT_JSON))
    twice = F.size(F.array_distinct(FIELDS)) < F.size(FIELDS)
    parsed = with_problem(parsed, twice, F.lit(TWICE))
    values = [
        _unmarked(F.when(F.col(PROBLEM).isNull(), F.col("__json.object")[name])).alias(name)
        for name in dataset.column_names
    ]
    # The explode again: what is taken from it is worked out once.
    return parsed.select(
        SOURCE_FILE, RECORD, PROBLEM, FIELDS, F.explode(F.array(F.struct(*values))).alias(VALUES)
    )


def _marked(text: Column) -> Column:
    """Make numbers with a point or an exponent strings between two marks."""
    marked = F.regexp_replace(text, _UP_TO_NUMBER + _NUMBER, f'$1"{_START}$2{_STOP}"')
    needed = text.rlike(r"[0-9][.eE]") & ~text.contains(_START)
    return F.when(needed, marked).otherwise(text)


def _unmarked(value: Column) -> Column:
    """Take the marks away; of nested values also the quotes, which were not there."""
    bare = F.regexp_replace(value, f'"?{_START}([^{_STOP}]*){_STOP}"?', "$1")
    return F.when(value.contains(_START), bare).otherwise(value)
