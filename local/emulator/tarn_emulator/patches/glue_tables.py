"""Glue databases, tables, partition indexes and table optimizers.

| what | kind | why |
|---|---|---|
| UpdateTable | replaces | ignored VersionId, so that two commits of an Iceberg table could both |
| | | succeed and one was lost; ignored SkipArchive |
| CreateTable | extends | ignored PartitionIndexes; wrote no metadata of an Iceberg table |
| CreatePartitionIndex, DeletePartitionIndex | adds | missing |
| GetPartitionIndexes | replaces | always empty |
| Create-, Get-, Update-, DeleteTableOptimizer | adds | missing |
| DeleteDatabase, DeleteTable | extends | left tags and Lake Formation grants behind |
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import FakeTable, GlueBackend
from moto.glue.responses import GlueResponse

from tarn_emulator.patches import glue_iceberg, lakeformation_grants, lakeformation_tags
from tarn_emulator.patches.errors import AwsError, already_exists, not_found
from tarn_emulator.patches.registry import adds, extends, replaces
from tarn_emulator.patches.store import store

#: AWS allows no more indexes on one table.
MAX_INDEXES = 3

#: Checking a version and writing the next one is one step for all clients.
_table_lock = threading.Lock()


@replaces("glue", "UpdateTable", reason="VersionId and SkipArchive were ignored")
def update_table(self: GlueResponse) -> ActionResult:
    """Write the next version of a table, if it still is the version the client read."""
    definition = self.parameters["TableInput"]
    expected = self.parameters.get("VersionId")
    with _table_lock:
        table = self.glue_backend.get_table(self.parameters["DatabaseName"], definition["Name"])
        current = str(table._current_version)
        if expected is not None and expected != current:
            raise AwsError(
                "ConcurrentModificationException",
                f"Update table failed due to concurrent modifications: version {expected} of "
                f"{table.database_name}.{table.name} was expected, {current} is current",
            )
        table.update(definition)
        if self.parameters.get("SkipArchive"):
            table.versions.pop(current, None)
    return ActionResult({})


@extends(
    "glue",
    "CreateTable",
    reason="PartitionIndexes was ignored, and an Iceberg table had no metadata",
)
def create_table(upstream: Callable[..., Any], self: GlueResponse) -> Any:
    """Create a table with its partition indexes, and an Iceberg table with its metadata."""
    iceberg = None
    if glue_iceberg.wanted(self.parameters):
        iceberg = glue_iceberg.metadata_of(self.parameters)
    with _table_lock:  # or two clients could both find that the name is free
        answer = upstream(self)
    table = _table(self, self.parameters["TableInput"]["Name"])
    if iceberg is not None:
        glue_iceberg.write(iceberg, self.current_account, table.versions["1"])
    for index in self.parameters.get("PartitionIndexes") or []:
        _add_index(table, index)
    return answer


@adds("glue", "CreatePartitionIndex", reason="missing upstream")
def create_partition_index(self: GlueResponse) -> ActionResult:
    """Add an index; it is active at once."""
    _add_index(_table(self, self.parameters["TableName"]), self.parameters["PartitionIndex"])
    return ActionResult({})


@adds("glue", "DeletePartitionIndex", reason="missing upstream")
def delete_partition_index(self: GlueResponse) -> ActionResult:
    """Remove an index."""
    indexes = store(_table(self, self.parameters["TableName"]), "indexes")
    if indexes.pop(self.parameters["IndexName"], None) is None:
        raise not_found(f"Index with the given indexName : {self.parameters['IndexName']}")
    return ActionResult({})


@replaces("glue", "GetPartitionIndexes", reason="always answered that there is none")
def get_partition_indexes(self: GlueResponse) -> ActionResult:
    """The indexes of a table."""
    indexes = store(_table(self, self.parameters["TableName"]), "indexes")
    return ActionResult({"PartitionIndexDescriptorList": list(indexes.values())})


@adds("glue", "CreateTableOptimizer", reason="missing upstream")
def create_table_optimizer(self: GlueResponse) -> ActionResult:
    """Attach an optimizer (compaction, retention, orphan_file_deletion) to a table."""
    optimizers = _optimizers(self)
    kind = self.parameters["Type"]
    if kind in optimizers:
        raise already_exists(f"Table optimizer of type {kind} already exists")
    optimizers[kind] = self.parameters["TableOptimizerConfiguration"]
    return ActionResult({})


@adds("glue", "GetTableOptimizer", reason="missing upstream")
def get_table_optimizer(self: GlueResponse) -> ActionResult:
    """An optimizer's configuration; it never runs here."""
    kind = self.parameters["Type"]
    return ActionResult(
        {
            "CatalogId": self.parameters["CatalogId"],
            "DatabaseName": self.parameters["DatabaseName"],
            "TableName": self.parameters["TableName"],
            "TableOptimizer": {"type": kind, "configuration": _optimizer(self)},
        }
    )


