"""The rows of a table of the Glue catalog as Arrow: Iceberg, and Parquet, CSV and JSON folders."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq
from pyiceberg.catalog.glue import GlueCatalog

from . import projection
from .runtime import FALLBACK_CREDENTIALS, Runtime, now, split_s3

ARROW_TYPES = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "binary": pa.binary(),
}

# How DuckDB names the types a text file can hold; a decimal has its own name in both.
DUCKDB_TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.binary(): "BLOB",
}


class TableNotReadable(RuntimeError):
    """The table exists and cannot be read here; the message says why."""


class TableNotFound(RuntimeError):
    """The catalog has no such table."""


@dataclass(frozen=True)
class Loaded:
    """Rows, and the bytes read for them."""

    rows: pa.Table
    scanned_bytes: int


class TableSource:
    """Reads tables of the Glue catalog of the emulator."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._glue = runtime.client("glue")
        self._s3 = runtime.client("s3")

    def definition(self, database: str, name: str) -> dict[str, Any]:
        """Return the catalog's entry of a table."""
        try:
            return self._glue.get_table(DatabaseName=database, Name=name)["Table"]
        except self._glue.exceptions.EntityNotFoundException as error:
            raise TableNotFound(str(error)) from error

    def columns(self, definition: dict[str, Any]) -> list[tuple[str, str]]:
        """Return name and Hive type of every column, partition keys last."""
        storage = definition.get("StorageDescriptor", {})
        columns = [*(storage.get("Columns") or []), *(definition.get("PartitionKeys") or [])]
        if is_iceberg(definition):
            # Iceberg's Glue entry keeps dropped columns and marks them.
            current = "iceberg.field.current"
            columns = [c for c in columns if c.get("Parameters", {}).get(current) != "false"]
        return [(c["Name"].lower(), c.get("Type", "string")) for c in columns]

    def load(self, definition: dict[str, Any], columns: Sequence[str] | None) -> Loaded:
        """Return the rows of a table, only these columns (None: all)."""
        if is_iceberg(definition):
            return self._iceberg(definition, columns)
        return self._folder(definition, columns)

    def _iceberg(self, definition: dict[str, Any], columns: Sequence[str] | None) -> Loaded:
        settings = self._runtime.settings
        credentials = {
            "access-key-id": FALLBACK_CREDENTIALS.access_key,
            "secret-access-key": FALLBACK_CREDENTIALS.secret_key,
            "endpoint": settings.endpoint,
            "region": settings.region,
        }
        catalog = GlueCatalog(
            "emulator",
            **{f"{kind}.{key}": v for kind in ("glue", "s3") for key, v in credentials.items()},
        )
        table = catalog.load_table((definition["DatabaseName"], definition["Name"]))
        names = {field.name.lower(): field.name for field in table.schema().fields}
        wanted = [names[c] for c in columns if c in names] if columns is not None else ["*"]
        # A table without any column asked for (count(*)) still needs its rows: read the first.
        selected = tuple(wanted) or (table.schema().fields[0].name,)
        scan = table.scan(selected_fields=selected)
        scanned = sum(task.file.file_size_in_bytes for task in scan.plan_files())
        rows = scan.to_arrow()
        return Loaded(rows.rename_columns([c.lower() for c in rows.column_names]), scanned)

    def _folder(self, definition: dict[str, Any], columns: Sequence[str] | None) -> Loaded:
        storage = definition.get("StorageDescriptor", {})
        location = storage.get("Location", "")
        keys = [(k["Name"].lower(), k.get("Type", "string")) for k in _keys(definition)]
        places: list[tuple[str, list[str]]] = [(location, [])]
        if keys and projection.enabled(definition.get("Parameters") or {}):
            places = self._projected(definition, location.rstrip("/") + "/")
        elif keys:
            pages = self._glue.get_paginator("get_partitions").paginate(
                DatabaseName=definition["DatabaseName"], TableName=definition["Name"]
            )
            places = [
                (partition["StorageDescriptor"]["Location"], partition["Values"])
                for page in pages
                for partition in page["Partitions"]
            ]
        fields = [
            (c["Name"].lower(), arrow_type(c.get("Type", "string"))) for c in storage["Columns"]
        ]
        names = [name for name, _ in fields]
        asked = [field for field in fields if columns is None or field[0] in columns]
        # A query that needs no column (count(*)) still needs the rows.
        schema = pa.schema(asked or fields[:1])
        full = pa.schema([*schema, *((name, arrow_type(kind)) for name, kind in keys)])
        tables, scanned = [], 0
        for place, values in places:
            for body, key in self._objects(place):
                scanned += len(body)
                rows = _read(body, key, definition, names, schema)
                for (name, kind), value in zip(keys, values, strict=False):
                    column = pa.array([value] * rows.num_rows, pa.string())
                    rows = rows.append_column(name, column.cast(arrow_type(kind)))
                tables.append(rows.select(full.names))
        rows = pa.concat_tables(tables) if tables else full.empty_table()
        return Loaded(rows, scanned)

    def _projected(self, definition: dict[str, Any], location: str) -> list[tuple[str, list[str]]]:
        bucket, prefix = split_s3(location)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        files = [e["Key"].removeprefix(prefix) for page in pages for e in page.get("Contents", [])]
        names = [key["Name"] for key in _keys(definition)]
        lower = [name.lower() for name in names]
        found = projection.partitions(files, lower, definition["Parameters"], now())
        return [
            (location + "".join(f"{n}={v}/" for n, v in zip(names, values, strict=True)), values)
            for values in found
        ]

    def _objects(self, location: str) -> list[tuple[bytes, str]]:
        bucket, prefix = split_s3(location)
        found = []
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            key = entry["Key"]
            inside = key.removeprefix(prefix)
            if inside and not prefix.endswith("/") and not inside.startswith("/"):
                continue
            name = key.rsplit("/", 1)[-1]
            if entry["Size"] and not name.startswith(("_", ".")):
                body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                found.append((body, key))
        return found


