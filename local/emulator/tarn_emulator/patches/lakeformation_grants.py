"""Lake Formation permissions, kept and listed the way AWS does.

| what | kind | why |
|---|---|---|
| GrantPermissions | replaces | a second grant on a resource broke the set it was kept in |
| RevokePermissions | replaces | never said that nothing was revoked, for which the provider waits |
| ListPermissions | replaces | did not find column grants under their table, refused LF-tags and |
| | | tag policies, failed when a named and a wildcard grant met |
| BatchGrantPermissions, BatchRevokePermissions | replaces | dropped the grant option; no failures |

As on AWS, a grant on a location or on tags needs the location registered and the tags there, and so
does taking it back: whoever deregisters or deletes them first cannot revoke any more.

SELECT on a table is listed as SELECT on all columns of it, whichever way it was granted, as on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import glue_backends
from moto.lakeformation.models import LakeFormationBackend, lakeformation_backends
from moto.lakeformation.responses import LakeFormationResponse

from tarn_emulator.patches.errors import AwsError, invalid_input, not_found
from tarn_emulator.patches.registry import replaces
from tarn_emulator.patches.store import store

#: The table name AWS shows for a grant on every table of a database.
ALL_TABLES = "ALL_TABLES"

#: ResourceType of ListPermissions -> key of the resource.
RESOURCE_TYPES = {
    "CATALOG": ("Catalog",),
    "DATABASE": ("Database",),
    "TABLE": ("Table", "TableWithColumns", "DataCellsFilter"),
    "DATA_LOCATION": ("DataLocation",),
    "LF_TAG": ("LFTag",),
    "LF_TAG_POLICY": ("LFTagPolicy",),
    "LF_TAG_POLICY_DATABASE": ("LFTagPolicy",),
    "LF_TAG_POLICY_TABLE": ("LFTagPolicy",),
    "LF_NAMED_TAG_EXPRESSION": ("LFTagExpression",),
}


@dataclass(frozen=True)
class Part:
    """Permissions on one resource, after SELECT on tables has been moved to columns."""

    resource: dict[str, Any]
    permissions: tuple[str, ...]
    grantable: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same text for the same resource, however its lists are ordered."""
        return json.dumps(_sorted(self.resource), sort_keys=True)


@dataclass
class Grant:
    """What one principal may do with one resource."""

    principal: str
    resource: dict[str, Any]
    permissions: list[str]
    grantable: list[str]

    def shown(self) -> dict[str, Any]:
        """The grant as ListPermissions returns it."""
        return {
            "Principal": {"DataLakePrincipalIdentifier": self.principal},
            "Resource": self.resource,
            "Permissions": self.permissions,
            "PermissionsWithGrantOption": self.grantable,
        }


@replaces("lakeformation", "GrantPermissions", reason="a second grant broke the set of grants")
def grant_permissions(self: LakeFormationResponse) -> ActionResult:
    """Add permissions to what the principal has."""
    _grant(self, json.loads(self.body))
    return ActionResult({})


@replaces("lakeformation", "RevokePermissions", reason="never said that nothing was revoked")
def revoke_permissions(self: LakeFormationResponse) -> ActionResult:
    """Take permissions away; an error when the principal has none of them."""
    _revoke(self, json.loads(self.body))
    return ActionResult({})


@replaces("lakeformation", "BatchGrantPermissions", reason="dropped the grant option")
def batch_grant_permissions(self: LakeFormationResponse) -> ActionResult:
    """Grant each entry; a failure of one does not stop the others."""
    return _batch(self, _grant)


@replaces("lakeformation", "BatchRevokePermissions", reason="dropped the grant option")
def batch_revoke_permissions(self: LakeFormationResponse) -> ActionResult:
    """Revoke each entry; a failure of one does not stop the others."""
    return _batch(self, _revoke)


@replaces("lakeformation", "ListPermissions", reason="lost column, tag and mixed grants")
def list_permissions(self: LakeFormationResponse) -> ActionResult:
    """The grants on a resource, of a principal, or all."""
    request = json.loads(self.body)
    principal = (request.get("Principal") or {}).get("DataLakePrincipalIdentifier")
    if principal and not request.get("Resource"):
        raise invalid_input("Resource is mandatory if Principal is set in the input.")
    wanted = _complete(self, request["Resource"]) if request.get("Resource") else None
    kinds = RESOURCE_TYPES.get(request.get("ResourceType", ""))
    found = [
        grant.shown()
        for grant in _grants(self, request).values()
        if (principal is None or grant.principal == principal)
        and (kinds is None or _kind(grant.resource) in kinds)
        and (wanted is None or _covers(wanted, grant.resource))
    ]
    return ActionResult({"PrincipalResourcePermissions": found})


