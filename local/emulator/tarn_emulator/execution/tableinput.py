"""The Glue catalog's TableInput of a table a crawler found, and what differs from the catalog's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .grouping import DataFile, FoundTable, Partition
from .schema import Schema

SERIALIZER_VERSION = "1.0"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def table_input(
    found: FoundTable, *, bucket: str, name: str, crawler: str, owner: str = "owner"
) -> dict[str, Any]:
    """Return the TableInput of a found table."""
    return {
        "Name": name,
        "Owner": owner,
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": k.name, "Type": k.type} for k in found.partition_keys],
        "Parameters": _parameters(found.schema, found.files, crawler),
        "StorageDescriptor": _storage(
            found.schema, found.files, f"s3://{bucket}/{found.prefix}", crawler
        ),
    }


def partition_input(
    partition: Partition, found: FoundTable, *, bucket: str, crawler: str, inherit: bool
) -> dict[str, Any]:
    """Return the PartitionInput of a partition; ``inherit`` takes the table's schema."""
    schema = found.schema if inherit else _own_schema(partition, found)
    location = f"s3://{bucket}/{partition.prefix}"
    return {
        "Values": list(partition.values),
        "Parameters": _parameters(schema, partition.files, crawler),
        "StorageDescriptor": _storage(schema, partition.files, location, crawler),
    }


def _own_schema(partition: Partition, found: FoundTable) -> Schema:
    own = {column.name for file in partition.files for column in file.schema.columns}
    columns = tuple(column for column in found.schema.columns if column.name in own)
    return Schema(found.schema.classification, columns, found.schema.parameters)


def differs(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether writing ``wanted`` over a table or partition would change it."""
    return any(_differs(existing.get(key), value) for key, value in wanted.items())


def _differs(existing: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return any(_differs((existing or {}).get(key), value) for key, value in wanted.items())
    return (existing or None) != (wanted or None)


def schema_differs(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether columns, keys or format differ, not only the statistics."""
    return _shape(existing) != _shape(wanted)


def _shape(table: Mapping[str, Any]) -> tuple[Any, ...]:
    storage = table.get("StorageDescriptor", {})
    return (
        columns_of(storage.get("Columns")),
        columns_of(table.get("PartitionKeys")),
        (storage.get("SerdeInfo") or {}).get("SerializationLibrary"),
        storage.get("Location"),
    )


def columns_of(columns: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    """Return (name, type) of catalog columns."""
    return [(column["Name"], column.get("Type", "")) for column in columns or []]


def merge_new_columns(existing: Mapping[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return ``wanted`` with the catalog's columns first and only new ones of its own.

    That is the crawler output option AddOrUpdateBehavior = MergeNewColumns.
    """
    old = list(existing.get("StorageDescriptor", {}).get("Columns") or [])
    known = {column["Name"] for column in old}
    storage = wanted["StorageDescriptor"]
    new = [column for column in storage["Columns"] if column["Name"] not in known]
    return {**wanted, "StorageDescriptor": {**storage, "Columns": old + new}}


def _parameters(schema: Schema, files: Sequence[DataFile], crawler: str) -> dict[str, str]:
    size = sum(file.size for file in files)
    records = sum(_records(file) for file in files)
    return {
        **schema.parameters,
        "classification": schema.classification,
        "averageRecordSize": str(round(size / records) if records else 0),
        "recordCount": str(records),
        "objectCount": str(len(files)),
        "sizeKey": str(size),
        "CrawlerSchemaSerializerVersion": SERIALIZER_VERSION,
        "CrawlerSchemaDeserializerVersion": SERIALIZER_VERSION,
        "UPDATED_BY_CRAWLER": crawler,
    }


def _records(file: DataFile) -> int:
    """Return the rows of a file: exact for Parquet, else an estimate as Glue's is."""
    if file.schema.records is not None:
        return file.schema.records
    if not file.schema.record_bytes:
        return 0
    header = int(file.schema.parameters.get("skip.header.line.count", "0"))
    return max(0, round(file.size / file.schema.record_bytes) - header)


def _storage(
    schema: Schema, files: Sequence[DataFile], location: str, crawler: str
) -> dict[str, Any]:
    formats = {
        "csv": (
            _TEXT_INPUT,
            _TEXT_OUTPUT,
            "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            {"field.delim": schema.parameters.get("delimiter", ",")},
        ),
        "json": (
            _TEXT_INPUT,
            _TEXT_OUTPUT,
            "org.openx.data.jsonserde.JsonSerDe",
            {"paths": ",".join(sorted(column.name for column in schema.columns))},
        ),
        "parquet": (
            f"{_PARQUET}.MapredParquetInputFormat",
            f"{_PARQUET}.MapredParquetOutputFormat",
            f"{_PARQUET}.serde.ParquetHiveSerDe",
            {"serialization.format": "1"},
        ),
    }
    input_format, output_format, library, serde = formats[schema.classification]
    return {
        "Columns": [{"Name": column.name, "Type": column.type} for column in schema.columns],
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "Compressed": schema.parameters.get("compressionType", "none") != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": serde},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": _parameters(schema, files, crawler),
        "StoredAsSubDirectories": False,
    }
