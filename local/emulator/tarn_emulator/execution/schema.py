"""What a crawler reads out of one file: its format, columns and types. CSV, JSON lines, Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SAMPLE_BYTES = 1 << 20
SAMPLE_ROWS = 1000
DELIMITERS = (",", "|", "\t", ";", "\x01")
# Rules of Glue's built-in CSV classifier for a header row.
MAX_HEADER_CHARACTERS = 150
HEADER_NAME = re.compile(r"^[^\x00-\x1f]*[A-Za-z_][^\x00-\x1f]*$")

_INTEGER = re.compile(r"^[+-]?\d{1,19}$")
_DOUBLE = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_NUMERIC = ("int", "bigint", "double")


@dataclass(frozen=True)
class Column:
    """A column as the Glue catalog names and types it."""

    name: str
    type: str


@dataclass(frozen=True)
class Schema:
    """The format and columns of a file or of a table."""

    classification: str
    columns: tuple[Column, ...]
    # Of the table parameters, those the classifier found (delimiter, header, ...).
    parameters: dict[str, str] = field(default_factory=dict)
    record_bytes: float = 0.0
    # Exact where the format tells (Parquet), else None: then size / record_bytes estimates it.
    records: int | None = None


def infer(name: str, body: bytes, size: int | None = None) -> Schema | None:
    """Return the schema of a file from its bytes, or None when no classifier knows it.

    ``size`` is the size of the whole file when ``body`` is only its beginning.
    """
    if body[:4] == b"PAR1":
        return _parquet(body)
    compressed = name.endswith(".gz") or body[:2] == b"\x1f\x8b"
    truncated = size is not None and len(body) < size
    if compressed:
        text, truncated = _gunzip(body), True
    else:
        text, truncated = body[:SAMPLE_BYTES], truncated or len(body) > SAMPLE_BYTES
    try:
        sample = text.decode("utf-8-sig", errors="strict" if not truncated else "ignore")
    except UnicodeDecodeError:
        return None
    if truncated and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    if not sample.strip():
        return None
    found = _json(sample) or _csv(sample)
    if found is None:
        return None
    found.parameters["compressionType"] = "gzip" if compressed else "none"
    return found


def similar(one: Schema, other: Schema) -> bool:
    """Return whether two files can belong to one table: 70 % of the column names agree."""
    if one.classification != other.classification:
        return False
    if one.parameters.get("delimiter") != other.parameters.get("delimiter"):
        return False
    a, b = ({c.name for c in schema.columns} for schema in (one, other))
    return len(a & b) >= 0.7 * len(a | b)


def union(schemas: list[Schema]) -> Schema:
    """Return the schema that holds all of these: every column, with the wider type."""
    types: dict[str, str] = {}
    for schema in schemas:
        for column in schema.columns:
            types[column.name] = _wider(types.get(column.name), column.type)
    exact = [schema.records for schema in schemas]
    sampled = [schema.record_bytes for schema in schemas if schema.record_bytes]
    return Schema(
        classification=schemas[0].classification,
        columns=tuple(Column(name, kind) for name, kind in types.items()),
        parameters=dict(schemas[0].parameters),
        record_bytes=sum(sampled) / len(sampled) if sampled else 0.0,
        records=None if None in exact else sum(n for n in exact if n is not None),
    )


def _wider(one: str | None, other: str) -> str:
    if one is None or one == other:
        return other
    if one in _NUMERIC and other in _NUMERIC:
        return max(one, other, key=_NUMERIC.index)
    return "string"


def _gunzip(body: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            return stream.read(SAMPLE_BYTES)
    except (OSError, EOFError):
        return b""


# --- CSV ---------------------------------------------------------------------------------------


def _csv(sample: str) -> Schema | None:
    best: tuple[int, str, list[list[str]]] | None = None
    for delimiter in DELIMITERS:
        rows = _rows(sample, delimiter)
        width = len(rows[0]) if rows else 0
        if width < 2 or any(len(row) != width for row in rows):
            continue
        if best is None or width > best[0]:
            best = (width, delimiter, rows)
    if best is None:
        return None
    width, delimiter, rows = best
    kinds = [_column_kind(row[i] for row in rows[1:]) for i in range(width)]
    header = len(rows) > 1 and _is_header(rows[0], kinds)
    if header:
        names = _unique([catalog_name(name) for name in rows[0]])
        data = rows[1:]
    else:
        names = [f"col{i}" for i in range(width)]
        kinds = [_column_kind(row[i] for row in rows) for i in range(width)]
        data = rows
    parameters = {
        "delimiter": delimiter,
        "columnsOrdered": "true",
        "areColumnsQuoted": "false",
        "typeOfData": "file",
    }
    if header:
        parameters["skip.header.line.count"] = "1"
    lines = [line for line in sample.splitlines() if line]
    return Schema(
        "csv",
        tuple(Column(name, kind) for name, kind in zip(names, kinds, strict=True)),
        parameters,
        record_bytes=len(sample.encode()) / max(1, len(lines)) if data else 0.0,
    )


def _rows(sample: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample), delimiter=delimiter)
    rows = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) >= SAMPLE_ROWS:
                break
    except csv.Error:
        return []
    return rows


def _is_header(first: list[str], kinds: list[str]) -> bool:
    if any(_kind(name) != "string" or not HEADER_NAME.match(name) for name in first):
        return False
    if any(len(name) >= MAX_HEADER_CHARACTERS for name in first[:-1]):
        return False
    # "Sufficiently different from the data": with text in every column Glue finds no header.
    return any(kind != "string" for kind in kinds)


def _column_kind(values: Any) -> str:
    kind: str | None = None
    for value in values:
        if value != "":
            kind = _wider(kind, _kind(value))
            if kind == "string":
                return kind
    return kind or "string"


def _kind(value: str) -> str:
    text = value.strip()
    if _INTEGER.match(text) and -(2**63) <= int(text) < 2**63:
        return "bigint"
    if _DOUBLE.match(text):
        return "double"
    if text.lower() in ("true", "false"):
        return "boolean"
    return "string"


def catalog_name(name: str) -> str:
    """Return a name as a crawler writes it into the catalog."""
    return re.sub(r"[^a-z0-9_]+", "_", name.strip().lower()) or "col"


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for name in names:
        count = seen.get(name, 0)
        seen[name] = count + 1
        result.append(f"{name}_{count}" if count else name)
    return result


# --- JSON --------------------------------------------------------------------------------------


def _json(sample: str) -> Schema | None:
    if sample.lstrip()[:1] != "{":
        return None
    kinds: dict[str, str] = {}
    lines = [line for line in sample.splitlines() if line.strip()][:SAMPLE_ROWS]
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            return None
        if not isinstance(record, dict):
            return None
        for key, value in record.items():
            name = key.lower()
            if value is not None:
                kinds[name] = _wider(kinds.get(name), _json_kind(value))
            else:
                kinds.setdefault(name, "")
    columns = tuple(Column(name, kind or "string") for name, kind in kinds.items())
    average = sum(len(line.encode()) + 1 for line in lines) / len(lines)
    return Schema("json", columns, {"typeOfData": "file"}, record_bytes=average)


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "bigint"
    if isinstance(value, float):
        return "double"
    if isinstance(value, dict):
        inner = ",".join(f"{key.lower()}:{_json_kind(item)}" for key, item in value.items())
        return f"struct<{inner}>"
    if isinstance(value, list):
        kind: str | None = None
        for item in value:
            kind = _wider(kind, _json_kind(item))
        return f"array<{kind or 'string'}>"
    return "string"


# --- Parquet -----------------------------------------------------------------------------------


def _parquet(body: bytes) -> Schema | None:
    try:
        source = pq.ParquetFile(io.BytesIO(body))
    except pa.ArrowException:
        return None
    columns = tuple(
        Column(entry.name.lower(), hive_type(entry.type)) for entry in source.schema_arrow
    )
    rows = source.metadata.num_rows
    return Schema(
        "parquet",
        columns,
        {"typeOfData": "file", "compressionType": "none"},
        record_bytes=len(body) / rows if rows else 0.0,
        records=rows,
    )


def hive_type(kind: pa.DataType) -> str:
    """Return the Hive name of an Arrow type."""
    checks = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_int8, "tinyint"),
        (pa.types.is_int16, "smallint"),
        (pa.types.is_int32, "int"),
        (pa.types.is_integer, "bigint"),
        (pa.types.is_float32, "float"),
        (pa.types.is_floating, "double"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "timestamp"),
        (pa.types.is_binary, "binary"),
        (pa.types.is_large_binary, "binary"),
        (pa.types.is_fixed_size_binary, "binary"),
    )
    for check, name in checks:
        if check(kind):
            return name
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    if pa.types.is_struct(kind):
        inner = ",".join(f"{entry.name.lower()}:{hive_type(entry.type)}" for entry in kind)
        return f"struct<{inner}>"
    return "string"