def forget(account: str, region: str, database: str, table: str | None = None) -> None:
    """Drop the grants on a database or table that was deleted, as AWS does."""
    backend: LakeFormationBackend = lakeformation_backends[account][region]
    for grants in store(backend, "grants").values():
        for key, grant in list(grants.items()):
            named = grant.resource.get(_kind(grant.resource)) or {}
            of_database = database in (named.get("DatabaseName"), _database_name(grant.resource))
            of_table = table in (named.get("Name"), named.get("TableName"))
            if of_database and (table is None or of_table):
                del grants[key]


def add(
    backend: LakeFormationBackend,
    account: str,
    principal: str,
    resource: dict[str, Any],
    permissions: list[str],
) -> None:
    """Grant on something of the account that was just made."""
    grants = store(backend, "grants").setdefault(account, {})
    named = {kind: {"CatalogId": account, **what} for kind, what in resource.items()}
    _add(grants, principal, named, {"Permissions": permissions})


def _database_name(resource: dict[str, Any]) -> str | None:
    return (resource.get("Database") or {}).get("Name")


def _grants(self: LakeFormationResponse, request: dict[str, Any]) -> dict[Any, Grant]:
    catalogs = store(self.lakeformation_backend, "grants")
    return catalogs.setdefault(request.get("CatalogId") or self.current_account, {})


def _grant(self: LakeFormationResponse, request: dict[str, Any]) -> None:
    resource = _complete(self, request["Resource"])
    _check_exists(self, resource)
    principal = request["Principal"]["DataLakePrincipalIdentifier"]
    _add(_grants(self, request), principal, resource, request)


def _add(
    grants: dict[Any, Grant], principal: str, resource: dict[str, Any], request: dict[str, Any]
) -> None:
    for part in _parts(resource, request):
        grant = grants.setdefault((principal, part.key), Grant(principal, part.resource, [], []))
        grant.grantable = _union(grant.grantable, part.grantable)
        grant.permissions = _union(grant.permissions, part.permissions)


def _revoke(self: LakeFormationResponse, request: dict[str, Any]) -> None:
    principal = request["Principal"]["DataLakePrincipalIdentifier"]
    grants = _grants(self, request)
    revoked = False
    resource = _complete(self, request["Resource"])
    _check_reachable(self, resource)
    for part in _parts(resource, request):
        grant = grants.get((principal, part.key))
        if grant is None:
            continue
        before = (grant.permissions, grant.grantable)
        grant.permissions = [one for one in grant.permissions if one not in part.permissions]
        # Who may no longer do a thing may not pass it on either.
        gone = (*part.permissions, *part.grantable)
        grant.grantable = [one for one in grant.grantable if one not in gone]
        revoked = revoked or before != (grant.permissions, grant.grantable)
        if not grant.permissions and not grant.grantable:
            del grants[principal, part.key]
    if not revoked:
        raise invalid_input(
            "No permissions revoked. Grantee has no permissions on the resource to revoke."
        )


def _batch(self: LakeFormationResponse, act: Any) -> ActionResult:
    request = json.loads(self.body)
    failures = []
    for entry in request["Entries"]:
        try:
            act(self, {**entry, "CatalogId": request.get("CatalogId")})
        except AwsError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            failures.append({"RequestEntry": entry, "Error": detail})
    return ActionResult({"Failures": failures})


