"""Athena: workgroups, with the queries in them, and data catalogs.

On AWS a query also reads tables, objects and keys in the name of who starts it. Here the emulator
reads them itself, so a missing permission for those does not show.
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.athena.models import athena_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.table import Service, each, everything, parameter
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of Athena needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A workgroup or data catalog with its tags."""
    backend = athena_backends[ACCOUNT_ID][call.region]
    return Resource(arn, backend.tagger.get_tag_dict_for_resource(arn))


def _arn(call: Call, path: str) -> str:
    return f"arn:aws:athena:{call.region}:{ACCOUNT_ID}:{path}"


def _workgroup(call: Call) -> Iterable[str]:
    name = call.get("WorkGroup") or call.get("WorkGroupName") or "primary"
    return (_arn(call, f"workgroup/{name}"),)


def _named_workgroup(call: Call) -> Iterable[str]:
    return (_arn(call, f"workgroup/{call.get('Name')}"),)


def _workgroup_of_query(call: Call) -> Iterable[str]:
    """The workgroups that executions or named queries belong to."""
    backend = athena_backends[ACCOUNT_ID][call.region]
    wanted = call.get("QueryExecutionIds") or call.get("NamedQueryIds")
    for identifier in wanted or [call.get("QueryExecutionId") or call.get("NamedQueryId")]:
        found = backend.executions.get(identifier) or backend.named_queries.get(identifier)
        group = getattr(found, "workgroup", None) or "primary"
        yield _arn(call, f"workgroup/{getattr(group, 'name', group)}")


def _catalog(call: Call) -> Iterable[str]:
    return (_arn(call, f"datacatalog/{call.get('Name') or call.get('CatalogName')}"),)


SERVICE = Service(
    prefix="athena",
    resource=resource,
    tag_action="TagResource",
    rules={
        **each("CreateWorkGroup", _named_workgroup),
        **each(
            "GetWorkGroup UpdateWorkGroup DeleteWorkGroup StartQueryExecution CreateNamedQuery"
            " ListNamedQueries ListQueryExecutions CreatePreparedStatement GetPreparedStatement"
            " UpdatePreparedStatement DeletePreparedStatement ListPreparedStatements",
            _workgroup,
        ),
        **each(
            "GetQueryExecution GetQueryResults StopQueryExecution BatchGetQueryExecution"
            " GetQueryRuntimeStatistics GetNamedQuery DeleteNamedQuery UpdateNamedQuery"
            " BatchGetNamedQuery",
            _workgroup_of_query,
        ),
        **each("CreateDataCatalog GetDataCatalog UpdateDataCatalog DeleteDataCatalog", _catalog),
        **each("TagResource UntagResource ListTagsForResource", parameter("ResourceARN")),
        **each("ListWorkGroups ListDataCatalogs ListEngineVersions", everything),
    },
)
