"""Runs one Athena statement: sqlglot reads it as Athena's SQL, DuckDB executes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from .resultset import ResultColumn, ResultSet, text
from .tablesource import TableNotFound, TableSource
from .views import MAX_DEPTH, UNKNOWN, View, ViewNotReadable, is_view, read, stale

DEFAULT_CATALOG = "awsdatacatalog"
_IDENTIFIER = r"[`\"]?([A-Za-z0-9_\-]+)[`\"]?"
_DOTTED = rf"(?:{_IDENTIFIER}\.)?{_IDENTIFIER}"


class QueryFailed(RuntimeError):
    """The statement fails; the message is Athena's StateChangeReason."""


@dataclass
class Statement:
    """A statement with what it was started with."""

    query: str
    database: str = "default"
    parameters: Sequence[str] = ()
    connection: duckdb.DuckDBPyConnection = field(default_factory=lambda: _connect())
    scanned_bytes: int = 0

    def run(self, source: TableSource, glue: Any) -> ResultSet:
        """Run to the end; raise QueryFailed with the reason."""
        query = self.query.strip().rstrip(";").strip()
        if not query:
            raise QueryFailed("SYNTAX_ERROR: the query is empty")
        ddl = _catalog_statement(query, self.database, source, glue)
        if ddl is not None:
            return ddl
        return self._select(query, source)

    def interrupt(self) -> None:
        """Stop DuckDB."""
        self.connection.interrupt()

    def _select(self, query: str, source: TableSource) -> ResultSet:
        tree = parse(query, self.parameters)
        if not isinstance(tree, exp.Query):
            raise QueryFailed(
                f"NOT_SUPPORTED: {tree.key.upper()} statements cannot be run by the local Athena; "
                "it runs SELECT, SHOW and DESCRIBE"
            )
        plan = Plan(tree, self.database, source)
        for alias, loaded in plan.load():
            self.scanned_bytes += loaded.scanned_bytes
            self.connection.register(alias, loaded.rows)
        for name, view, query in plan.views():
            self._check_view(name, view, query)
        sql = plan.duckdb()
        try:
            cursor = self.connection.execute(sql)
            rows = cursor.fetchall()
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise QueryFailed(_reason(error)) from error
        columns = tuple(
            ResultColumn.of(name, str(kind)) for name, kind, *_ in cursor.description or []
        )
        return ResultSet(columns, tuple(tuple(text(v) for v in row) for row in rows))

    def _check_view(self, name: str, view: View, query: str) -> None:
        """Refuse a view whose stored columns are not what its query gives, as Athena does."""
        try:
            described = self.connection.execute(f"DESCRIBE {query}").fetchall()
        except duckdb.Error as error:
            raise QueryFailed(
                f"INVALID_VIEW: Failed analyzing stored view '{DEFAULT_CATALOG}.{name}': "
                f"{_reason(error)}"
            ) from error
        _refuse_stale(name, view, [(column, kind) for column, kind, *_ in described])


def _connect() -> duckdb.DuckDBPyConnection:
    # No file, no network, no extension: a query sees the tables it was given and nothing else.
    connection = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    connection.execute("SET python_enable_replacements = false")
    return connection


def parse(query: str, parameters: Sequence[str] = ()) -> exp.Expression:
    """Read a statement, with its ? placeholders filled."""
    try:
        statements = sqlglot.parse(query, dialect="athena")
    except (ParseError, SqlglotError) as error:
        raise QueryFailed(f"SYNTAX_ERROR: {_first_line(error)}") from error
    if len(statements) != 1 or statements[0] is None:
        raise QueryFailed("SYNTAX_ERROR: Only one sql statement is allowed.")
    tree = statements[0]
    placeholders = [node for node in tree.find_all(exp.Placeholder, bfs=False) if not node.this]
    if len(placeholders) != len(parameters):
        raise QueryFailed(
            f"INVALID_PARAMETER_USAGE: Incorrect number of parameters: "
            f"expected {len(placeholders)} but found {len(parameters)}"
        )
    for node, value in zip(placeholders, parameters, strict=True):
        node.replace(sqlglot.parse_one(value, dialect="athena"))
    return tree


