"""The manifest of a pipeline: its data sets and analytics tables, as the deployment wrote it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tarn_jobs import storage
from tarn_jobs.errors import JobError

_VERSION = 2
# Lower case only: the Glue catalog folds names, and "Id" next to "id" would collide there.
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE = re.compile(
    r"int|bigint|float|double|string|boolean|date|timestamp|decimal\((\d{1,2}),(\d{1,2})\)"
)
_TRANSFORM = re.compile(
    r"(?:(?:years|months|days|hours)\((?P<time>\w+)\)"
    r"|(?:bucket|truncate)\(\d+, ?(?P<number>\w+)\)|(?P<identity>\w+))"
)
_FORMATS = ("csv", "json", "parquet")
_CSV_OPTIONS = {"header", "nullValue", "sep"}


@dataclass(frozen=True)
class Column:
    """A column of a data set."""

    name: str
    type: str
    required: bool
    description: str = ""


@dataclass(frozen=True)
class Source:
    """Where the raw files of a data set are, below the raw zone, and how they are written."""

    path: str
    null_value: str
    separator: str
    format: str = "csv"
    read: str = "all"
    dates: str = ""


@dataclass(frozen=True)
class Retention:
    """How long rows stay in a staged table."""

    column: str
    days: int


@dataclass(frozen=True)
class Dataset:
    """A data set: raw files in, one staged table out."""

    name: str
    source: Source
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: tuple[str, ...]
    description: str = ""
    classification: str = ""
    newest_by: str = ""
    ignore_new_columns: bool = False
    null_missing_columns: bool = False
    quality: str = ""
    retention: Retention | None = None
    freshness_hours: int = 0

    @property
    def column_names(self) -> list[str]:
        """The names in the order of the file."""
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class Incremental:
    """Which part of an analytics table changes in one staged table can touch."""

    source: str
    changed: str
    column: str


@dataclass(frozen=True)
class AnalyticsTable:
    """An analytics table: a query over the staged tables. Without a key it is replaced whole."""

    name: str
    sql: str
    key: tuple[str, ...]
    partition_by: tuple[str, ...]
    description: str = ""
    incremental: Incremental | None = None


@dataclass(frozen=True)
class Maintenance:
    """How the tables of a pipeline are kept in order."""

    by: str = "job"
    snapshot_days: int = 7
    orphan_days: int = 7
    target_file_mb: int = 128


@dataclass(frozen=True)
class Manifest:
    """Everything a pipeline's jobs do."""

    pipeline: str
    datasets: tuple[Dataset, ...]
    tables: tuple[AnalyticsTable, ...]
    domain: str = ""
    # By name, as pkg/dqdl renders them; tarn_jobs.quality evaluates them.
    rulesets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    maintenance: Maintenance = field(default_factory=Maintenance)


def load(uri: str) -> Manifest:
    """Read and check the manifest at a URI."""
    text = storage.read_text(uri)
    try:
        return parse(json.loads(text))
    except (JobError, json.JSONDecodeError) as error:
        raise JobError(f"manifest {uri}: {error}") from error


def parse(document: Mapping[str, Any]) -> Manifest:
    """Check a manifest document; the error names the data set or table and the field."""
    if document.get("version") != _VERSION:
        raise JobError(f"version {document.get('version')!r} is not {_VERSION}")
    pipeline = _required(document, "pipeline", "manifest")
    datasets = tuple(_dataset(entry) for entry in document.get("datasets") or [])
    tables = tuple(_table(entry) for entry in document.get("tables") or [])
    for kind, items in (("data set", datasets), ("table", tables)):
        if twice := _repeated(item.name for item in items):
            raise JobError(f"{kind} {twice} is defined twice")
    rulesets = document.get("rulesets") or {}
    for dataset in datasets:
        if dataset.quality and dataset.quality not in rulesets:
            raise JobError(f"data set {dataset.name}: there is no ruleset {dataset.quality!r}")
    maintenance = Maintenance(**(document.get("maintenance") or {}))
    domain = document.get("domain") or pipeline
    return Manifest(pipeline, datasets, tables, domain, rulesets, maintenance)


