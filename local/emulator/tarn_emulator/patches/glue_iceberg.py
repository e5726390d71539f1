"""The first metadata file of an Iceberg table, which Glue writes when it makes the table."""

from __future__ import annotations

import re
import uuid
from typing import Any

from moto.s3.models import s3_backends
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

from tarn_emulator.patches.errors import invalid_input

#: Types of the catalog, which has Hive's names, and Iceberg's.
TYPES: dict[str, IcebergType] = {
    "bigint": LongType(),
    "binary": BinaryType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "double": DoubleType(),
    "float": FloatType(),
    "int": IntegerType(),
    "string": StringType(),
    "timestamp": TimestampType(),
}

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")


def wanted(parameters: dict[str, Any]) -> bool:
    """Whether a CreateTable asks for an Iceberg table with its metadata."""
    iceberg = (parameters.get("OpenTableFormatInput") or {}).get("IcebergInput") or {}
    return iceberg.get("MetadataOperation") == "CREATE"


def location(table: dict[str, Any]) -> str:
    """The folder of a TableInput, without a slash at its end."""
    found = (table.get("StorageDescriptor") or {}).get("Location") or ""
    if not found.startswith("s3://") or "/" not in found.removeprefix("s3://").rstrip("/"):
        raise invalid_input("Iceberg table location must be a folder of an S3 bucket")
    return str(found).rstrip("/")


def metadata_of(parameters: dict[str, Any]) -> TableMetadata:
    """The metadata of the empty table that a CreateTable asks for."""
    table = parameters["TableInput"]
    where = location(table)
    if table.get("PartitionKeys"):
        raise invalid_input("Iceberg tables cannot have partition keys in the catalog")
    columns = table["StorageDescriptor"].get("Columns") or []
    if not columns:
        raise invalid_input("Iceberg table must have at least one column")
    fields = [
        NestedField(number, column["Name"], _type(column["Type"]), doc=column.get("Comment"))
        for number, column in enumerate(columns, start=1)
    ]
    version = parameters["OpenTableFormatInput"]["IcebergInput"].get("Version", "2")
    return new_table_metadata(
        Schema(*fields),
        UNPARTITIONED_PARTITION_SPEC,
        UNSORTED_SORT_ORDER,
        where,
        {"format-version": version, "write.parquet.compression-codec": "zstd"},
    )


def write(metadata: TableMetadata, account_id: str, table: dict[str, Any]) -> None:
    """Write the metadata, and put its address and the columns' numbers into the table's entry."""
    bucket, _, folder = metadata.location.removeprefix("s3://").partition("/")
    key = f"{folder}/metadata/00000-{uuid.uuid4()}.metadata.json"
    text = metadata.model_dump_json(by_alias=True, exclude_none=True)
    s3_backends[account_id]["aws"].put_object(bucket, key, text.encode())
    table.setdefault("Parameters", {})["metadata_location"] = f"s3://{bucket}/{key}"
    columns = table["StorageDescriptor"]["Columns"]
    for column, field in zip(columns, metadata.schema().fields, strict=True):
        column["Parameters"] = {
            "iceberg.field.current": "true",
            "iceberg.field.id": str(field.field_id),
            "iceberg.field.optional": "true",
        }


def _type(name: str) -> IcebergType:
    decimal = _DECIMAL.fullmatch(name)
    if decimal:
        return DecimalType(int(decimal[1]), int(decimal[2]))
    try:
        return TYPES[name]
    except KeyError:
        raise invalid_input(f"Unsupported type for an Iceberg table: {name}") from None
