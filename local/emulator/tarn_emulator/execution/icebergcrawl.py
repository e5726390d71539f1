"""What a crawl of an Iceberg target finds: tables by their newest metadata file."""

from __future__ import annotations

import json
import re
from typing import Any

#: Iceberg's types and the catalog's; the others have the same name in both.
HIVE = {"long": "bigint", "timestamptz": "timestamp", "uuid": "string"}

#: Below the target: the table's folder, then metadata/ and the file, whose number grows.
_METADATA = re.compile(r"(?P<table>.*?)/?metadata/(?:v)?(?P<number>\d+)[^/]*\.metadata\.json")


def tables(s3: Any, bucket: str, root: str, depth: int, crawler: str) -> list[dict[str, Any]]:
    """Return a TableInput for each table in a folder, at most ``depth`` folders below it."""
    prefix = root.rstrip("/") + "/" if root else ""
    newest: dict[str, tuple[int, str]] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            inside = entry["Key"].removeprefix(prefix)
            found = _METADATA.fullmatch(inside)
            if found and inside.count("/") <= depth:
                candidate = (int(found["number"]), entry["Key"])
                newest[found["table"]] = max(candidate, newest.get(found["table"], (-1, "")))
    result = []
    for folder, (_, key) in sorted(newest.items()):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        name = (prefix + folder).rstrip("/").rsplit("/", 1)[-1]
        result.append(_table_input(name.lower(), f"s3://{bucket}/{key}", json.loads(body), crawler))
    return result


def _table_input(name: str, address: str, metadata: dict[str, Any], crawler: str) -> dict[str, Any]:
    current = metadata["current-schema-id"]
    schema = next(one for one in metadata["schemas"] if one["schema-id"] == current)
    columns = [
        {
            "Name": field["name"],
            "Type": _type(field["type"]),
            "Parameters": {
                "iceberg.field.current": "true",
                "iceberg.field.id": str(field["id"]),
                "iceberg.field.optional": str(not field["required"]).lower(),
            },
        }
        for field in schema["fields"]
    ]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "table_type": "ICEBERG",
            "metadata_location": address,
            "UPDATED_BY_CRAWLER": crawler,
        },
        "StorageDescriptor": {"Columns": columns, "Location": metadata["location"]},
    }


def _type(kind: Any) -> str:
    if not isinstance(kind, str):
        return "string"  # nested types are not looked at here
    return HIVE.get(kind, kind.replace(" ", ""))
