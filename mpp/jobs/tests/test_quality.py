"""Every type of rule on real Spark: what passes, what fails, NULL, and tables without rows.

The rules are those of pkg/dqdl/testdata/rules.dqdl, as the parser has read them.
"""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tarn_jobs.quality import Others, evaluate

RULES = json.loads(
    (Path(__file__).resolve().parents[3] / "pkg/dqdl/testdata/rules.json").read_text("utf-8")
)["rules"]
BY_TEXT = {rule["text"]: rule for rule in RULES}
NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
SCHEMA = (
    "id int, name string, grp string, amount double, price decimal(10,2), flag boolean, "
    "day date, at timestamp, text string"
)


def day(number):
    return date(2026, 1, number)


def noon(number):
    return datetime(2026, 1, number, 12)


ROWS = [
    (1, "x", "a", 1.5, Decimal("0.10"), True, day(1), noon(1), "1"),
    (2, "y", "a", 2.5, Decimal("0.10"), True, day(2), noon(2), "2"),
    (3, "z", "b", 3.5, Decimal("0.10"), True, day(3), noon(3), "3"),
    (4, "", "b", None, Decimal("0.10"), True, day(4), noon(4), "4"),
    (5, "  ", "c", None, Decimal("0.10"), True, day(5), noon(5), "99999999999"),
    (6, None, None, None, Decimal("0.10"), True, day(6), noon(6), "2026-01-01"),
]
OTHER = [(1, "a"), (2, "b"), (3, "q")]


@pytest.fixture(scope="module")
def table(spark):
    """Six rows; id is a key, everything else has something missing or repeated."""
    rows = [tuple(v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for v in r) for r in ROWS]
    return spark.createDataFrame(rows, SCHEMA)


@pytest.fixture(scope="module")
def others(spark):
    other = spark.createDataFrame(OTHER, "number int, code string")
    return lambda: Others(frozenset({"other"}), {"other": other}.__getitem__)


def rule(text):
    """Return a rule of rules.dqdl."""
    return BY_TEXT[text]