def is_iceberg(definition: dict[str, Any]) -> bool:
    """Return whether a catalog entry is an Iceberg table."""
    return definition.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG"


def _keys(definition: dict[str, Any]) -> list[dict[str, Any]]:
    return definition.get("PartitionKeys") or []


def arrow_type(hive: str) -> pa.DataType:
    """Return the Arrow type of a simple Hive type; anything nested is text."""
    kind = hive.lower().strip()
    if kind.startswith("decimal"):
        precision, _, scale = kind.partition("(")[2].rstrip(")").partition(",")
        return pa.decimal128(int(precision or 10), int(scale or 0))
    return ARROW_TYPES.get(kind, pa.string())


def _read(
    body: bytes, key: str, definition: dict[str, Any], names: Sequence[str], schema: pa.Schema
) -> pa.Table:
    """Read a file whose columns are ``names`` as the columns of ``schema``."""
    storage = definition.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {}).get("SerializationLibrary", "")
    if "parquet" in serde.lower():
        return _conform(_lower(pq.read_table(io.BytesIO(body))), schema)
    if key.endswith(".gz"):
        body = gzip.decompress(body)
    if serde.endswith(("LazySimpleSerDe", "OpenCSVSerde")):
        return _read_csv(body, definition, names, schema, serde.endswith("OpenCSVSerde"))
    if serde.endswith("JsonSerDe"):
        return _conform(_lower(pajson.read_json(io.BytesIO(body))), schema)
    raise TableNotReadable(
        f"table {definition['Name']}: format {serde or 'unknown'} is not readable locally"
    )


def _read_csv(
    body: bytes,
    definition: dict[str, Any],
    names: Sequence[str],
    schema: pa.Schema,
    quotes: bool,
) -> pa.Table:
    serde = definition["StorageDescriptor"].get("SerdeInfo", {}).get("Parameters") or {}
    delimiter = serde.get("field.delim") or serde.get("separatorChar") or ","
    skip = int(definition.get("Parameters", {}).get("skip.header.line.count", "0"))
    texts = pacsv.read_csv(
        io.BytesIO(body),
        read_options=pacsv.ReadOptions(column_names=list(names), skip_rows=skip),
        parse_options=pacsv.ParseOptions(
            # LazySimpleSerDe knows no quotes: they stay part of the value, as in Athena.
            delimiter=delimiter,
            quote_char='"' if quotes else False,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in schema.names},
            include_columns=schema.names,
            strings_can_be_null=False,
        ),
    )
    return _parse(texts, schema)


def _parse(texts: pa.Table, schema: pa.Schema) -> pa.Table:
    """Read texts as the table's types; what is not of the type is NULL, as the SerDe does it."""
    wanted = []
    for column in schema:
        name = f'"{column.name.replace(chr(34), chr(34) * 2)}"'
        kind = DUCKDB_TYPES.get(column.type, str(column.type).replace("128", ""))
        is_text = pa.types.is_string(column.type)
        wanted.append(name if is_text else f"TRY_CAST({name} AS {kind}) AS {name}")
    with duckdb.connect(":memory:") as connection:
        connection.register("texts", texts)
        query = connection.execute(f"SELECT {', '.join(wanted)} FROM texts")
        return query.to_arrow_table().cast(schema)


def _lower(table: pa.Table) -> pa.Table:
    return table.rename_columns([name.lower() for name in table.column_names])


def _conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give a file the table's columns: what it lacks is NULL."""
    columns, fields = [], []
    for entry in schema:
        if entry.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, entry.type))
            fields.append(entry)
            continue
        column = table[entry.name]
        simple = not pa.types.is_nested(column.type)
        if simple and column.type != entry.type:
            column = column.cast(entry.type, safe=False)
        columns.append(column)
        fields.append(pa.field(entry.name, column.type))
    return pa.table(columns, schema=pa.schema(fields))
