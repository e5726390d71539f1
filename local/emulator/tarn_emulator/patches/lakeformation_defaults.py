"""Lake Formation's settings of the account, and what new databases and tables get from them.

| what | kind | why |
|---|---|---|
| PutDataLakeSettings | replaces | what the request leaves out was forgotten, where AWS keeps it |
| CreateDatabase | extends | nothing was granted to IAM_ALLOWED_PRINCIPALS |
| CreateTable | extends | nothing was granted to IAM_ALLOWED_PRINCIPALS |

A list that is left out stays as it is, and only an empty one clears it. The Terraform provider does
not send an empty one, so that it cannot clear the default permissions (pulumi-aws#4366).

A database takes its own default for tables from the settings when it is made; later changes of the
settings do not reach it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import FakeDatabase, FakeTable, GlueBackend
from moto.lakeformation.models import LakeFormationBackend, lakeformation_backends
from moto.lakeformation.responses import LakeFormationResponse

from tarn_emulator.patches import lakeformation_grants
from tarn_emulator.patches.registry import extends, replaces

DATABASES = "CreateDatabaseDefaultPermissions"
TABLES = "CreateTableDefaultPermissions"


@replaces("lakeformation", "PutDataLakeSettings", reason="what a request left out was forgotten")
def put_data_lake_settings(self: LakeFormationResponse) -> ActionResult:
    """Change the settings that the request has."""
    request = json.loads(self.body)
    catalog = request.get("CatalogId") or self.current_account
    changes = {
        name: value for name, value in request["DataLakeSettings"].items() if value is not None
    }
    settings = self.lakeformation_backend.get_data_lake_settings(catalog) | changes
    self.lakeformation_backend.put_data_lake_settings(catalog, settings)
    return ActionResult({})


@extends(
    "glue",
    "CreateDatabase",
    reason="the default permissions were granted to nobody",
    target="moto.glue.models:GlueBackend",
    attribute="create_database",
)
def create_database(
    upstream: Callable[..., FakeDatabase],
    self: GlueBackend,
    database_name: str,
    database_input: dict[str, Any],
    *more: Any,
    **named: Any,
) -> FakeDatabase:
    """Create a database and grant what is granted on new ones."""
    settings = _settings(self)
    if database_input.get(TABLES) is None:
        database_input = {**database_input, TABLES: settings.get(TABLES) or []}
    database = upstream(self, database_name, database_input, *more, **named)
    _grant(self, {"Database": {"Name": database_name}}, settings.get(DATABASES))
    return database


@extends(
    "glue",
    "CreateTable",
    reason="the default permissions were granted to nobody",
    target="moto.glue.models:GlueBackend",
    attribute="create_table",
)
def create_table(
    upstream: Callable[..., FakeTable],
    self: GlueBackend,
    database_name: str,
    table_name: str,
    *more: Any,
    **named: Any,
) -> FakeTable:
    """Create a table and grant what is granted on new ones of its database."""
    table = upstream(self, database_name, table_name, *more, **named)
    defaults = self.get_database(database_name).input.get(TABLES)
    _grant(self, {"Table": {"DatabaseName": database_name, "Name": table_name}}, defaults)
    return table


def _backend(glue: GlueBackend) -> LakeFormationBackend:
    return lakeformation_backends[glue.account_id][glue.region_name]


def _settings(glue: GlueBackend) -> dict[str, Any]:
    return _backend(glue).get_data_lake_settings(glue.account_id)


def _grant(
    glue: GlueBackend, resource: dict[str, Any], defaults: list[dict[str, Any]] | None
) -> None:
    for default in defaults or []:
        who = default["Principal"]["DataLakePrincipalIdentifier"]
        lakeformation_grants.add(
            _backend(glue), glue.account_id, who, resource, default["Permissions"]
        )