HOLD = """
RowCount = 6 | 6
RowCount in [5, 6] | 6
RowCount between 5 and 7 | 6
RowCount not between 6 and 7 | 6
RowCount != 0 | 6
RowCount >= 6 | 6
RowCount < 7 | 6
RowCount = 2 where "grp = 'a'" | 2
ColumnCount = 9 | 9
ColumnExists "id" | there
ColumnExists "ID" | there
IsComplete "id" | 6 of 6 rows
IsComplete "name" where "id < 3" | 2 of 2 rows
Completeness "name" > 0.8 | 5 of 6 rows
Completeness "amount" = 0.5 | 3 of 6 rows
IsUnique "id" | 6 of 6 values occur once
IsUnique "name" | 5 of 5 values occur once
IsUnique "grp" "id" | 6 of 6 values occur once
Uniqueness "grp" = 0.2 | 1 of 5 values occur once
UniqueValueRatio "grp" between 0.3 and 0.4 | 1 of 3 distinct values occur once
DistinctValuesCount "grp" = 3 | 3
IsPrimaryKey "id" | 6 of 6 keys are complete, 6 of 6 keys occur once
IsPrimaryKey "id" "day" | 6 of 6 keys are complete, 6 of 6 keys occur once
ColumnValues "id" > 0 | 6 of 6 rows
ColumnValues "id" between 0 and 7 | 6 of 6 rows
ColumnValues "id" not between 6 and 9 | 6 of 6 rows
ColumnValues "amount" > 0 with threshold >= 0.5 | 3 of 6 rows
ColumnValues "amount" > 0 where "amount is not null" | 3 of 3 rows
ColumnValues "amount" != 7 | 6 of 6 rows
ColumnValues "amount" not in [7, 8] | 6 of 6 rows
ColumnValues "amount" in [1.5, 2.5, 3.5, NULL] | 6 of 6 rows
ColumnValues "id" != NULL | 6 of 6 rows
ColumnValues "id" in [1, 2, 3, 4, 5, 6] | 6 of 6 rows
ColumnValues "price" = 0.10 | 6 of 6 rows
ColumnValues "price" >= 0.1 | 6 of 6 rows
ColumnValues "grp" in ["a", "b", "c", NULL] | 6 of 6 rows
ColumnValues "grp" not in ["z"] | 6 of 6 rows
ColumnValues "name" in ["x", "y", "z", EMPTY, WHITESPACES_ONLY, NULL] | 6 of 6 rows
ColumnValues "name" matches "[a-z ]*" where "name is not null" | 5 of 5 rows
ColumnValues "name" not matches "[0-9]" where "name is not null" | 5 of 5 rows
ColumnValues "name" matches "x|y" with threshold > 0.3 | 2 of 6 rows
ColumnValues "flag" = "true" | 6 of 6 rows
ColumnValues "day" >= "2026-01-01" | 6 of 6 rows
ColumnValues "day" between "2025-12-31" and "2026-02-01" | 6 of 6 rows
ColumnValues "day" <= now() | 6 of 6 rows
ColumnValues "day" in ["2026-01-01", "2026-01-02", NULL] with threshold > 0.3 | 2 of 6 rows
ColumnValues "at" > "2025-12-31" | 6 of 6 rows
ColumnLength "name" <= 2 | 6 of 6 rows
ColumnLength "name" in [0, 1, 2] | 6 of 6 rows
ColumnLength "name" = 1 where "id < 3" | 2 of 2 rows
ColumnDataType "text" = "INTEGER" with threshold > 0.6 | 4 of 6 rows
ColumnDataType "text" = "LONG" with threshold > 0.7 | 5 of 6 rows
ColumnDataType "text" = "DATE" with threshold >= 0.15 | 1 of 6 rows
Mean "id" = 3.5 | 3.5
Mean "amount" = 2.5 | 2.5
Sum "id" = 21 | 21
Sum "price" = 0.60 | 0.60
Sum "id" = 3 where "id < 3" | 3
StandardDeviation "id" between 1.7 and 1.71 | 1.707825128
ColumnCorrelation "id" "id" > 0.999 | 1
DataFreshness "day" <= 10 days | 6 of 6 rows
DataFreshness "at" between 30 minutes and 10 days | 6 of 6 rows
CustomSql "select count(*) from primary where id > 6" = 0 | 0
CustomSql "select count(*) from primary p join other o on p.grp = o.code" = 4 | 4
ReferentialIntegrity "grp" "other.code" > 0.6 | 4 of 6 rows are in other
ReferentialIntegrity "id" "other.number" = 0.5 | 3 of 6 rows are in other
ReferentialIntegrity "id,grp" "other.{number,code}" > 0.1 | 1 of 6 rows are in other
RowCountMatch "other" = 2.0 | 6 of 3 rows as in other
AggregateMatch "sum(id)" "sum(other.number)" = 3.5 | 3.5 (21 and 6)
(IsComplete "id") and (IsUnique "id") | 6 of 6 rows; 6 of 6 values occur once
(IsComplete "name") or (IsUnique "id") | 5 of 6 rows; 6 of 6 values occur once
(IsComplete "id") and ((RowCount = 0) or (RowCount > 0)) | 6 of 6 rows; 6; 6
"""

