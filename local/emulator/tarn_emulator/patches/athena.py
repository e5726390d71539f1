"""Athena workgroups, named queries, prepared statements and data catalogs.

| what | kind | why |
|---|---|---|
| UpdateWorkGroup | adds | every change of a workgroup |
| CreateWorkGroup | extends | a chosen engine version had no effective one |
| GetWorkGroup | extends | answered null for what does not exist |
| UpdateNamedQuery | adds | missing |
| DeleteNamedQuery | adds | every destroy |
| GetNamedQuery, GetPreparedStatement, GetDataCatalog | extends | failed, or answered null, for |
| | | what does not exist |
| UpdatePreparedStatement, DeletePreparedStatement | adds | missing |
| UpdateDataCatalog, DeleteDataCatalog | adds | missing |
| ListTagsForResource | replaces | said that a resource without tags does not exist |

What a query does is in the `execution` package.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.athena.models import NamedQuery, PreparedStatement, WorkGroup
from moto.athena.responses import AthenaResponse

from tarn_emulator.patches.errors import AwsError
from tarn_emulator.patches.registry import adds, extends, replaces

EFFECTIVE_ENGINE = "Athena engine version 3"

#: Parts of a configuration an update may name with a Remove… flag next to it.
REMOVABLE = ("BytesScannedCutoffPerQuery", "CustomerContentEncryptionConfiguration")
REMOVABLE_RESULTS = (
    "AclConfiguration",
    "EncryptionConfiguration",
    "ExpectedBucketOwner",
    "OutputLocation",
)


@extends("athena", "CreateWorkGroup", reason="a chosen engine version had no effective one")
def create_work_group(upstream: Callable[..., Any], self: AthenaResponse) -> Any:
    """Create a workgroup and settle its engine."""
    answer = upstream(self)
    group = self.athena_backend.work_groups.get(self._get_param("Name"))
    if group is not None:
        _settle_engine(group)
    return answer


@extends("athena", "GetWorkGroup", reason="answered null for a workgroup that does not exist")
def get_work_group(upstream: Callable[..., Any], self: AthenaResponse) -> Any:
    """A workgroup."""
    _work_group(self)
    return upstream(self)


@adds("athena", "UpdateWorkGroup", reason="missing upstream")
def update_work_group(self: AthenaResponse) -> str:
    """Change what is given; what is not stays."""
    request = json.loads(self.body)
    group = _work_group(self)
    if "Description" in request:
        group.description = request["Description"]
    if "State" in request:
        group.state = request["State"]
    _update_configuration(group.configuration, request.get("ConfigurationUpdates") or {})
    _settle_engine(group)
    return "{}"


@extends("athena", "GetNamedQuery", reason="failed on a query that does not exist")
def get_named_query(upstream: Callable[..., Any], self: AthenaResponse) -> Any:
    """A named query."""
    _named_query(self)
    return upstream(self)


@adds("athena", "UpdateNamedQuery", reason="missing upstream")
def update_named_query(self: AthenaResponse) -> str:
    """Replace name and text of a named query; a description that is left out is emptied."""
    query = _named_query(self)
    query.name = self._get_param("Name")
    query.description = self._get_param("Description") or ""
    query.query_string = self._get_param("QueryString")
    return "{}"


@adds("athena", "DeleteNamedQuery", reason="missing upstream: no named query could be destroyed")
def delete_named_query(self: AthenaResponse) -> str:
    """Delete a named query."""
    del self.athena_backend.named_queries[_named_query(self).id]
    return "{}"


@extends("athena", "GetPreparedStatement", reason="failed on one that does not exist")
def get_prepared_statement(upstream: Callable[..., Any], self: AthenaResponse) -> Any:
    """A prepared statement."""
    _prepared_statement(self)
    return upstream(self)


@adds("athena", "UpdatePreparedStatement", reason="missing upstream")
def update_prepared_statement(self: AthenaResponse) -> str:
    """Replace the text of a prepared statement."""
    statement = _prepared_statement(self)
    statement.query_statement = self._get_param("QueryStatement")
    statement.description = self._get_param("Description")
    return "{}"


@adds("athena", "DeletePreparedStatement", reason="missing upstream")
def delete_prepared_statement(self: AthenaResponse) -> str:
    """Delete a prepared statement."""
    statement = _prepared_statement(self)
    del self.athena_backend.prepared_statements[statement.statement_name]
    return "{}"


@extends("athena", "GetDataCatalog", reason="answered null for a catalog that does not exist")
def get_data_catalog(upstream: Callable[..., Any], self: AthenaResponse) -> Any:
    """A data catalog."""
    _need_data_catalog(self)
    return upstream(self)


@adds("athena", "UpdateDataCatalog", reason="missing upstream")
def update_data_catalog(self: AthenaResponse) -> str:
    """Replace a data catalog."""
    _need_data_catalog(self)
    catalog = self.athena_backend.data_catalogs[self._get_param("Name")]
    catalog.type = self._get_param("Type")
    catalog.description = self._get_param("Description")
    catalog.parameters = self._get_param("Parameters")
    return "{}"


@adds("athena", "DeleteDataCatalog", reason="missing upstream")
def delete_data_catalog(self: AthenaResponse) -> str:
    """Delete a data catalog and its tags."""
    _need_data_catalog(self)
    catalog = self.athena_backend.data_catalogs.pop(self._get_param("Name"))
    self.athena_backend.tagger.delete_all_tags_for_resource(catalog.arn)
    return "{}"


@extends(
    "athena",
    "DeleteWorkGroup",
    reason="the tags stayed and came back with the next workgroup of that name",
)
def delete_work_group(upstream: Callable[..., Any], self: AthenaResponse) -> Any:
    """Delete a workgroup with its tags and named queries."""
    name = self._get_param("WorkGroup")
    group = self.athena_backend.work_groups.get(name)
    mine = [
        query for query in self.athena_backend.named_queries.values() if query.workgroup is group
    ]
    if mine and not self._get_param("RecursiveDeleteOption"):
        raise _invalid(f"WorkGroup {name} is not empty")
    for query in mine:
        del self.athena_backend.named_queries[query.id]
    if group is not None:
        self.athena_backend.tagger.delete_all_tags_for_resource(group.arn)
    return upstream(self)


@replaces(
    "athena",
    "ListTagsForResource",
    reason="said that a resource without tags does not exist, which fails the first read of it",
)
def list_tags_for_resource(self: AthenaResponse) -> str:
    """The tags of a resource, none included."""
    arn = self._get_param("ResourceARN")
    backend = self.athena_backend
    known = {resource.arn for resource in backend.work_groups.values()}
    known |= {resource.arn for resource in backend.data_catalogs.values()}
    known |= {resource.arn for resource in backend.capacity_reservations.values()}
    if arn not in known:
        raise AwsError("ResourceNotFoundException", f"Athena Resource {arn} does not exist")
    return json.dumps(backend.tagger.list_tags_for_resource(arn))


def _update_configuration(configuration: dict[str, Any], updates: dict[str, Any]) -> None:
    results = updates.pop("ResultConfigurationUpdates", None)
    if results:
        part = configuration.setdefault("ResultConfiguration", {})
        _update_part(part, results, REMOVABLE_RESULTS)
    _update_part(configuration, updates, REMOVABLE)


def _update_part(part: dict[str, Any], updates: dict[str, Any], removable: tuple[str, ...]) -> None:
    for name, value in updates.items():
        subject = name.removeprefix("Remove")
        if name != subject and subject in removable:
            if value:
                part.pop(subject, None)
        else:
            part[name] = value


def _settle_engine(group: WorkGroup) -> None:
    """AWS answers which engine a selection stands for."""
    engine = group.configuration.setdefault("EngineVersion", {"SelectedEngineVersion": "AUTO"})
    selected = engine.setdefault("SelectedEngineVersion", "AUTO")
    engine["EffectiveEngineVersion"] = EFFECTIVE_ENGINE if selected == "AUTO" else selected


def _work_group(self: AthenaResponse) -> WorkGroup:
    name = self._get_param("WorkGroup")
    group = self.athena_backend.work_groups.get(name)
    if group is None:
        raise _invalid(f"WorkGroup {name} is not found.")
    return group


def _named_query(self: AthenaResponse) -> NamedQuery:
    query_id = self._get_param("NamedQueryId")
    query = self.athena_backend.named_queries.get(query_id)
    if query is None:
        raise _invalid(f"NamedQuery {query_id} does not exist")
    return query


def _prepared_statement(self: AthenaResponse) -> PreparedStatement:
    name, group = self._get_param("StatementName"), self._get_param("WorkGroup")
    statement = self.athena_backend.get_prepared_statement(name, group)
    if statement is None:
        raise AwsError("ResourceNotFoundException", f"PreparedStatement {name} was not found")
    return statement


def _need_data_catalog(self: AthenaResponse) -> None:
    name = self._get_param("Name")
    if name not in self.athena_backend.data_catalogs:
        raise _invalid(f"DataCatalog {name} was not found")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message)
