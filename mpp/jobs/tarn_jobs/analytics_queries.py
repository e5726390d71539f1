"""The queries of a pipeline's analytics tables: what each reads, and which has to come first.

A query names a staged table, or another analytics table of its pipeline, without a database. What
it reads is taken from the plan Spark makes of it, not from its text: a text has comments,
aliases and names that the query defines itself.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from tarn_jobs.errors import JobError, summary
from tarn_jobs.manifest import AnalyticsTable
from tarn_jobs.session import CATALOG, table_name

# Leaves of a plan that always give the same rows.
_CONSTANT = {"LocalRelation", "OneRowRelation", "Range", "CTERelationRef"}


@dataclass(frozen=True)
class Reads:
    """What a query reads."""

    tables: frozenset[str]  # full names, as session.table_name writes them
    views: frozenset[str]  # those it was asked not to look into
    # Whether the same tables give the same result: no current_date(), no rand(), nothing but
    # Iceberg tables.
    repeatable: bool


def reads(spark: SparkSession, query: DataFrame, closed: frozenset[str] = frozenset()) -> Reads:
    """Return what a query reads; views named in `closed` are not looked into."""
    plan = query._jdf.queryExecution().analyzed()
    tables, views, repeatable = set(), set(), True
    for node in _nodes(plan, closed):
        kind = node.getClass().getSimpleName()
        if kind == "View" and node.isTempView() and (name := _view_name(node)) in closed:
            views.add(name)
        elif kind == "DataSourceV2Relation" and _catalog(node) == CATALOG:
            identifier = node.identifier().get()
            tables.add(table_name(".".join(identifier.namespace()), identifier.name()))
        elif node.children().isEmpty() and kind not in _CONSTANT:
            repeatable = False
    patterns = spark._jvm.org.apache.spark.sql.catalyst.trees.TreePattern
    if plan.containsPattern(patterns.CURRENT_LIKE()) or not plan.deterministic():
        repeatable = False
    return Reads(frozenset(tables), frozenset(views), repeatable)


class Queries:
    """The queries of a pipeline. Views belong to the session, so one is analyzed at a time."""

    def __init__(
        self,
        spark: SparkSession,
        tables: Sequence[AnalyticsTable],
        staged_database: str,
        analytics_database: str,
    ) -> None:
        self._spark = spark
        self._tables = tables
        self._staged = staged_database
        self._analytics = analytics_database
        self._lock = threading.Lock()
        # A staged table wins over an analytics table of the same name.
        self._readable = {
            table.name
            for table in tables
            if not spark.catalog.tableExists(table_name(staged_database, table.name))
        }

    def analyze(self, sql: str, shadows: Mapping[str, DataFrame] | None = None) -> DataFrame:
        """Return the query; `shadows` are read instead of the tables of their names."""
        shadows = shadows or {}
        with self._lock:
            # Staged tables are named without a database. Not once for the whole job: whoever
            # else uses the session has a current database of their own.
            self._spark.sql(f"USE {CATALOG}.`{self._staged}`")
            try:
                for name, rows in shadows.items():
                    rows.createOrReplaceTempView(name)
                return self._spark.sql(sql)
            finally:
                for name in shadows:
                    self._spark.catalog.dropTempView(name)

    def publish(self, name: str) -> None:
        """Let queries read an analytics table from now on as it is now."""
        if name not in self._readable:
            return
        with self._lock:
            self._spark.sql(
                f"CREATE OR REPLACE TEMPORARY VIEW `{name}` AS "
                f"SELECT * FROM {table_name(self._analytics, name)}"
            )

    def steps(self) -> tuple[list[list[AnalyticsTable]], dict[str, str], dict[str, set[str]]]:
        """Return what can be built side by side, step by step; what cannot, with the reason;
        and which of the tables each one reads.

        A table of a step reads tables of earlier steps only.
        """
        pending = {table.name: table for table in self._tables}
        needs: dict[str, set[str]] = {}
        failed: dict[str, str] = {}
        waiting: dict[str, str] = {}
        try:
            while pending:
                before = len(pending)
                for name, table in list(pending.items()):
                    missing = self._understand(table, pending, needs, failed)
                    if missing:
                        waiting[name] = missing
                    else:
                        del pending[name]
                if len(pending) == before:
                    break
        finally:
            self.close()
        for name in pending:
            failed[name] = f"tables read each other: {_circle(name, waiting)}"
        return _steps(self._tables, needs), failed, needs

    def close(self) -> None:
        """Remove the views from the session."""
        for name in self._readable:
            self._spark.catalog.dropTempView(name)

    def _understand(
        self,
        table: AnalyticsTable,
        pending: Mapping[str, AnalyticsTable],
        needs: dict[str, set[str]],
        failed: dict[str, str],
    ) -> str | None:
        """Find out what a table reads, or return the table that has to be understood first."""
        try:
            query = self.analyze(table.sql)
        except AnalysisException as error:
            missing = _missing_table(error)
            if missing in self._readable and missing in pending:
                return missing
            after = missing in self._readable and missing in failed
            failed[table.name] = f"it reads {missing}, which failed" if after else summary(error)
            return None
        except Exception as error:  # It fails alone, whatever it is.
            failed[table.name] = summary(error)
            return None
        needs[table.name] = set(reads(self._spark, query, frozenset(self._readable)).views)
        if table.name in self._readable:
            # The query stands for the table, which may not be there yet.
            query.createOrReplaceTempView(table.name)
        return None


def _steps(
    tables: Sequence[AnalyticsTable], needs: Mapping[str, set[str]]
) -> list[list[AnalyticsTable]]:
    level: dict[str, int] = {}
    # Understood in an order in which what a table reads came before it.
    for name, read in needs.items():
        level[name] = 1 + max((level[other] for other in read), default=-1)
    steps: list[list[AnalyticsTable]] = [[] for _ in set(level.values())]
    for table in tables:
        if table.name in level:
            steps[level[table.name]].append(table)
    return steps


def _circle(name: str, waiting: Mapping[str, str]) -> str:
    chain = [name]
    while waiting[chain[-1]] not in chain:
        chain.append(waiting[chain[-1]])
    return " reads ".join([*chain, waiting[chain[-1]]])


def _missing_table(error: AnalysisException) -> str | None:
    if error.getErrorClass() != "TABLE_OR_VIEW_NOT_FOUND":
        return None
    parameters: Mapping[str, str] = error.getMessageParameters() or {}
    match = re.fullmatch(r"`([^`]+)`", parameters.get("relationName", ""))
    return match[1] if match else None


def _nodes(plan: Any, closed: frozenset[str]) -> Iterator[Any]:
    yield plan
    if plan.getClass().getSimpleName() == "View" and _view_name(plan) in closed:
        return
    for branches in (plan.children(), plan.subqueries()):
        for index in range(branches.size()):
            yield from _nodes(branches.apply(index), closed)


def _view_name(view: Any) -> str:
    return view.desc().identifier().table()


def _catalog(relation: Any) -> str | None:
    catalog = relation.catalog()
    return catalog.get().name() if catalog.isDefined() else None


def require_shadowed(
    spark: SparkSession, query: DataFrame, source: str, full_name: str, table: str
) -> None:
    """Raise when a query reads a table past the view that shadows it."""
    if full_name in reads(spark, query, frozenset({source})).tables:
        raise JobError(
            f"incremental: the query of {table} names {source} with a database; "
            "without it only the rows that matter can be read"
        )
