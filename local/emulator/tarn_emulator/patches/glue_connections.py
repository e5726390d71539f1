"""Glue connections.

| what | kind | why |
|---|---|---|
| UpdateConnection, DeleteConnection | adds | every change, and every destroy |
| GetConnection(s) | extends | returned no ConnectionType and no MatchCriteria |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.glue.models import FakeConnection
from moto.glue.responses import GlueResponse

from tarn_emulator.patches.errors import not_found
from tarn_emulator.patches.registry import adds, extends


@extends(
    "glue",
    "GetConnection",
    reason="ConnectionType and MatchCriteria were not returned",
    target="moto.glue.models:FakeConnection",
    attribute="as_dict",
)
def connection_as_dict(
    upstream: Callable[..., dict[str, Any]], self: FakeConnection, hide_password: bool = False
) -> dict[str, Any]:
    """The connection as it was put."""
    shown = upstream(self, hide_password)
    shown["ConnectionType"] = self.connection_input.get("ConnectionType", "JDBC")
    if self.connection_input.get("MatchCriteria"):
        shown["MatchCriteria"] = self.connection_input["MatchCriteria"]
    return shown


@adds("glue", "UpdateConnection", reason="missing upstream")
def update_connection(self: GlueResponse) -> ActionResult:
    """Replace the definition of a connection."""
    connection = _find(self, self.parameters["Name"])
    definition = self.parameters["ConnectionInput"]
    connection.connection_input = definition
    connection.description = definition.get("Description")
    connection.connection_properties = definition.get("ConnectionProperties", {})
    connection.spark_properties = definition.get("SparkProperties", {})
    connection.athena_properties = definition.get("AthenaProperties", {})
    connection.python_properties = definition.get("PythonProperties", {})
    connection.updated_time = utcnow()
    return ActionResult({})


@adds("glue", "DeleteConnection", reason="missing upstream: no connection could be destroyed")
def delete_connection(self: GlueResponse) -> ActionResult:
    """Delete a connection and its tags."""
    connection = _find(self, self.parameters["ConnectionName"])
    del self.glue_backend.connections[connection.name]
    self.glue_backend.tagger.delete_all_tags_for_resource(connection.arn)
    return ActionResult({})


def _find(self: GlueResponse, name: str) -> FakeConnection:
    connection = self.glue_backend.connections.get(name)
    if connection is None:
        raise not_found(f"Connection {name} not found.")
    return connection
