"""What auditors ask for, prowler for one.

| what | kind | why |
|---|---|---|
| Glue SearchTables | adds | missing |
| Glue GetResourcePolicy | extends | answered with nothing where AWS says that there is none |
| KMS DescribeKey | extends | keys behind aliases of AWS counted as the account's own, and |
| | | MultiRegion was left out where CreateKey did not set it |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse
from moto.kms.responses import KmsResponse

from tarn_emulator.patches.errors import invalid_input, not_found
from tarn_emulator.patches.registry import adds, extends

#: Parameters that narrow the search down in ways nobody here has needed.
UNSUPPORTED = ("Filters", "SortCriteria")

#: Keys that AWS makes for its services have an alias that starts so.
OF_AWS = "alias/aws/"


@adds("glue", "SearchTables", reason="missing upstream")
def search_tables(self: GlueResponse) -> ActionResult:
    """All tables of the catalog whose name or description has the text, in order and in pages."""
    for parameter in UNSUPPORTED:
        if self.parameters.get(parameter):
            raise invalid_input(f"the local emulator searches by SearchText only, not {parameter}")
    text = self.parameters.get("SearchText", "").strip('"').lower()
    found = [
        table.as_dict() | {"CatalogId": self.current_account}
        for _, database in sorted(self.glue_backend.databases.items())
        for _, table in sorted(database.tables.items())
    ]
    found = [
        table
        for table in found
        if text in f"{table['Name']} {table.get('Description', '')}".lower()
    ]
    start = int(self.parameters.get("NextToken") or 0)
    end = start + int(self.parameters.get("MaxResults") or 100)
    answer: dict[str, Any] = {"TableList": found[start:end]}
    if end < len(found):
        answer["NextToken"] = str(end)
    return ActionResult(answer)


@extends("glue", "GetResourcePolicy", reason="no policy was an empty answer, not an error")
def get_resource_policy(upstream: Callable[..., Any], self: GlueResponse) -> ActionResult:
    """The policy of the catalog, if it has one."""
    answer: ActionResult = upstream(self)
    if not answer.result:
        raise not_found("Policy not found")
    return answer


@extends("kms", "DescribeKey", reason="AWS's own keys and single-region keys did not say so")
def describe_key(upstream: Callable[..., Any], self: KmsResponse) -> str:
    """A key, with whom it belongs to."""
    answer = json.loads(upstream(self))
    metadata = answer["KeyMetadata"]
    metadata["MultiRegion"] = bool(metadata.get("MultiRegion"))
    aliases = self.kms_backend.keys[metadata["KeyId"]].aliases
    if any(alias.startswith(OF_AWS) for alias in aliases):
        metadata["KeyManager"] = "AWS"
    return json.dumps(answer)
