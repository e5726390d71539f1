"""Evaluates the rules of a ruleset on a data set, as pkg/dqdl has read them.

All that one pass over the rows can answer is asked in one: counts, sums and values of all rules
together. Rules about repeated values share one pass for each set of columns; one that looks at
another data set, and each query, needs a pass of its own.

What a rule means is in the Glue User Guide, "DQDL rule type reference". Where it says nothing,
above all about tables without rows, the rules do what the library does that AWS publishes
(awslabs/deequ, package dqdl): a ratio or mean of nothing is undefined and the rule fails; rules
about dates and types pass.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, NumericType

from tarn_jobs.errors import JobError, summary
from tarn_jobs.quality_conditions import lengths_hold, number_holds, values_hold

Rule = Mapping[str, Any]
# More columns than that in one aggregation, and Spark spends its time planning.
_MOST_AT_ONCE = 400
# The names of views belong to the session, which the data sets running side by side share.
_views = threading.Lock()


@dataclass(frozen=True)
class RuleResult:
    """Whether a rule holds, and what was seen."""

    rule: str
    passed: bool
    observed: str


@dataclass(frozen=True)
class _Outcome:
    passed: bool
    observed: str
    # A rule that cannot be evaluated fails whatever it is combined with.
    broken: bool = False


@dataclass(frozen=True)
class _Question:
    """What to aggregate for a rule, and what the answers say.

    Without aggregates, judging takes a pass of its own or none.
    """

    judge: Callable[[Sequence[Any]], _Outcome]
    aggregates: tuple[Column, ...] = ()


@dataclass
class Others:
    """The other data sets rules may look at; remembers which were looked at."""

    names: frozenset[str]
    read: Callable[[str], DataFrame]
    used: set[str] = field(default_factory=set)

    def table(self, name: str) -> DataFrame:
        """Return the rows of another data set."""
        if name not in self.names:
            raise JobError(f"there is no data set {name} in this pipeline")
        self.used.add(name)
        return self.read(name)


def evaluate(
    spark: SparkSession, rows: DataFrame, rules: Sequence[Rule], others: Others, now: datetime
) -> list[RuleResult]:
    """Return the result of each rule, in order."""
    outcomes = _Evaluation(spark, rows, others, now).outcomes(_leaves(rules))
    return [
        RuleResult(rule["text"], outcome.passed, outcome.observed)
        for rule, outcome in ((rule, _combined(rule, outcomes)) for rule in rules)
    ]


def _leaves(rules: Sequence[Rule]) -> list[Rule]:
    return [leaf for rule in rules for leaf in (_leaves(rule.get("rules") or []) or [rule])]


def _combined(rule: Rule, outcomes: Mapping[int, _Outcome]) -> _Outcome:
    parts = rule.get("rules")
    if not parts:
        return outcomes[id(rule)]
    # "Composite rules": each is evaluated over the whole data set, then they are combined.
    combined = [_combined(part, outcomes) for part in parts]
    broken = any(part.broken for part in combined)
    decide = all if rule["type"] == "And" else any
    return _Outcome(
        not broken and decide(part.passed for part in combined),
        "; ".join(part.observed for part in combined),
        broken,
    )


class _Evaluation:
    """The evaluation of the rules of one data set."""

    def __init__(self, spark: SparkSession, rows: DataFrame, others: Others, now: datetime) -> None:
        self._spark = spark
        self._rows = rows
        self._others = others
        self._now = now
        self._columns = {entry.name.lower(): entry for entry in rows.schema}
        self._frequencies: dict[tuple[Any, ...], tuple[int, int, int]] = {}

    def outcomes(self, rules: Sequence[Rule]) -> dict[int, _Outcome]:
        """Return the outcome of each rule, by the identity of the rule."""
        outcomes: dict[int, _Outcome] = {}
        asked: list[tuple[Rule, _Question]] = []
        for rule in rules:
            question = self._guarded(rule, outcomes, lambda rule=rule: self._question(rule))
            if question:
                asked.append((rule, question))
        for part in _parts([entry for entry in asked if entry[1].aggregates]):
            self._answer(part, outcomes)
        for rule, question in asked:
            if not question.aggregates:
                self._judge(rule, question, (), outcomes)
        return outcomes

    def _answer(
        self, asked: Sequence[tuple[Rule, _Question]], outcomes: dict[int, _Outcome]
    ) -> None:
        """Ask all at once; if that fails, one by one, to find the one that is to blame."""
        try:
            answers = self._aggregated([a for _, question in asked for a in question.aggregates])
        except Exception as error:
            if len(asked) == 1:
                outcomes[id(asked[0][0])] = _broken(error)
                return
            for entry in asked:
                self._answer([entry], outcomes)
            return
        at = 0
        for rule, question in asked:
            end = at + len(question.aggregates)
            self._judge(rule, question, answers[at:end], outcomes)
            at = end

    def _judge(
        self,
        rule: Rule,
        question: _Question,
        answers: Sequence[Any],
        outcomes: dict[int, _Outcome],
    ) -> None:
        outcome = self._guarded(rule, outcomes, lambda: question.judge(answers))
        if outcome:
            outcomes[id(rule)] = outcome

    def _guarded(
        self, rule: Rule, outcomes: dict[int, _Outcome], work: Callable[[], Any]
    ) -> Any | None:
        try:
            return work()
        except Exception as error:  # Whatever it is: the other rules are evaluated all the same.
            outcomes[id(rule)] = _broken(error)
            return None

    def _aggregated(self, aggregates: Sequence[Column]) -> Sequence[Any]:
        named = [column.alias(f"a{number}") for number, column in enumerate(aggregates)]
        return self._rows.agg(*named).head()

    def _question(self, rule: Rule) -> _Question:
        kept = F.expr(f"({rule['where']})") if rule.get("where") else F.lit(True)
        question = getattr(self, f"_ask_{_snake(rule['type'])}", None)
        if question is None:
            raise JobError(
                f"the rule {rule['type']} is not known: deploy jobs and manifest together"
            )
        asked: _Question = question(rule, kept)
        if asked.aggregates:
            self._rows.agg(*asked.aggregates)  # Analysed at once: names what is not there.
        return asked

    # Rules about the table

    def _ask_row_count(self, rule: Rule, kept: Column) -> _Question:
        return _Question(lambda found: _number(rule, found[0]), (_count(kept),))

    def _ask_column_count(self, rule: Rule, _: Column) -> _Question:
        return _Question(lambda _: _number(rule, len(self._columns)))

    def _ask_column_exists(self, rule: Rule, _: Column) -> _Question:
        there = rule["columns"][0].lower() in self._columns
        return _Question(lambda _: _Outcome(there, "there" if there else "not there"))

    # Rules about the values of a column

    def _ask_is_complete(self, rule: Rule, kept: Column) -> _Question:
        column, _ = self._column(rule)
        return self._share(rule, kept, column.isNotNull())

    def _ask_completeness(self, rule: Rule, kept: Column) -> _Question:
        column, _ = self._column(rule)
        return self._share(rule, kept, column.isNotNull(), rule["condition"])

    def _ask_column_values(self, rule: Rule, kept: Column) -> _Question:
        column, kind = self._column(rule)
        condition = rule["condition"]
        if condition["operator"].endswith("matches"):
            self._check_pattern(condition["values"][0].get("text", ""))
        good = values_hold(condition, column, kind, self._now)
        of_nothing = condition["kind"] == "date"
        return self._share(rule, kept, good, rule.get("threshold"), of_nothing)

    def _ask_column_length(self, rule: Rule, kept: Column) -> _Question:
        column, kind = self._column(rule)
        return self._share(rule, kept, lengths_hold(rule["condition"], column, kind))

    def _ask_column_data_type(self, rule: Rule, kept: Column) -> _Question:
        # "Checks if the values in a given column can be cast in Apache Spark to the type".
        self._column(rule)
        condition = rule["condition"]
        good = F.expr(f"try_cast({_quoted(rule['columns'][0])} AS {_sql_type(condition)})")
        fits = good.isNotNull() if condition["operator"] == "=" else good.isNull()
        return self._share(rule, kept, fits, rule.get("threshold"), of_nothing=True)

    def _ask_data_freshness(self, rule: Rule, kept: Column) -> _Question:
        column, kind = self._column(rule)
        good = values_hold(rule["condition"], column, kind, self._now)
        return self._share(rule, kept, good, of_nothing=True)

    # Rules about one number made of a column

    def _ask_mean(self, rule: Rule, kept: Column) -> _Question:
        return self._statistic(rule, F.avg(F.when(kept, self._numeric(rule))))

    def _ask_sum(self, rule: Rule, kept: Column) -> _Question:
        return self._statistic(rule, F.sum(F.when(kept, self._numeric(rule))))

    def _ask_standard_deviation(self, rule: Rule, kept: Column) -> _Question:
        return self._statistic(rule, F.stddev_pop(F.when(kept, self._numeric(rule))))

    def _ask_column_correlation(self, rule: Rule, kept: Column) -> _Question:
        pair = [F.when(kept, self._numeric(rule, at)) for at in (0, 1)]
        return self._statistic(rule, F.corr(*pair))

    # Rules about repeated values

    def _ask_is_unique(self, rule: Rule, _: Column) -> _Question:
        return self._frequency(
            rule, lambda rows, _, once: _share(once, rows, None, "values occur once")
        )

    def _ask_uniqueness(self, rule: Rule, _: Column) -> _Question:
        condition = rule["condition"]
        return self._frequency(
            rule, lambda rows, _, once: _share(once, rows, condition, "values occur once")
        )

    def _ask_unique_value_ratio(self, rule: Rule, _: Column) -> _Question:
        condition = rule["condition"]
        return self._frequency(
            rule,
            lambda _, distinct, once: _share(
                once, distinct, condition, "distinct values occur once"
            ),
        )

    def _ask_distinct_values_count(self, rule: Rule, _: Column) -> _Question:
        return self._frequency(rule, lambda _rows, distinct, _once: _number(rule, distinct))

    def _ask_is_primary_key(self, rule: Rule, kept: Column) -> _Question:
        complete = F.lit(True)
        for at in range(len(rule["columns"])):
            complete = complete & self._column(rule, at)[0].isNotNull()
        columns = [self._column(rule, at)[0] for at in range(len(rule["columns"]))]

        def judge(found: Sequence[Any]) -> _Outcome:
            rows, whole = found
            filled = _share(whole, rows, None, "keys are complete")
            _, _, once = self._counted(columns, rule)
            single = _share(once, rows, None, "keys occur once")
            observed = f"{filled.observed}, {single.observed}"
            return _Outcome(filled.passed and single.passed, observed)

        return _Question(judge, (_count(kept), _count(kept & complete)))

    # Rules that look further

    def _ask_custom_sql(self, rule: Rule, _: Column) -> _Question:
        return _Question(lambda _: self._query(rule))

    def _ask_referential_integrity(self, rule: Rule, _: Column) -> _Question:
        names = [f"k{at}" for at in range(len(rule["columns"]))]
        here = [self._column(rule, at)[0].alias(name) for at, name in enumerate(names)]
        reference = rule["reference"]
        there = [
            F.col(_quoted(column)).alias(name)
            for column, name in zip(reference["columns"], names, strict=True)
        ]

        def judge(found: Sequence[Any]) -> _Outcome:
            known = self._others.table(reference["dataset"]).select(*there).distinct()
            # A value that is NULL, even in part, refers to nothing.
            good = self._rows.select(*here).join(known, names, "left_semi").count()
            what = f"rows are in {reference['dataset']}"
            return _share(good, found[0], rule["condition"], what)

        return _Question(judge, (F.count(F.lit(1)),))

    def _ask_row_count_match(self, rule: Rule, _: Column) -> _Question:
        name = rule["reference"]["dataset"]

        def judge(found: Sequence[Any]) -> _Outcome:
            there = self._others.table(name).count()
            return _share(found[0], there, rule["condition"], f"rows as in {name}")

        return _Question(judge, (F.count(F.lit(1)),))

    def _ask_aggregate_match(self, rule: Rule, _: Column) -> _Question:
        return _Question(lambda _: self._match(rule))

    def _match(self, rule: Rule) -> _Outcome:
        first, second = (self._side(side) for side in rule["aggregates"])
        if first is None or second is None:
            return _Outcome(False, "no values")
        observed = f"{_shown(first)} and {_shown(second)}"
        ratio = first / second if second else float(first == second)
        return _Outcome(number_holds(rule["condition"], ratio), f"{_shown(ratio)} ({observed})")

    def _side(self, side: Mapping[str, str]) -> float | None:
        rows = self._others.table(side["dataset"]) if side["dataset"] else self._rows
        aggregate = {"sum": F.sum, "avg": F.avg}[side["function"]]
        column = F.col(_quoted(side["column"]))
        return rows.agg(aggregate(column).cast("double").alias("a")).head()[0]

    def _query(self, rule: Rule) -> _Outcome:
        text = rule["sql"]
        named = [name for name in self._others.names if re.search(rf"\b{name}\b", text)]
        views = {"primary": self._rows} | {name: self._others.table(name) for name in named}
        with _views:
            # A query is bound to its tables when it is analysed, which is here.
            for name, table in views.items():
                table.createOrReplaceTempView(name)
            try:
                query = self._spark.sql(text)
            finally:
                for name in views:
                    self._spark.catalog.dropTempView(name)
        found = query.limit(2).collect()
        if len(found) != 1 or len(query.columns) != 1:
            raise JobError("the query must return one row with one number")
        return _number(rule, found[0][0])

    # What they have in common

    def _column(self, rule: Rule, at: int = 0) -> tuple[Column, DataType]:
        name = rule["columns"][at]
        entry = self._columns.get(name.lower())
        if entry is None:
            raise JobError(f"there is no column {name}")
        return F.col(_quoted(name)), entry.dataType

    def _check_pattern(self, pattern: str) -> None:
        # Tried out before the pass over the rows, which would fail for all rules.
        self._spark.sql("SELECT rlike('', :pattern)", args={"pattern": pattern}).head()

    def _numeric(self, rule: Rule, at: int = 0) -> Column:
        column, kind = self._column(rule, at)
        if not isinstance(kind, NumericType):
            raise JobError(f"column {rule['columns'][at]} is {kind.simpleString()}, not a number")
        return column

    def _share(
        self,
        rule: Rule,
        kept: Column,
        good: Column,
        condition: Mapping[str, Any] | None = None,
        of_nothing: bool = False,
    ) -> _Question:
        """Ask which part of the rows is good."""
        return _Question(
            lambda found: _share(found[1], found[0], condition, "rows", of_nothing),
            (_count(kept), _count(kept & good)),
        )

    def _statistic(self, rule: Rule, aggregate: Column) -> _Question:
        return _Question(lambda found: _number(rule, found[0]), (aggregate,))

    def _frequency(self, rule: Rule, judge: Callable[[int, int, int], _Outcome]) -> _Question:
        columns = [self._column(rule, at)[0] for at in range(len(rule["columns"]))]
        return _Question(lambda _: judge(*self._counted(columns, rule)))

    def _counted(self, columns: Sequence[Column], rule: Rule) -> tuple[int, int, int]:
        """Return how many rows have values, how many different, and how many of those once."""
        key = (*[name.lower() for name in rule["columns"]], rule.get("where"))
        if key not in self._frequencies:
            some = F.lit(False)
            for column in columns:
                some = some | column.isNotNull()
            rows = self._rows.where(rule["where"]) if rule.get("where") else self._rows
            groups = rows.where(some).groupBy(*columns).agg(F.count(F.lit(1)).alias("n"))
            once = F.count(F.when(F.col("n") == 1, True))
            found = groups.agg(F.sum("n").alias("a"), F.count("n").alias("b"), once.alias("c"))
            self._frequencies[key] = tuple(value or 0 for value in found.head())
        return self._frequencies[key]


def _parts(asked: Sequence[tuple[Rule, _Question]]) -> list[list[tuple[Rule, _Question]]]:
    parts: list[list[tuple[Rule, _Question]]] = []
    size = _MOST_AT_ONCE
    for entry in asked:
        if size + len(entry[1].aggregates) > _MOST_AT_ONCE:
            parts.append([])
            size = 0
        parts[-1].append(entry)
        size += len(entry[1].aggregates)
    return parts


def _count(condition: Column) -> Column:
    return F.count(F.when(condition, True))


def _share(
    good: int,
    total: int,
    condition: Mapping[str, Any] | None,
    what: str,
    of_nothing: bool = False,
) -> _Outcome:
    """Judge a part of a total; without a condition it has to be all."""
    observed = f"{good:,} of {total:,} {what}"
    if not total:
        return _Outcome(of_nothing, observed)
    if condition is None:
        return _Outcome(good == total, observed)
    return _Outcome(number_holds(condition, good / total), observed)


def _number(rule: Rule, value: Any) -> _Outcome:
    if value is None or value != value:
        return _Outcome(False, "no value")
    return _Outcome(number_holds(rule["condition"], value), _shown(value))


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.10g}"


def _broken(error: Exception) -> _Outcome:
    reason = summary(error, 300)
    if isinstance(error, Py4JJavaError):  # Its own text begins with where it was called.
        cause = error.java_exception
        while cause.getCause() is not None:
            cause = cause.getCause()
        reason = str(cause.toString()).partition("\n")[0]
    return _Outcome(False, f"cannot be evaluated: {reason}", broken=True)


def _sql_type(condition: Mapping[str, Any]) -> str:
    wanted = condition["values"][0]["text"]
    return {"LONG": "BIGINT", "INTEGER": "INT"}.get(wanted, wanted)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
