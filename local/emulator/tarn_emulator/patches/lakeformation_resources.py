"""Lake Formation locations, data cells filters and opt-ins.

| what | kind | why |
|---|---|---|
| RegisterResource | extends | dropped HybridAccessEnabled, WithFederation and the service's role |
| DescribeResource, ListResources | extends | returned none of them |
| UpdateResource | adds | missing |
| Create-, Get-, Update-, DeleteDataCellsFilter | adds | missing |
| ListDataCellsFilter | replaces | always empty |
| Create-, Delete-, ListLakeFormationOptIn(s) | adds | missing |
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time, utcnow
from moto.lakeformation.models import Resource
from moto.lakeformation.responses import LakeFormationResponse

from tarn_emulator.patches.errors import already_exists, invalid_input, not_found
from tarn_emulator.patches.registry import adds, extends, replaces
from tarn_emulator.patches.store import store

#: The role Lake Formation uses for a location registered without one.
SERVICE_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/lakeformation.amazonaws.com/"
    "AWSServiceRoleForLakeFormationDataAccess"
)

LOCATION_FIELDS = ("HybridAccessEnabled", "WithFederation")


@extends("lakeformation", "RegisterResource", reason="hybrid access and federation were dropped")
def register_resource(upstream: Callable[..., Any], self: LakeFormationResponse) -> Any:
    """Register a location with all its settings."""
    request = json.loads(self.body)
    answer = upstream(self)
    location = self.lakeformation_backend.resources[request["ResourceArn"]]
    if not location.role_arn:
        location.role_arn = SERVICE_ROLE.format(account=self.current_account)
    _settle(location, request)
    return answer


@adds("lakeformation", "UpdateResource", reason="missing upstream", path="/UpdateResource")
def update_resource(self: LakeFormationResponse) -> ActionResult:
    """Change the role or a setting of a location."""
    request = json.loads(self.body)
    location = self.lakeformation_backend.describe_resource(request["ResourceArn"])
    location.role_arn = request["RoleArn"]
    _settle(location, request)
    return ActionResult({})


@extends(
    "lakeformation",
    "DescribeResource",
    reason="hybrid access and federation were not returned",
    target="moto.lakeformation.models:Resource",
    attribute="to_dict",
)
def resource_to_dict(upstream: Callable[..., dict[str, Any]], self: Resource) -> dict[str, Any]:
    """A location with all its settings."""
    return upstream(self) | store(self, "settings")


@adds(
    "lakeformation",
    "CreateDataCellsFilter",
    reason="missing upstream",
    path="/CreateDataCellsFilter",
)
def create_data_cells_filter(self: LakeFormationResponse) -> ActionResult:
    """Store a filter of rows and columns of a table."""
    data = json.loads(self.body)["TableData"]
    filters = store(self.lakeformation_backend, "filters")
    if _filter_key(data) in filters:
        raise already_exists(f"Data cells filter {data['Name']} already exists")
    _put_filter(self, data)
    return ActionResult({})


@adds("lakeformation", "GetDataCellsFilter", reason="missing upstream", path="/GetDataCellsFilter")
def get_data_cells_filter(self: LakeFormationResponse) -> ActionResult:
    """A filter as it was put."""
    return ActionResult({"DataCellsFilter": _filter(self, json.loads(self.body))})


@adds(
    "lakeformation",
    "UpdateDataCellsFilter",
    reason="missing upstream",
    path="/UpdateDataCellsFilter",
)
def update_data_cells_filter(self: LakeFormationResponse) -> ActionResult:
    """Replace a filter."""
    data = json.loads(self.body)["TableData"]
    _filter(self, data)
    _put_filter(self, data)
    return ActionResult({})


@adds(
    "lakeformation",
    "DeleteDataCellsFilter",
    reason="missing upstream",
    path="/DeleteDataCellsFilter",
)
def delete_data_cells_filter(self: LakeFormationResponse) -> ActionResult:
    """Delete a filter."""
    request = json.loads(self.body)
    _filter(self, request)
    del store(self.lakeformation_backend, "filters")[_filter_key(request)]
    return ActionResult({})


@replaces("lakeformation", "ListDataCellsFilter", reason="always empty")
def list_data_cells_filter(self: LakeFormationResponse) -> ActionResult:
    """Every filter, or those of one table."""
    table = json.loads(self.body).get("Table")
    found = [
        data
        for data in store(self.lakeformation_backend, "filters").values()
        if not table
        or (data["DatabaseName"], data["TableName"]) == (table["DatabaseName"], table.get("Name"))
    ]
    return ActionResult({"DataCellsFilters": found})


@adds(
    "lakeformation",
    "CreateLakeFormationOptIn",
    reason="missing upstream",
    path="/CreateLakeFormationOptIn",
)
def create_lake_formation_opt_in(self: LakeFormationResponse) -> ActionResult:
    """Opt a principal in for a resource in hybrid access mode."""
    request = json.loads(self.body)
    opt_ins = store(self.lakeformation_backend, "opt_ins")
    key = _opt_in_key(request)
    if key in opt_ins:
        raise invalid_input("The principal has already opted in for the resource.")
    opt_ins[key] = {
        "Principal": request["Principal"],
        "Resource": request["Resource"],
        "LastModified": unix_time(utcnow()),
        "LastUpdatedBy": f"arn:aws:iam::{self.current_account}:root",
    }
    return ActionResult({})


@adds(
    "lakeformation",
    "DeleteLakeFormationOptIn",
    reason="missing upstream",
    path="/DeleteLakeFormationOptIn",
)
def delete_lake_formation_opt_in(self: LakeFormationResponse) -> ActionResult:
    """Opt a principal out."""
    key = _opt_in_key(json.loads(self.body))
    if store(self.lakeformation_backend, "opt_ins").pop(key, None) is None:
        raise not_found("The principal has not opted in for the resource.")
    return ActionResult({})


@adds(
    "lakeformation",
    "ListLakeFormationOptIns",
    reason="missing upstream",
    path="/ListLakeFormationOptIns",
)
def list_lake_formation_opt_ins(self: LakeFormationResponse) -> ActionResult:
    """The opt-ins, of one principal or resource when asked."""
    request = json.loads(self.body)
    wanted = {name: request[name] for name in ("Principal", "Resource") if request.get(name)}
    found = [
        opt_in
        for opt_in in store(self.lakeformation_backend, "opt_ins").values()
        if wanted.items() <= opt_in.items()
    ]
    return ActionResult({"LakeFormationOptInsInfoList": found})


def _settle(location: Resource, request: dict[str, Any]) -> None:
    settings = store(location, "settings")
    for name in LOCATION_FIELDS:
        settings[name] = bool(request.get(name, settings.get(name, False)))
    settings["LastModified"] = unix_time(utcnow())


def _filter_key(data: dict[str, Any]) -> tuple[str, ...]:
    return (data["TableCatalogId"], data["DatabaseName"], data["TableName"], data["Name"])


def _put_filter(self: LakeFormationResponse, data: dict[str, Any]) -> None:
    version = {"VersionId": str(uuid.uuid4())}
    store(self.lakeformation_backend, "filters")[_filter_key(data)] = data | version


def _filter(self: LakeFormationResponse, data: dict[str, Any]) -> dict[str, Any]:
    try:
        return store(self.lakeformation_backend, "filters")[_filter_key(data)]
    except KeyError:
        raise not_found("Data cells filter not found.") from None


def _opt_in_key(request: dict[str, Any]) -> str:
    return json.dumps([request["Principal"], request["Resource"]], sort_keys=True)