def _complete(self: LakeFormationResponse, resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with the catalog AWS fills in."""
    kind = _kind(resource)
    named = dict(resource[kind] or {})
    if kind == "DataCellsFilter":
        named.setdefault("TableCatalogId", self.current_account)
    elif kind != "Catalog":
        named.setdefault("CatalogId", self.current_account)
    if kind == "Table" and not named.get("Name") and named.get("TableWildcard") is None:
        raise invalid_input("Table name and table wildcard cannot both be empty.")
    return {kind: named}


def _kind(resource: dict[str, Any]) -> str:
    kinds = [kind for kind, named in resource.items() if named is not None]
    if len(kinds) != 1:
        raise invalid_input("Resource must have exactly one field populated.")
    return kinds[0]


def _parts(resource: dict[str, Any], request: dict[str, Any]) -> Iterator[Part]:
    """The permissions as AWS keeps them: SELECT on columns, everything else on the table."""
    permissions = tuple(request.get("Permissions") or ())
    grantable = tuple(request.get("PermissionsWithGrantOption") or ())
    kind = _kind(resource)
    named = resource[kind]
    if kind == "Table":
        table, columns = resource, _all_columns(named)
    elif kind == "TableWithColumns" and _is_all_columns(named):
        table, columns = _whole_table(named), resource
    else:
        yield Part(resource, permissions, grantable)
        return
    for part, is_select in ((table, False), (columns, True)):
        mine = tuple(one for one in permissions if (one == "SELECT") == is_select)
        passed_on = tuple(one for one in grantable if (one == "SELECT") == is_select)
        if mine or passed_on:
            yield Part(part, mine, passed_on)


def _all_columns(table: dict[str, Any]) -> dict[str, Any]:
    return {
        "TableWithColumns": {
            "CatalogId": table["CatalogId"],
            "DatabaseName": table["DatabaseName"],
            "Name": table.get("Name") or ALL_TABLES,
            "ColumnWildcard": {},
        }
    }


def _whole_table(columns: dict[str, Any]) -> dict[str, Any]:
    named = {name: columns[name] for name in ("CatalogId", "DatabaseName")}
    if columns["Name"] == ALL_TABLES:
        return {"Table": {**named, "TableWildcard": {}}}
    return {"Table": {**named, "Name": columns["Name"]}}


def _is_all_columns(columns: dict[str, Any]) -> bool:
    wildcard = columns.get("ColumnWildcard")
    return wildcard is not None and not wildcard.get("ExcludedColumnNames")


def _covers(wanted: dict[str, Any], granted: dict[str, Any]) -> bool:
    """True when a grant is listed for a resource; a table's list has its column grants too."""
    kind = _kind(wanted)
    if kind != "Table":
        return _sorted(wanted) == _sorted(granted)
    other = granted.get("Table") or granted.get("TableWithColumns")
    if other is None:
        return False
    same_database = all(wanted[kind][name] == other[name] for name in ("CatalogId", "DatabaseName"))
    wanted_name = wanted[kind].get("Name") or ALL_TABLES
    return same_database and wanted_name == (other.get("Name") or ALL_TABLES)


def _check_exists(self: LakeFormationResponse, resource: dict[str, Any]) -> None:
    """AWS refuses a grant on a database, table or tag that does not exist."""
    kind = _kind(resource)
    named = resource[kind]
    if named.get("CatalogId", self.current_account) != self.current_account:
        return
    if kind == "LFTag":
        if named["TagKey"] not in self.lakeformation_backend.list_lf_tags(named["CatalogId"]):
            raise not_found("Tag or tag value does not exist.")
        return
    _check_reachable(self, resource)
    if kind == "LFTagPolicy":
        known = self.lakeformation_backend.list_lf_tags(named["CatalogId"])
        for tag in named.get("Expression") or []:
            if not set(tag["TagValues"]) <= {*known[tag["TagKey"]], "*"}:
                raise not_found("Tag or tag value does not exist.")
        return
    database_name = named.get("DatabaseName") or (named.get("Name") if kind == "Database" else None)
    if database_name is None:
        return
    database = glue_backends[self.current_account][self.region].databases.get(database_name)
    if database is None:
        raise not_found(f"Database not found: {database_name}")
    table = named.get("TableName") or (named.get("Name") if kind != "Database" else None)
    if kind == "DataCellsFilter":
        table = named.get("TableName")
    if table and table != ALL_TABLES and table not in database.tables:
        raise not_found(f"Table not found: {database_name}.{table}")


def _check_reachable(self: LakeFormationResponse, resource: dict[str, Any]) -> None:
    """AWS refuses to grant and to revoke where there is no location or no tag."""
    kind = _kind(resource)
    named = resource[kind]
    if named.get("CatalogId", self.current_account) != self.current_account:
        return
    if kind == "DataLocation":
        arn = named["ResourceArn"]
        registered = self.lakeformation_backend.resources
        if not any(arn == one or arn.startswith(f"{one.rstrip('/')}/") for one in registered):
            raise invalid_input(f"Please register the S3 path before granting on it: {arn}")
    if kind == "LFTagPolicy":
        known = self.lakeformation_backend.list_lf_tags(named["CatalogId"])
        if not all(tag["TagKey"] in known for tag in named.get("Expression") or []):
            raise not_found("Tag or tag value does not exist.")


def _union(have: list[str], more: tuple[str, ...]) -> list[str]:
    return [*have, *(one for one in more if one not in have)]


def _sorted(value: Any) -> Any:
    """The value with every list in order, so that order makes no difference."""
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted(
            (_sorted(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True)
        )
    return value