def _dataset(entry: Mapping[str, Any]) -> Dataset:
    name = _identifier(_required(entry, "name", "data set"), "data set")
    where = f"data set {name}"
    columns = tuple(_column(column, where) for column in _required(entry, "columns", where))
    names = [column.name for column in columns]
    if twice := _repeated(names):
        raise JobError(f"{where}: column {twice} is defined twice")
    key = tuple(_required(entry, "key", where))
    for column in key:
        if column not in names:
            raise JobError(f"{where}: key column {column} is not one of its columns")
    partition_by = _transforms(entry, names, where)
    newest_by = entry.get("newest_by") or ""
    if newest_by and newest_by not in names:
        raise JobError(f"{where}: newest_by {newest_by} is not one of its columns")
    evolution = entry.get("evolution") or {}
    retention = entry.get("retention")
    return Dataset(
        name,
        _source(_required(entry, "source", where), where),
        columns,
        key,
        partition_by,
        description=entry.get("description") or "",
        classification=entry.get("classification") or "",
        newest_by=newest_by,
        ignore_new_columns=evolution.get("new_columns") == "ignore",
        null_missing_columns=evolution.get("missing_columns") == "null",
        quality=entry.get("quality") or "",
        retention=Retention(retention["column"], retention["days"]) if retention else None,
        freshness_hours=entry.get("freshness_hours") or 0,
    )


def _source(entry: Mapping[str, Any], where: str) -> Source:
    form = entry.get("format")
    if form not in _FORMATS:
        raise JobError(f"{where}: source.format {form!r} is not one of {', '.join(_FORMATS)}")
    options = dict(entry.get("options") or {})
    if unknown := sorted(set(options) - _CSV_OPTIONS):
        raise JobError(
            f"{where}: source.options.{unknown[0]} is not one of {', '.join(sorted(_CSV_OPTIONS))}"
        )
    # The header is what proves that a file has the columns in the order of the manifest.
    if str(options.get("header", "true")).lower() != "true":
        raise JobError(f"{where}: source.options.header must be true")
    separator = options.get("sep", ",")
    if len(separator) != 1 or separator in '"\r\n' or ord(separator) > 127:
        raise JobError(f"{where}: source.options.sep must be one ASCII character")
    path = str(_required(entry, "path", where)).strip("/")
    return Source(
        path,
        options.get("nullValue", ""),
        separator,
        format=form,
        read=entry.get("read") or "all",
        dates=entry.get("dates") or "",
    )


def _column(entry: Mapping[str, Any], where: str) -> Column:
    name = _identifier(_required(entry, "name", where), f"{where}: column")
    kind = str(_required(entry, "type", f"{where}: column {name}")).lower().replace(" ", "")
    match = _TYPE.fullmatch(kind)
    if not match:
        raise JobError(f"{where}: column {name}: type {kind!r} is not known")
    if kind.startswith("decimal") and not int(match[2]) <= int(match[1]) <= 38:
        raise JobError(f"{where}: column {name}: {kind} needs scale <= precision <= 38")
    return Column(name, kind, bool(entry.get("required", False)), entry.get("description") or "")


def _table(entry: Mapping[str, Any]) -> AnalyticsTable:
    name = _identifier(_required(entry, "name", "table"), "table")
    where = f"table {name}"
    return AnalyticsTable(
        name,
        _required(entry, "sql", where),
        tuple(_identifier(column, f"{where}: key") for column in entry.get("key") or []),
        _transforms(entry, None, where),
        description=entry.get("description") or "",
        incremental=_incremental(entry.get("incremental"), where),
    )


def _incremental(entry: Mapping[str, Any] | None, where: str) -> Incremental | None:
    if not entry:
        return None
    fields = ("source", "changed", "column")
    return Incremental(*(_required(entry, field, f"{where}: incremental") for field in fields))


def _transforms(entry: Mapping[str, Any], names: list[str] | None, where: str) -> tuple[str, ...]:
    transforms = tuple(entry.get("partition_by") or [])
    for transform in transforms:
        match = _TRANSFORM.fullmatch(transform)
        if not match:
            raise JobError(f"{where}: partition_by {transform!r} is not an Iceberg transform")
        column = match["time"] or match["number"] or match["identity"]
        if names is not None and column not in names:
            raise JobError(f"{where}: partition_by {transform!r} names no column of it")
    return transforms


def _required(entry: Mapping[str, Any], field: str, where: str) -> Any:
    value = entry.get(field)
    if not value:
        raise JobError(f"{where}: {field} is missing")
    return value


def _identifier(name: str, where: str) -> str:
    if not _NAME.fullmatch(name):
        raise JobError(f"{where} {name!r}: names are lower-case letters, digits and _")
    return name


def _repeated(names: Any) -> str | None:
    seen = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
