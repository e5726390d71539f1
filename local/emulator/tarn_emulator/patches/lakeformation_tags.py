"""Lake Formation tags (LF-tags) and expressions of them.

| what | kind | why |
|---|---|---|
| CreateLFTag, GetLFTag, DeleteLFTag | extends | overwrote one; knew ones that are not there |
| AddLFTagsToResource | replaces | replaced the tags of a resource instead of adding to them |
| GetResourceLFTags | replaces | failed on an untagged resource; no column wildcard |
| RemoveLFTagsFromResource | replaces | failed when a tag was not there |
| Create-, Get-, Update-, Delete-, ListLFTagExpression(s) | adds | missing |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import glue_backends
from moto.lakeformation.models import LakeFormationBackend, lakeformation_backends
from moto.lakeformation.responses import LakeFormationResponse

from tarn_emulator.patches.errors import already_exists, invalid_input, not_found
from tarn_emulator.patches.registry import adds, extends, replaces
from tarn_emulator.patches.store import store

#: A resource that can carry tags: (catalog, database[, table[, column]]).
Place = tuple[str, ...]


@extends("lakeformation", "CreateLFTag", reason="overwrote the values of an existing tag")
def create_lf_tag(upstream: Callable[..., Any], self: LakeFormationResponse) -> Any:
    """Create a tag unless there is one."""
    if self._get_param("TagKey") in _tags(self):
        raise already_exists("Tag key already exists")
    return upstream(self)


@extends("lakeformation", "GetLFTag", reason="a tag that does not exist was found, without values")
def get_lf_tag(upstream: Callable[..., Any], self: LakeFormationResponse) -> Any:
    """A tag's values."""
    _need_tag(self)
    return upstream(self)


@extends("lakeformation", "DeleteLFTag", reason="deleted what does not exist")
def delete_lf_tag(upstream: Callable[..., Any], self: LakeFormationResponse) -> Any:
    """Delete a tag, and take it off every resource."""
    _need_tag(self)
    key = self._get_param("TagKey")
    for tags in _assignments(self.lakeformation_backend).values():
        tags.pop(key, None)
    return upstream(self)


@replaces("lakeformation", "AddLFTagsToResource", reason="replaced instead of adding")
def add_lf_tags_to_resource(self: LakeFormationResponse) -> ActionResult:
    """Put tags on a resource; another value of a tag replaces the one it had."""
    request = json.loads(self.body)
    known = _tags(self)
    catalog = request.get("CatalogId") or self.current_account
    failures, good = [], []
    for tag in request["LFTags"]:
        pair = {"CatalogId": tag.get("CatalogId") or catalog, **tag}
        if set(pair["TagValues"]) <= set(known.get(pair["TagKey"], ())):
            good.append(pair)
        else:
            failures.append(_failure(pair, "Tag or tag value does not exist."))
    assigned = _assignments(self.lakeformation_backend)
    for place in _places(self, request["Resource"]):
        assigned.setdefault(place, {}).update({pair["TagKey"]: pair for pair in good})
    return ActionResult({"Failures": failures})


@replaces("lakeformation", "GetResourceLFTags", reason="failed on a resource without tags")
def get_resource_lf_tags(self: LakeFormationResponse) -> ActionResult:
    """The tags of a database, a table or columns; inherited ones unless only assigned are asked."""
    request = json.loads(self.body)
    assigned = _assignments(self.lakeformation_backend)
    places = _places(self, request["Resource"])
    only_assigned = bool(request.get("ShowAssignedLFTags"))

    def tags_of(place: Place) -> list[dict[str, Any]]:
        tags: dict[str, Any] = {}
        first = len(place) if only_assigned else 2
        for depth in range(first, len(place) + 1):
            tags.update(assigned.get(place[:depth], {}))
        return list(tags.values())

    if "Database" in request["Resource"]:
        return ActionResult({"LFTagOnDatabase": tags_of(places[0])})
    answer: dict[str, Any] = {}
    if not only_assigned and places:
        answer["LFTagOnDatabase"] = tags_of(places[0][:2])
        answer["LFTagsOnTable"] = tags_of(places[0][:3])
    if "Table" in request["Resource"]:
        answer["LFTagsOnTable"] = tags_of(places[0])
    else:
        columns = [(place[3], tags_of(place)) for place in places]
        answer["LFTagsOnColumns"] = [
            {"Name": name, "LFTags": tags} for name, tags in columns if tags
        ]
    return ActionResult(answer)


