"""Query results as Athena writes them: value texts, types, the CSV file, result pages. Pure."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MAX_PAGE = 1000

_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    # DuckDB sums and counts wider than Trino does.
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "UINTEGER": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TIME": "time",
    "BLOB": "varbinary",
    "VARCHAR": "varchar",
    "UUID": "varchar",
}
_PRECISION = {
    "boolean": 0,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "float": 17,
    "double": 17,
    "date": 0,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varchar": 2147483647,
}


@dataclass(frozen=True)
class ResultColumn:
    """A column of a result."""

    name: str
    type: str
    precision: int = 0
    scale: int = 0

    @classmethod
    def of(cls, name: str, duckdb_type: str) -> ResultColumn:
        """Return the column for a DuckDB type."""
        decimal = _DECIMAL.fullmatch(duckdb_type)
        if decimal:
            return cls(name, "decimal", int(decimal[1]), int(decimal[2]))
        if duckdb_type.endswith("]"):
            return cls(name, "array")
        if duckdb_type.startswith("MAP("):
            return cls(name, "map")
        if duckdb_type.startswith("STRUCT("):
            return cls(name, "row")
        if duckdb_type.startswith("TIMESTAMP_"):
            return cls.of(name, "TIMESTAMP")
        kind = _TYPES.get(duckdb_type, "varchar")
        return cls(name, kind, _PRECISION.get(kind, 0))

    def as_dict(self) -> dict[str, Any]:
        """Return the column as a ColumnInfo."""
        return {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": self.name,
            "Label": self.name,
            "Type": self.type,
            "Precision": self.precision,
            "Scale": self.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": self.type in ("varchar", "char"),
        }


@dataclass(frozen=True)
class ResultSet:
    """The result of a statement, its values as texts."""

    columns: tuple[ResultColumn, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    # A SELECT answers its column names as first row and a CSV file; DDL answers plain lines.
    has_header: bool = True

    @property
    def suffix(self) -> str:
        """The suffix of the result file."""
        return ".csv" if self.has_header else ".txt"

    def file(self) -> bytes:
        """Return the content of the result file."""
        if not self.has_header:
            lines = ["\t".join(value or "" for value in row) for row in self.rows]
            return "".join(f"{line}\n" for line in lines).encode()
        lines = [",".join(quoted(column.name) for column in self.columns)]
        lines += [",".join(quoted(value) for value in row) for row in self.rows]
        return "".join(f"{line}\n" for line in lines).encode()

    def page(self, limit: int | None, token: str | None) -> dict[str, Any]:
        """Return a page as GetQueryResults does; the header counts as a row."""
        rows: list[Sequence[str | None]] = list(self.rows)
        if self.has_header:
            rows.insert(0, tuple(column.name for column in self.columns))
        start = int(token or 0)
        end = start + min(limit or MAX_PAGE, MAX_PAGE)
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [
                    {"Data": [{} if v is None else {"VarCharValue": v} for v in row]}
                    for row in rows[start:end]
                ],
                "ResultSetMetadata": {"ColumnInfo": [column.as_dict() for column in self.columns]},
            },
        }
        if end < len(rows):
            answer["NextToken"] = str(end)
        return answer


def quoted(value: str | None) -> str:
    """Return a value as Athena's CSV has it: quoted, and NULL as nothing at all."""
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def text(value: Any) -> str | None:
    """Return a value as Athena prints it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, dt.datetime):
        stamp = value.strftime("%Y-%m-%d %H:%M:%S") + f".{value.microsecond // 1000:03d}"
        return f"{stamp} UTC" if value.tzinfo else stamp
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.strftime("%H:%M:%S") + f".{value.microsecond // 1000:03d}"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray):
        return " ".join(f"{byte:02x}" for byte in value)
    if isinstance(value, Mapping):
        inner = (f"{key}={_inner(item)}" for key, item in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inner(item) for item in value) + "]"
    return str(value)


def _inner(value: Any) -> str:
    found = text(value)
    return "null" if found is None else found


def _double(value: float) -> str:
    """Return a double as Java prints it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    size = abs(value)
    if value == 0 or 1e-3 <= size < 1e7:
        return repr(value) if "e" not in repr(value) else format(value, "f")
    mantissa, _, exponent = format(Decimal(repr(value)), "E").partition("E")
    digits = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    whole, _, fraction = digits.partition(".")
    if len(whole.lstrip("-")) > 1:  # Decimal keeps trailing zeros as digits
        sign, number = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        exponent = str(int(exponent) + len(number) - 1)
        whole, fraction = sign + number[0], (number[1:] + fraction).rstrip("0")
    return f"{whole}.{fraction or '0'}E{int(exponent)}"
