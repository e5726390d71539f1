"""CloudWatch Logs.

| what | kind | why |
|---|---|---|
| AssociateKmsKey, DisassociateKmsKey | adds | every change of a group's key |
| PutQueryDefinition, DescribeQueryDefinitions, DeleteQueryDefinition | adds | missing |
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse

from tarn_emulator.patches.errors import AwsError
from tarn_emulator.patches.registry import adds
from tarn_emulator.patches.store import store


@adds("logs", "AssociateKmsKey", reason="missing upstream")
def associate_kms_key(self: LogsResponse) -> str:
    """Give a group a key."""
    _group(self).kms_key_id = self._get_param("kmsKeyId")
    return ""


@adds("logs", "DisassociateKmsKey", reason="missing upstream")
def disassociate_kms_key(self: LogsResponse) -> str:
    """Take the key of a group away."""
    _group(self).kms_key_id = None
    return ""


@adds("logs", "PutQueryDefinition", reason="missing upstream")
def put_query_definition(self: LogsResponse) -> str:
    """Create a saved query, or replace the one with the id given."""
    request = json.loads(self.body)
    query_id = request.get("queryDefinitionId") or str(uuid.uuid4())
    if "queryDefinitionId" in request:
        _need_query(self, query_id)
    _queries(self)[query_id] = {
        "queryDefinitionId": query_id,
        "name": request["name"],
        "queryString": request["queryString"],
        "logGroupNames": request.get("logGroupNames", []),
        "lastModified": int(unix_time_millis()),
    }
    return json.dumps({"queryDefinitionId": query_id})


@adds("logs", "DescribeQueryDefinitions", reason="missing upstream")
def describe_query_definitions(self: LogsResponse) -> str:
    """The saved queries whose name begins as asked."""
    prefix = self._get_param("queryDefinitionNamePrefix") or ""
    found = [query for query in _queries(self).values() if query["name"].startswith(prefix)]
    return json.dumps({"queryDefinitions": found})


@adds("logs", "DeleteQueryDefinition", reason="missing upstream")
def delete_query_definition(self: LogsResponse) -> str:
    """Delete a saved query."""
    query_id = self._get_param("queryDefinitionId")
    _need_query(self, query_id)
    del _queries(self)[query_id]
    return json.dumps({"success": True})


def _group(self: LogsResponse) -> LogGroup:
    name = self._get_param("logGroupName")
    if not name:
        # arn:aws:logs:region:account:log-group:name, sometimes with :* at its end
        name = (self._get_param("resourceIdentifier") or "").split(":log-group:")[-1]
        name = name.removesuffix(":*")
    try:
        return self.logs_backend.groups[name]
    except KeyError:
        raise AwsError(
            "ResourceNotFoundException", "The specified log group does not exist."
        ) from None


def _queries(self: LogsResponse) -> dict[str, dict[str, Any]]:
    return store(self.logs_backend, "queries")


def _need_query(self: LogsResponse, query_id: str) -> None:
    if query_id not in _queries(self):
        raise AwsError("ResourceNotFoundException", "The specified query definition does not exist")