@replaces("lakeformation", "RemoveLFTagsFromResource", reason="failed when a tag was not there")
def remove_lf_tags_from_resource(self: LakeFormationResponse) -> ActionResult:
    """Take tags off a resource."""
    request = json.loads(self.body)
    assigned = _assignments(self.lakeformation_backend)
    failures = []
    for tag in request["LFTags"]:
        removed = [
            assigned.get(place, {}).pop(tag["TagKey"], None)
            for place in _places(self, request["Resource"])
        ]
        if not any(removed):
            failures.append(_failure(tag, "Tag is not assigned to the resource."))
    return ActionResult({"Failures": failures})


@adds(
    "lakeformation",
    "CreateLFTagExpression",
    reason="missing upstream",
    path="/CreateLFTagExpression",
)
def create_lf_tag_expression(self: LakeFormationResponse) -> ActionResult:
    """Store a named expression."""
    request = json.loads(self.body)
    expressions = store(self.lakeformation_backend, "expressions")
    if request["Name"] in expressions:
        raise already_exists(f"LF-tag expression {request['Name']} already exists")
    expressions[request["Name"]] = {
        "Name": request["Name"],
        "Description": request.get("Description"),
        "CatalogId": request.get("CatalogId") or self.current_account,
        "Expression": request["Expression"],
    }
    return ActionResult({})


@adds("lakeformation", "GetLFTagExpression", reason="missing upstream", path="/GetLFTagExpression")
def get_lf_tag_expression(self: LakeFormationResponse) -> ActionResult:
    """A named expression as it was put."""
    return ActionResult(_expression(self))


@adds(
    "lakeformation",
    "UpdateLFTagExpression",
    reason="missing upstream",
    path="/UpdateLFTagExpression",
)
def update_lf_tag_expression(self: LakeFormationResponse) -> ActionResult:
    """Change a named expression."""
    request = json.loads(self.body)
    changes = {name: request[name] for name in ("Description", "Expression") if name in request}
    _expression(self).update(changes)
    return ActionResult({})


@adds(
    "lakeformation",
    "DeleteLFTagExpression",
    reason="missing upstream",
    path="/DeleteLFTagExpression",
)
def delete_lf_tag_expression(self: LakeFormationResponse) -> ActionResult:
    """Delete a named expression."""
    del store(self.lakeformation_backend, "expressions")[_expression(self)["Name"]]
    return ActionResult({})


@adds(
    "lakeformation", "ListLFTagExpressions", reason="missing upstream", path="/ListLFTagExpressions"
)
def list_lf_tag_expressions(self: LakeFormationResponse) -> ActionResult:
    """Every named expression."""
    found = list(store(self.lakeformation_backend, "expressions").values())
    return ActionResult({"LFTagExpressions": found})


def forget(account: str, region: str, database: str, table: str | None = None) -> None:
    """Drop the tags of a database or table that was deleted, as AWS does."""
    assigned = _assignments(lakeformation_backends[account][region])
    for place in list(assigned):
        if place[1] == database and (table is None or place[2:3] == (table,)):
            del assigned[place]


def _assignments(backend: LakeFormationBackend) -> dict[Place, dict[str, Any]]:
    return store(backend, "assigned_tags")


def _tags(self: LakeFormationResponse) -> dict[str, Any]:
    return self.lakeformation_backend.list_lf_tags(
        self._get_param("CatalogId") or self.current_account
    )


def _need_tag(self: LakeFormationResponse) -> None:
    if self._get_param("TagKey") not in _tags(self):
        raise not_found("Tag key does not exist")


def _expression(self: LakeFormationResponse) -> dict[str, Any]:
    name = json.loads(self.body)["Name"]
    try:
        return store(self.lakeformation_backend, "expressions")[name]
    except KeyError:
        raise not_found(f"LF-tag expression {name} does not exist") from None


def _failure(tag: dict[str, Any], message: str) -> dict[str, Any]:
    return {
        "LFTag": tag,
        "Error": {"ErrorCode": "EntityNotFoundException", "ErrorMessage": message},
    }


def _places(self: LakeFormationResponse, resource: dict[str, Any]) -> list[Place]:
    """Where the tags of a resource are kept: one place, or one for each column."""
    kind = next(iter(resource))
    named = resource[kind]
    catalog = named.get("CatalogId") or self.current_account
    if kind == "Database":
        return [(catalog, named["Name"])]
    if kind == "Table":
        return [(catalog, named["DatabaseName"], named.get("Name") or "*")]
    if kind != "TableWithColumns":
        raise invalid_input(f"A resource of kind {kind} cannot have tags")
    columns = named.get("ColumnNames")
    if columns is None:
        excluded = (named.get("ColumnWildcard") or {}).get("ExcludedColumnNames") or []
        glue = glue_backends[self.current_account][self.region]
        table = glue.get_table(named["DatabaseName"], named["Name"]).as_dict()
        all_columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
        columns = [one["Name"] for one in all_columns if one["Name"] not in excluded]
    return [(catalog, named["DatabaseName"], named["Name"], column) for column in columns]