class Plan:
    """A SELECT whose tables are found in the catalog and whose names are resolved."""

    def __init__(self, tree: exp.Query, database: str, source: TableSource) -> None:
        self._source = source
        self._definitions: dict[str, dict[str, Any]] = {}
        self._schema: dict[str, dict[str, str]] = {}
        self._views: dict[str, tuple[View, exp.Query]] = {}
        self._bind(tree, database, ())
        self._tree = self._qualified(tree)

    def _bind(self, tree: exp.Query, database: str, inside: tuple[str, ...]) -> None:
        """Find every table of a query; ``inside`` is the views that lead to it."""
        ctes = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
        for table in list(tree.find_all(exp.Table)):
            if not isinstance(table.this, exp.Identifier):
                continue  # UNNEST(...), a table function
            if not table.db and table.name.lower() in ctes:
                continue
            if table.catalog and table.catalog.lower() != DEFAULT_CATALOG:
                raise QueryFailed(f"CATALOG_NOT_FOUND: Catalog '{table.catalog}' does not exist")
            self._resolve(table, (table.db or database).lower(), table.name.lower(), inside)

    def _resolve(self, table: exp.Table, owner: str, name: str, inside: tuple[str, ...]) -> None:
        """Replace a table by the name it is registered under, and a view by its query."""
        alias = f"{owner}__{name}"
        called = table.args.get("alias") or exp.TableAlias(
            this=exp.to_identifier(table.name, quoted=True)
        )
        definition = self._definitions.get(alias)
        if definition is None:
            try:
                definition = self._source.definition(owner, name)
            except TableNotFound as error:
                raise QueryFailed(
                    f"TABLE_NOT_FOUND: Table '{DEFAULT_CATALOG}.{owner}.{name}' does not exist"
                ) from error
        if is_view(definition):
            subquery = self._view(definition, f"{owner}.{name}", inside)
            subquery.set("alias", called)
            subquery.set("joins", table.args.get("joins"))
            table.replace(subquery)
            return
        self._definitions[alias] = definition
        self._schema[alias] = dict(self._source.columns(definition))
        table.set("this", exp.to_identifier(alias, quoted=True))
        table.set("db", None)
        table.set("catalog", None)
        table.set("alias", called)

    def _view(self, definition: dict[str, Any], name: str, inside: tuple[str, ...]) -> exp.Subquery:
        """Return the query of a view, whose columns have the types that the view promises."""
        if name in inside:
            raise QueryFailed(f"VIEW_IS_RECURSIVE: View '{DEFAULT_CATALOG}.{name}' is recursive")
        if len(inside) >= MAX_DEPTH:
            raise QueryFailed(f"NOT_SUPPORTED: view {name} is the {MAX_DEPTH + 1}th inside another")
        try:
            view = read(definition)
            query = parse(view.sql)
        except ViewNotReadable as error:
            raise QueryFailed(f"HIVE_METASTORE_ERROR: {error}") from error
        except QueryFailed as error:
            raise QueryFailed(
                f"INVALID_VIEW: Failed analyzing stored view '{DEFAULT_CATALOG}.{name}': {error}"
            ) from error
        if not isinstance(query, exp.Query):
            raise QueryFailed(f"INVALID_VIEW: View '{DEFAULT_CATALOG}.{name}' holds no query")
        self._bind(query, view.database, (*inside, name))
        self._views[name] = (view, query.copy())
        # The names of a star are known only now; a wrong one would be missed by the query around.
        derived = self._qualified(query.copy()).named_selects
        _refuse_stale(name, view, [(column, UNKNOWN) for column in derived])
        inner = query.subquery(alias=exp.to_identifier("view", quoted=True))
        typed = []
        for column, kind in view.columns:
            wanted = exp.DataType.build(kind, dialect="athena")
            cast = exp.cast(exp.column(column, quoted=True), wanted)
            typed.append(exp.alias_(cast, column, quoted=True))
        return exp.select(*typed).from_(inner).subquery()

    def views(self) -> list[tuple[str, View, str]]:
        """Return each view with its name and its query in DuckDB's SQL."""
        return [
            (name, view, self._exact(self._qualified(query)).sql(dialect="duckdb"))
            for name, (view, query) in self._views.items()
        ]

    def _qualified(self, tree: exp.Expression) -> exp.Expression:
        # db.table.column: the table has its bare name as alias now.
        for column in tree.find_all(exp.Column):
            column.set("db", None)
            column.set("catalog", None)
        try:
            qualified = qualify(
                tree,
                schema=self._schema,
                dialect="athena",
                validate_qualify_columns=True,
                identify=True,
            )
            return annotate_types(qualified, schema=self._schema, dialect="athena")
        except OptimizeError as error:
            raise QueryFailed(f"COLUMN_NOT_FOUND: {_first_line(error)}") from error

    def load(self) -> list[tuple[str, Any]]:
        """Return each table under its name with the columns the query reads."""
        wanted: dict[str, set[str]] = {alias: set() for alias in self._definitions}
        for scope in traverse_scope(self._tree):
            for name, found in scope.sources.items():
                if isinstance(found, exp.Table) and found.name in wanted:
                    used = {c.name.lower() for c in scope.columns if c.table == name}
                    wanted[found.name] |= used
        return [
            (alias, self._source.load(definition, sorted(wanted[alias])))
            for alias, definition in self._definitions.items()
        ]

    def duckdb(self) -> str:
        """Return the query in DuckDB's SQL."""
        return self._exact(self._tree).sql(dialect="duckdb")

    @staticmethod
    def _exact(tree: exp.Expression) -> exp.Expression:
        # DuckDB's approximation is far off for a handful of values; exact is within any error.
        return tree.transform(
            lambda node: (
                exp.Count(this=exp.Distinct(expressions=[node.this]))
                if isinstance(node, exp.ApproxDistinct)
                else node
            )
        )