FAIL = """
RowCount > 6 | 6
RowCount not in [5, 6] | 6
RowCount between 6 and 7 | 6
RowCount not between 5 and 7 | 6
RowCount <= 5 | 6
RowCount = 0 | 6
ColumnCount < 9 | 9
ColumnExists "nothing" | not there
IsComplete "name" | 5 of 6 rows
Completeness "name" = 0.5 | 5 of 6 rows
IsUnique "grp" | 1 of 5 values occur once
IsUnique "grp" where "id < 3" | 0 of 2 values occur once
Uniqueness "grp" > 0.2 | 1 of 5 values occur once
UniqueValueRatio "grp" > 0.5 | 1 of 3 distinct values occur once
DistinctValuesCount "grp" = 4 | 3
IsPrimaryKey "name" | 5 of 6 keys are complete, 5 of 6 keys occur once
IsPrimaryKey "grp" | 5 of 6 keys are complete, 1 of 6 keys occur once
IsPrimaryKey "id" "grp" | 5 of 6 keys are complete, 6 of 6 keys occur once
ColumnValues "id" > 1 | 5 of 6 rows
ColumnValues "id" between 1 and 7 | 5 of 6 rows
ColumnValues "id" not between 5 and 9 | 5 of 6 rows
ColumnValues "amount" > 0 | 3 of 6 rows
ColumnValues "amount" > 0 with threshold > 0.5 | 3 of 6 rows
ColumnValues "amount" > 0 where "id > 100" | 0 of 0 rows
ColumnValues "amount" != 1.5 | 5 of 6 rows
ColumnValues "amount" not in [7, NULL] | 3 of 6 rows
ColumnValues "amount" in [1.5, 2.5, 3.5] | 3 of 6 rows
ColumnValues "amount" = NULL | 3 of 6 rows
ColumnValues "price" < 0.1 | 0 of 6 rows
ColumnValues "grp" in ["a", "b", "c"] | 5 of 6 rows
ColumnValues "grp" != "a" | 4 of 6 rows
ColumnValues "name" in ["x", "y", "z", EMPTY, NULL] | 5 of 6 rows
ColumnValues "name" != EMPTY | 5 of 6 rows
ColumnValues "name" not in [WHITESPACES_ONLY] | 5 of 6 rows
ColumnValues "name" matches "[a-z ]*" | 5 of 6 rows
ColumnValues "name" not matches "x|y" where "name is not null" | 3 of 5 rows
ColumnValues "day" between "2026-01-01" and "2026-02-01" | 5 of 6 rows
ColumnValues "day" > (now() - 3 days) | 2 of 6 rows
ColumnLength "name" > 0 | 4 of 6 rows
ColumnDataType "text" = "INTEGER" | 4 of 6 rows
ColumnDataType "text" != "BOOLEAN" | 5 of 6 rows
Mean "id" > 3.5 | 3.5
Mean "amount" > 0 where "id > 100" | no value
Sum "id" != 21 | 21
StandardDeviation "id" > 2 | 1.707825128
ColumnCorrelation "id" "id" < 0 | 1
ColumnCorrelation "id" "price" > -2 | no value
DataFreshness "day" < 24 hours | 0 of 6 rows
CustomSql "select count(*) from primary" = 0 | 6
CustomSql "select max(amount) from primary where id > 100" > 0 | no value
ReferentialIntegrity "grp" "other.code" = 1.0 | 4 of 6 rows are in other
RowCountMatch "other" = 1.0 | 6 of 3 rows as in other
AggregateMatch "avg(id)" "avg(other.number)" < 1 | 1.75 (3.5 and 2)
(IsComplete "name") and (IsUnique "id") | 5 of 6 rows; 6 of 6 values occur once
(IsComplete "name") or (IsUnique "grp") | 5 of 6 rows; 1 of 5 values occur once
"""

BROKEN = """
IsComplete "nothing" | there is no column nothing
IsComplete "id" where "this is no sql" | ParseException
IsComplete "id" where "nothing = 1" | AnalysisException
ColumnValues "name" matches "(" | `regexp` in `rlike` is invalid: '('.
ColumnValues "id" = "1" | the column is int, which cannot be compared with a string
ColumnValues "name" > 5 | the column is string, which cannot be compared with a number
ColumnValues "flag" > "2026-01-01" | the column is boolean, which cannot be compared with a date
ColumnLength "id" = 1 | the column is int, which cannot be compared with a length
Mean "name" > 0 | column name is string, not a number
DataFreshness "maybe" < 9999 days | there is no column maybe
CustomSql "select id from primary" > 0 | the query must return one row with one number
CustomSql "select count(*) from nothing_of_the_kind" = 0 | nothing_of_the_kind
CustomSql "this is no sql" = 0 | ParseException
ReferentialIntegrity "id" "other.nothing" = 1.0 | nothing
ReferentialIntegrity "id" "nothing.number" = 1.0 | there is no data set nothing in this pipeline
AggregateMatch "sum(nothing)" "sum(other.number)" = 1 | nothing
(IsComplete "nothing") or (IsUnique "id") | there is no column nothing
"""


