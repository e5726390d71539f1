"""What DQDL's conditions mean, for one number and for the values of a column.

As the Glue User Guide says (DQDL reference, "Expressions", and the pages of the rule types), and
where it says nothing, as the library does that AWS publishes (awslabs/deequ, package dqdl).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    FloatType,
    NumericType,
    StringType,
    TimestampType,
)

from tarn_jobs.errors import JobError

Condition = Mapping[str, Any]
# Both ends of between are left out, and so they are in not between.
_NOT = "not "


def number_holds(condition: Condition, value: Any) -> bool:
    """Tell whether a number fulfils a condition."""
    # Glue computes in doubles: a ratio of 9/10 is 0.9. Whole and decimal numbers stay exact.
    convert = float if isinstance(value, float) else Decimal
    operands = [convert(operand["text"]) for operand in condition["values"]]
    operator = condition["operator"]
    positive = operator.removeprefix(_NOT)
    if positive == "between":
        holds = operands[0] < value < operands[1]
    elif positive == "in":
        holds = value in operands
    else:
        holds = {
            "=": value == operands[0],
            "!=": value != operands[0],
            "<": value < operands[0],
            "<=": value <= operands[0],
            ">": value > operands[0],
            ">=": value >= operands[0],
        }[positive]
    return holds != operator.startswith(_NOT)


def values_hold(condition: Condition, column: Column, kind: DataType, now: datetime) -> Column:
    """Return whether each value of a column of a type fulfils a condition; never null."""
    column, operands = _comparable(condition, column, kind, now)
    keywords = {value.get("keyword") for value in condition["values"]} - {None}
    operator = {"=": "in", "!=": "not in"}.get(condition["operator"], condition["operator"])
    # ColumnValues, "Null behavior": NULL fails, except for != and not in; there it passes
    # unless it is listed. DataFreshness, "Null behavior": NULL fails.
    of_null = operator == "in" and "NULL" in keywords
    if operator == "not in" and condition["kind"] != "duration":
        of_null = "NULL" not in keywords
    holds = _holds(operator.removeprefix(_NOT), column, operands, keywords)
    if operator.startswith(_NOT):
        holds = ~holds
    return F.when(column.isNull(), F.lit(of_null)).otherwise(holds)


def lengths_hold(condition: Condition, column: Column, kind: DataType) -> Column:
    """Return whether the length of each string fulfils a condition."""
    _want(kind, "a length", StringType)
    # ColumnLength, "Null behavior": NULL is a string of length 0.
    length = F.length(F.coalesce(column, F.lit("")))
    return _holds_number(condition, length)


def _holds_number(condition: Condition, column: Column) -> Column:
    operands = [F.lit(Decimal(value["text"])) for value in condition["values"]]
    operator = {"=": "in", "!=": "not in"}.get(condition["operator"], condition["operator"])
    holds = _holds(operator.removeprefix(_NOT), column, operands, set())
    return ~holds if operator.startswith(_NOT) else holds


def _comparable(
    condition: Condition, column: Column, kind: DataType, now: datetime
) -> tuple[Column, list[Column]]:
    """Return the column and the operands without keywords, of types that can be compared."""
    values = [value for value in condition["values"] if not value.get("keyword")]
    match condition["kind"]:
        case "number":
            _want(kind, "a number", NumericType)
            convert = float if isinstance(kind, DoubleType | FloatType) else Decimal
            return column, [F.lit(convert(value["text"])) for value in values]
        case "string":
            _want(kind, "a string", StringType, BooleanType)
            return column.cast("string"), [F.lit(value.get("text", "")) for value in values]
        case "date":
            _want(kind, "a date", DateType, TimestampType, StringType)
            return F.to_date(column), [F.lit(_date(value, now)).cast("date") for value in values]
        case "duration":
            _want(kind, "an age", DateType, TimestampType, StringType)
            age = F.lit(int(now.timestamp())) - F.to_timestamp(column).cast("long")
            return age, [F.lit(value.get("seconds", 0)) for value in values]
        case _:  # NULL alone, which every type has
            return column, []


def _date(value: Mapping[str, Any], now: datetime) -> str:
    if value.get("now"):
        return (now + timedelta(seconds=value.get("seconds", 0))).date().isoformat()
    return value["text"]


def _holds(operator: str, column: Column, operands: Sequence[Column], keywords: set[str]) -> Column:
    """Return whether a value that is not null fulfils a condition without negation."""
    match operator:
        case "between":
            return (column > operands[0]) & (column < operands[1])
        case "matches":  # The whole value, as in Glue.
            return F.rlike(column, F.concat(F.lit("^(?:"), operands[0], F.lit(r")\z")))
        case "in":
            holds = F.lit(False)
            for operand in operands:
                holds = holds | (column == operand)
            if "EMPTY" in keywords:
                holds = holds | (column == "")
            if "WHITESPACES_ONLY" in keywords:
                holds = holds | column.rlike(r"^\s+\z")
            return holds
        case "<":
            return column < operands[0]
        case "<=":
            return column <= operands[0]
        case ">":
            return column > operands[0]
        case ">=":
            return column >= operands[0]
    raise JobError(f"the condition {operator!r} is not known: deploy jobs and manifest together")


def _want(kind: DataType, what: str, *kinds: type[DataType]) -> None:
    if not isinstance(kind, kinds):
        raise JobError(f"the column is {kind.simpleString()}, which cannot be compared with {what}")