def _refuse_stale(name: str, view: View, derived: Sequence[tuple[str, str]]) -> None:
    problem = stale(view, derived)
    if problem is not None:
        raise QueryFailed(
            f"VIEW_IS_STALE: View '{DEFAULT_CATALOG}.{name}' is stale or in invalid state: "
            f"{problem}"
        )


def _first_line(error: Exception) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return plain.splitlines()[0] if plain else type(error).__name__


def _reason(error: duckdb.Error) -> str:
    codes = {
        duckdb.ConversionException: "INVALID_CAST_ARGUMENT",
        duckdb.BinderException: "TYPE_MISMATCH",
        duckdb.CatalogException: "FUNCTION_NOT_FOUND",
        duckdb.ParserException: "SYNTAX_ERROR",
        duckdb.OutOfRangeException: "NUMERIC_VALUE_OUT_OF_RANGE",
        duckdb.OutOfMemoryException: "EXCEEDED_LOCAL_MEMORY_LIMIT",
    }
    return f"{codes.get(type(error), 'GENERIC_INTERNAL_ERROR')}: {_first_line(error)}"


# --- statements about the catalog --------------------------------------------------------------


def _catalog_statement(
    query: str, database: str, source: TableSource, glue: Any
) -> ResultSet | None:
    """Answer SHOW, DESCRIBE and database DDL from the catalog; None for any other statement."""
    patterns = (
        (rf"SHOW\s+VIEWS(?:\s+IN\s+{_IDENTIFIER})?(?:\s+(?:LIKE\s+)?'([^']*)')?", _show_views),
        (rf"SHOW\s+TABLES(?:\s+IN\s+{_IDENTIFIER})?(?:\s+'([^']*)')?", _show_tables),
        (r"SHOW\s+(?:DATABASES|SCHEMAS)()()", _show_databases),
        (rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_DOTTED}", _show_columns),
        (rf"SHOW\s+PARTITIONS\s+{_DOTTED}", _show_partitions),
        (rf"DESC(?:RIBE)?\s+(?:FORMATTED\s+|EXTENDED\s+)?{_DOTTED}", _describe),
    )
    for pattern, answer in patterns:
        match = re.fullmatch(pattern, query, re.IGNORECASE)
        if match:
            try:
                return answer(match[1], match[2], database, source, glue)
            except TableNotFound as error:
                raise QueryFailed(f"FAILED: SemanticException Table not found: {error}") from error
            except glue.exceptions.EntityNotFoundException as error:
                raise QueryFailed(f"FAILED: SemanticException {error}") from error
    return None


def _lines(name: str, lines: Sequence[str]) -> ResultSet:
    return ResultSet(
        (ResultColumn(name, "string"),), tuple((line,) for line in lines), has_header=False
    )


def _show_tables(
    owner: str | None, like: str | None, database: str, source: TableSource, glue: Any
) -> ResultSet:
    return _lines("tab_name", _names(glue, owner or database, like, lambda _: True))


def _show_views(
    owner: str | None, like: str | None, database: str, source: TableSource, glue: Any
) -> ResultSet:
    return _lines("views", _names(glue, owner or database, like, is_view))


def _names(
    glue: Any, database: str, like: str | None, wanted: Callable[[dict[str, Any]], bool]
) -> list[str]:
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database.lower())
    names = sorted(table["Name"] for page in pages for table in page["TableList"] if wanted(table))
    if like:
        shape = "|".join(re.escape(part).replace(r"\*", ".*") for part in like.split("|"))
        names = [name for name in names if re.fullmatch(shape, name)]
    return names


def _show_databases(
    _one: str, _two: str, _database: str, _source: TableSource, glue: Any
) -> ResultSet:
    pages = glue.get_paginator("get_databases").paginate()
    return _lines(
        "database_name", sorted(found["Name"] for page in pages for found in page["DatabaseList"])
    )


def _show_columns(
    owner: str | None, name: str, database: str, source: TableSource, _glue: Any
) -> ResultSet:
    definition = source.definition((owner or database).lower(), name.lower())
    return _lines("field", [column for column, _ in source.columns(definition)])


def _show_partitions(
    owner: str | None, name: str, database: str, source: TableSource, glue: Any
) -> ResultSet:
    definition = source.definition((owner or database).lower(), name.lower())
    keys = [key["Name"] for key in definition.get("PartitionKeys") or []]
    if not keys:
        raise QueryFailed(f"FAILED: SemanticException {name} is not a partitioned table")
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=definition["DatabaseName"], TableName=definition["Name"]
    )
    return _lines(
        "partition",
        [
            "/".join(f"{key}={value}" for key, value in zip(keys, found["Values"], strict=True))
            for page in pages
            for found in page["Partitions"]
        ],
    )


def _describe(
    owner: str | None, name: str, database: str, source: TableSource, _glue: Any
) -> ResultSet:
    definition = source.definition((owner or database).lower(), name.lower())
    rows = tuple((column, kind, "") for column, kind in source.columns(definition))
    columns = tuple(ResultColumn(n, "string") for n in ("col_name", "data_type", "comment"))
    return ResultSet(columns, rows, has_header=False)