def cases(table):
    """Return the lines of a table as pairs."""
    return [tuple(line.rsplit(" | ", 1)) for line in table.strip().splitlines()]


@pytest.fixture(scope="module")
def results(spark, table, others):
    """All rules at once, by text, as the gate does it."""
    listed = [rule(text) for table_ in (HOLD, FAIL, BROKEN) for text, _ in cases(table_)]
    return {r.rule: r for r in evaluate(spark, table, listed, others(), NOW)}


@pytest.mark.parametrize(("text", "observed"), cases(HOLD))
def test_holds(results, text, observed):
    assert (results[text].passed, results[text].observed) == (True, observed)


@pytest.mark.parametrize(("text", "observed"), cases(FAIL))
def test_fails(results, text, observed):
    assert (results[text].passed, results[text].observed) == (False, observed)


@pytest.mark.parametrize(("text", "message"), cases(BROKEN))
def test_cannot_be_evaluated(results, text, message):
    assert not results[text].passed
    assert "cannot be evaluated" in results[text].observed
    assert message in results[text].observed


def test_every_rule_of_the_file_is_tested():
    tested = {text for table in (HOLD, FAIL, BROKEN) for text, _ in cases(table)}
    assert tested == set(BY_TEXT)


NOTHING = """
RowCount = 0 | True | 0
RowCount > 6 | False | 0
ColumnCount = 9 | True | 9
IsComplete "id" | False | 0 of 0 rows
Completeness "name" > 0.8 | False | 0 of 0 rows
IsUnique "id" | False | 0 of 0 values occur once
UniqueValueRatio "grp" > 0.5 | False | 0 of 0 distinct values occur once
DistinctValuesCount "grp" = 3 | False | 0
IsPrimaryKey "id" | False | 0 of 0 keys are complete, 0 of 0 keys occur once
ColumnValues "id" > 0 | False | 0 of 0 rows
ColumnValues "day" >= "2026-01-01" | True | 0 of 0 rows
ColumnLength "name" <= 2 | False | 0 of 0 rows
ColumnDataType "text" = "INTEGER" | True | 0 of 0 rows
DataFreshness "day" < 24 hours | True | 0 of 0 rows
Mean "id" = 3.5 | False | no value
Sum "id" = 21 | False | no value
StandardDeviation "id" > 2 | False | no value
CustomSql "select count(*) from primary" = 0 | True | 0
ReferentialIntegrity "grp" "other.code" > 0.6 | False | 0 of 0 rows are in other
RowCountMatch "other" = 1.0 | False | 0 of 3 rows as in other
AggregateMatch "avg(id)" "avg(other.number)" < 1 | False | no values
"""


def test_no_rows(spark, others):
    wanted = [line.split(" | ") for line in NOTHING.strip().splitlines()]
    empty = spark.createDataFrame([], SCHEMA)
    found = evaluate(spark, empty, [rule(text) for text, _, _ in wanted], others(), NOW)
    assert [[r.rule, str(r.passed), r.observed] for r in found] == wanted


def test_one_aggregation_answers_all_simple_rules(spark, table, others):
    simple = [rule(text) for text in ('IsComplete "id"', 'Mean "id" = 3.5', "RowCount = 6")] * 3
    spark.sparkContext.setJobGroup("simple-rules", "")
    try:
        evaluate(spark, table, simple, others(), NOW)
        jobs = spark.sparkContext.statusTracker().getJobIdsForGroup("simple-rules")
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
    # Adaptive execution makes a job of each of the two stages of one aggregation.
    assert 1 <= len(jobs) <= 2


def test_the_views_of_a_query_are_gone_afterwards(spark, table, others):
    used = others()
    join = 'CustomSql "select count(*) from primary p join other o on p.grp = o.code" = 4'
    evaluate(spark, table, [rule(join)], used, NOW)
    assert not spark.catalog.tableExists("primary")
    assert not spark.catalog.tableExists("other")
    assert used.used == {"other"}