@adds("glue", "UpdateTableOptimizer", reason="missing upstream")
def update_table_optimizer(self: GlueResponse) -> ActionResult:
    """Replace an optimizer's configuration."""
    _optimizer(self)
    _optimizers(self)[self.parameters["Type"]] = self.parameters["TableOptimizerConfiguration"]
    return ActionResult({})


@adds("glue", "DeleteTableOptimizer", reason="missing upstream")
def delete_table_optimizer(self: GlueResponse) -> ActionResult:
    """Detach an optimizer."""
    _optimizer(self)
    del _optimizers(self)[self.parameters["Type"]]
    return ActionResult({})


@extends(
    "glue",
    "DeleteDatabase",
    reason="tags and Lake Formation grants came back with the next database of that name",
    target="moto.glue.models:GlueBackend",
    attribute="delete_database",
)
def delete_database(upstream: Callable[..., None], self: GlueBackend, database_name: str) -> None:
    """Delete the database with its tags and the grants on it."""
    upstream(self, database_name)
    self.tagger.delete_all_tags_for_resource(
        f"arn:aws:glue:{self.region_name}:{self.account_id}:database/{database_name}"
    )
    for kept in (lakeformation_grants, lakeformation_tags):
        kept.forget(self.account_id, self.region_name, database_name)


@extends(
    "glue",
    "DeleteTable",
    reason="Lake Formation grants came back with the next table of that name",
    target="moto.glue.models:GlueBackend",
    attribute="delete_table",
)
def delete_table(
    upstream: Callable[..., None], self: GlueBackend, database_name: str, table_name: str
) -> None:
    """Delete the table with the grants on it."""
    upstream(self, database_name, table_name)
    for kept in (lakeformation_grants, lakeformation_tags):
        kept.forget(self.account_id, self.region_name, database_name, table_name)


def _table(self: GlueResponse, name: str) -> FakeTable:
    return self.glue_backend.get_table(self.parameters["DatabaseName"], name)


def _add_index(table: FakeTable, index: dict[str, Any]) -> None:
    indexes = store(table, "indexes")
    if index["IndexName"] in indexes:
        raise already_exists(f"Index with the given indexName : {index['IndexName']}")
    if len(indexes) >= MAX_INDEXES:
        raise AwsError("ResourceNumberLimitExceededException", "Limit of indexes exceeded")
    types = {
        column["Name"]: column.get("Type") for column in table.as_dict().get("PartitionKeys") or []
    }
    indexes[index["IndexName"]] = {
        "IndexName": index["IndexName"],
        "Keys": [{"Name": key, "Type": types.get(key)} for key in index["Keys"]],
        "IndexStatus": "ACTIVE",
    }


def _optimizers(self: GlueResponse) -> dict[str, Any]:
    return store(_table(self, self.parameters["TableName"]), "optimizers")


def _optimizer(self: GlueResponse) -> dict[str, Any]:
    kind = self.parameters["Type"]
    try:
        return _optimizers(self)[kind]
    except KeyError:
        raise not_found(f"Table optimizer of type {kind} not found") from None
