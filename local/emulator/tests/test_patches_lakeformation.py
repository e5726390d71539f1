"""Lake Formation over HTTP, asked the way the Terraform provider asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator_process import Endpoint

ACCOUNT = "123456789012"
READER = "arn:aws:iam::123456789012:role/reader"
WRITER = "arn:aws:iam::123456789012:role/writer"
EVERYBODY = "IAM_ALLOWED_PRINCIPALS"


class Lake:
    """Grants, revokes and lists for one principal."""

    def __init__(self, client: Any, principal: str = READER) -> None:
        self.client = client
        self.who = {"DataLakePrincipalIdentifier": principal}

    def grant(self, resource: dict[str, Any], *permissions: str, **more: Any) -> None:
        self.client.grant_permissions(
            Principal=self.who, Resource=resource, Permissions=list(permissions), **more
        )

    def revoke(self, resource: dict[str, Any], *permissions: str, **more: Any) -> None:
        self.client.revoke_permissions(
            Principal=self.who, Resource=resource, Permissions=list(permissions), **more
        )

    def list(self, resource: dict[str, Any]) -> list[tuple[str, list[str]]]:
        """(kind of resource, permissions) of each grant."""
        found = self.client.list_permissions(Principal=self.who, Resource=resource)
        return sorted(
            (next(iter(one["Resource"])), one["Permissions"])
            for one in found["PrincipalResourcePermissions"]
        )


@pytest.fixture
def lake(emulator: Endpoint) -> Lake:
    return Lake(emulator.client("lakeformation"))


@pytest.fixture
def database(emulator: Endpoint, name: str) -> str:
    """A database with the tables t (columns a, b, c) and u."""
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": name})
    for table in ("t", "u"):
        columns = [{"Name": column, "Type": "int"} for column in "abc"]
        descriptor = {"StorageDescriptor": {"Columns": columns}}
        glue.create_table(DatabaseName=name, TableInput={"Name": table, **descriptor})
    return name


def error_code(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]["Code"]


def table(database: str, name: str = "t", **more: Any) -> dict[str, Any]:
    return {"Table": {"DatabaseName": database, "Name": name, **more}}


def columns(database: str, **more: Any) -> dict[str, Any]:
    return {"TableWithColumns": {"DatabaseName": database, "Name": "t", **more}}


def all_tables(database: str) -> dict[str, Any]:
    return {"Table": {"DatabaseName": database, "TableWildcard": {}}}


def test_select_on_a_table_is_listed_as_select_on_its_columns(lake: Lake, database: str) -> None:
    lake.grant(table(database), "SELECT", "DESCRIBE", "INSERT")
    assert lake.list(table(database)) == [
        ("Table", ["DESCRIBE", "INSERT"]),
        ("TableWithColumns", ["SELECT"]),
    ]
    assert lake.list(table(database, "u")) == []
    # The catalog may be said or left out.
    assert len(lake.list(table(database, CatalogId=ACCOUNT))) == 2
    lake.revoke(table(database), "SELECT", "DESCRIBE", "INSERT")
    assert lake.list(table(database)) == []


def test_columns_are_listed_under_their_table(lake: Lake, database: str) -> None:
    lake.grant(columns(database, ColumnNames=["a", "b"]), "SELECT")
    assert lake.list(table(database)) == [("TableWithColumns", ["SELECT"])]
    lake.revoke(columns(database, ColumnNames=["b", "a"]), "SELECT")
    assert lake.list(table(database)) == []


def test_excluded_columns(lake: Lake, database: str) -> None:
    resource = columns(database, ColumnWildcard={"ExcludedColumnNames": ["c"]})
    lake.grant(resource, "SELECT")
    assert lake.list(table(database)) == [("TableWithColumns", ["SELECT"])]
    lake.revoke(resource, "SELECT")
    assert lake.list(table(database)) == []


def test_a_named_and_a_wildcard_grant_live_side_by_side(lake: Lake, database: str) -> None:
    lake.grant(table(database), "DESCRIBE")
    lake.grant(all_tables(database), "DESCRIBE", "SELECT")
    assert lake.list(table(database)) == [("Table", ["DESCRIBE"])]
    assert lake.list(all_tables(database)) == [
        ("Table", ["DESCRIBE"]),
        ("TableWithColumns", ["SELECT"]),
    ]
    lake.revoke(all_tables(database), "DESCRIBE", "SELECT")
    assert lake.list(all_tables(database)) == []
    assert lake.list(table(database)) == [("Table", ["DESCRIBE"])]


@pytest.mark.parametrize("kind", ["database", "location", "catalog", "tag", "policy", "filter"])
def test_each_kind_of_resource(emulator: Endpoint, lake: Lake, database: str, kind: str) -> None:
    lake.client.create_lf_tag(TagKey=database, TagValues=["x", "y"])
    lake.client.register_resource(ResourceArn=f"arn:aws:s3:::{database}", RoleArn=READER)
    data = {"TableCatalogId": ACCOUNT, "DatabaseName": database, "TableName": "t", "Name": "f"}
    condition = {"TagKey": database, "TagValues": ["y", "x"]}
    resource, permission = {
        "database": ({"Database": {"Name": database}}, "DESCRIBE"),
        "location": (
            {"DataLocation": {"ResourceArn": f"arn:aws:s3:::{database}/folder"}},
            "DATA_LOCATION_ACCESS",
        ),
        "catalog": ({"Catalog": {}}, "CREATE_DATABASE"),
        "tag": ({"LFTag": {"TagKey": database, "TagValues": ["x", "y"]}}, "DESCRIBE"),
        "policy": (
            {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [condition]}},
            "SELECT",
        ),
        "filter": ({"DataCellsFilter": data}, "SELECT"),
    }[kind]
    only_mine = Lake(lake.client, f"{READER}-{database}")
    only_mine.grant(resource, permission, PermissionsWithGrantOption=[permission])
    assert only_mine.list(resource) == [(next(iter(resource)), [permission])]
    assert Lake(lake.client, WRITER).list(resource) == []
    only_mine.revoke(resource, permission, PermissionsWithGrantOption=[permission])
    assert only_mine.list(resource) == []
    assert error_code(only_mine.revoke, resource, permission) == "InvalidInputException"


def test_what_a_grant_rests_on_must_be_there_until_it_is_revoked(lake: Lake, name: str) -> None:
    arn = f"arn:aws:s3:::{name}"
    location = {"DataLocation": {"ResourceArn": arn}}
    tags = {"ResourceType": "TABLE", "Expression": [{"TagKey": name, "TagValues": ["x"]}]}
    policy = {"LFTagPolicy": tags}
    assert error_code(lake.grant, location, "DATA_LOCATION_ACCESS") == "InvalidInputException"
    assert error_code(lake.grant, policy, "SELECT") == "EntityNotFoundException"
    lake.client.create_lf_tag(TagKey=name, TagValues=["y"])
    assert error_code(lake.grant, policy, "SELECT") == "EntityNotFoundException"
    tags["Expression"][0]["TagValues"] = ["y"]
    lake.client.register_resource(ResourceArn=arn, RoleArn=READER)
    lake.grant(location, "DATA_LOCATION_ACCESS")
    lake.grant(policy, "SELECT")
    lake.client.deregister_resource(ResourceArn=arn)
    lake.client.delete_lf_tag(TagKey=name)
    with pytest.raises(ClientError, match="register the S3 path"):
        lake.revoke(location, "DATA_LOCATION_ACCESS")
    assert error_code(lake.revoke, policy, "SELECT") == "EntityNotFoundException"


def test_revoking_nothing_says_so(lake: Lake, database: str) -> None:
    with pytest.raises(ClientError, match="No permissions revoked"):
        lake.revoke({"Database": {"Name": database}}, "DESCRIBE")


def test_grants_add_up_and_are_revoked_in_part(lake: Lake, database: str) -> None:
    resource = {"Database": {"Name": database}}
    lake.grant(resource, "DESCRIBE")
    lake.grant(resource, "ALTER", "DROP", PermissionsWithGrantOption=["ALTER"])
    assert lake.list(resource) == [("Database", ["DESCRIBE", "ALTER", "DROP"])]
    lake.revoke(resource, "DESCRIBE", "ALTER")
    found = lake.client.list_permissions(Principal=lake.who, Resource=resource)
    (left,) = found["PrincipalResourcePermissions"]
    assert (left["Permissions"], left["PermissionsWithGrantOption"]) == (["DROP"], [])


def test_a_grant_needs_its_resource(lake: Lake, database: str) -> None:
    missing = [
        {"Database": {"Name": f"{database}-none"}},
        table(database, "none"),
        {"LFTag": {"TagKey": f"{database}-none", "TagValues": ["x"]}},
    ]
    for resource in missing:
        assert error_code(lake.grant, resource, "DESCRIBE") == "EntityNotFoundException"


def test_listing_by_type_and_without_principal(lake: Lake, database: str) -> None:
    lake.grant({"Database": {"Name": database}}, "DESCRIBE")
    Lake(lake.client, WRITER).grant({"Database": {"Name": database}}, "ALTER")
    found = lake.client.list_permissions(Resource={"Database": {"Name": database}})
    who = {
        one["Principal"]["DataLakePrincipalIdentifier"]
        for one in found["PrincipalResourcePermissions"]
    }
    assert who == {READER, WRITER, EVERYBODY}
    found = lake.client.list_permissions(ResourceType="TABLE")["PrincipalResourcePermissions"]
    assert not [one for one in found if "Database" in one["Resource"]]
    code = error_code(lake.client.list_permissions, Principal=lake.who)
    assert code == "InvalidInputException"


def test_grants_go_with_the_database(emulator: Endpoint, lake: Lake, database: str) -> None:
    lake.grant({"Database": {"Name": database}}, "DESCRIBE")
    lake.grant(table(database, "u"), "SELECT")
    glue = emulator.client("glue")
    glue.delete_database(Name=database)
    glue.create_database(DatabaseInput={"Name": database})
    assert lake.list({"Database": {"Name": database}}) == []
    assert lake.list(table(database, "u")) == []


def test_batches_report_each_failure(lake: Lake, database: str) -> None:
    def entry(number: int, name: str) -> dict[str, Any]:
        resource = {"Database": {"Name": name}}
        who = {"Id": str(number), "Principal": lake.who, "Resource": resource}
        return {**who, "Permissions": ["DESCRIBE"]}

    entries = [entry(1, f"{database}-none"), entry(2, database)]
    failures = lake.client.batch_grant_permissions(Entries=entries)["Failures"]
    assert [one["RequestEntry"]["Id"] for one in failures] == ["1"]
    assert failures[0]["Error"]["ErrorCode"] == "EntityNotFoundException"
    assert lake.list({"Database": {"Name": database}}) == [("Database", ["DESCRIBE"])]
    assert len(lake.client.batch_revoke_permissions(Entries=entries)["Failures"]) == 1


def test_tags_of_resources(lake: Lake, database: str) -> None:
    client = lake.client
    client.create_lf_tag(TagKey=database, TagValues=["x", "y"])

    def put(resource: dict[str, Any], value: str) -> list[Any]:
        pair = {"TagKey": database, "TagValues": [value]}
        return client.add_lf_tags_to_resource(Resource=resource, LFTags=[pair])["Failures"]

    def tags(resource: dict[str, Any], place: str, assigned: bool = True) -> Any:
        shown = client.get_resource_lf_tags(Resource=resource, ShowAssignedLFTags=assigned)
        return shown.get(place, [])

    whole = {"Database": {"Name": database}}
    assert tags(whole, "LFTagOnDatabase") == []
    assert put(whole, "x") == []
    assert put(whole, "none")[0]["Error"]["ErrorCode"] == "EntityNotFoundException"
    pair = {"CatalogId": ACCOUNT, "TagKey": database, "TagValues": ["x"]}
    assert tags(whole, "LFTagOnDatabase") == [pair]
    # A table inherits, a column overrides.
    assert tags(table(database), "LFTagsOnTable") == []
    assert tags(table(database), "LFTagsOnTable", assigned=False) == [pair]
    put(columns(database, ColumnNames=["a"]), "y")
    (one,) = tags(columns(database, ColumnWildcard={}), "LFTagsOnColumns")
    assert (one["Name"], one["LFTags"][0]["TagValues"]) == ("a", ["y"])
    removed = [{"TagKey": database, "TagValues": ["x"]}]
    assert not client.remove_lf_tags_from_resource(Resource=whole, LFTags=removed)["Failures"]
    assert tags(whole, "LFTagOnDatabase") == []
    assert client.remove_lf_tags_from_resource(Resource=whole, LFTags=removed)["Failures"]
    client.delete_lf_tag(TagKey=database)
    assert tags(columns(database, ColumnNames=["a"]), "LFTagsOnColumns") == []


def test_tag_expression(lake: Lake, name: str) -> None:
    client = lake.client
    expression = [{"TagKey": "k", "TagValues": ["v"]}]
    client.create_lf_tag_expression(Name=name, Description="first", Expression=expression)
    client.update_lf_tag_expression(Name=name, Description="changed", Expression=expression)
    shown = client.get_lf_tag_expression(Name=name)
    assert (shown["Description"], shown["Expression"]) == ("changed", expression)
    found = client.list_lf_tag_expressions()["LFTagExpressions"]
    assert name in {one["Name"] for one in found}
    client.delete_lf_tag_expression(Name=name)
    assert error_code(client.get_lf_tag_expression, Name=name) == "EntityNotFoundException"


def test_location(lake: Lake, name: str) -> None:
    client = lake.client
    arn = f"arn:aws:s3:::{name}"
    client.register_resource(ResourceArn=arn, RoleArn=READER, HybridAccessEnabled=True)
    client.update_resource(ResourceArn=arn, RoleArn=WRITER, WithFederation=True)
    shown = client.describe_resource(ResourceArn=arn)["ResourceInfo"]
    assert (shown["RoleArn"], shown["HybridAccessEnabled"]) == (WRITER, True)
    assert (shown["WithFederation"], shown["LastModified"].year > 2000) == (True, True)
    client.deregister_resource(ResourceArn=arn)
    code = error_code(client.update_resource, ResourceArn=arn, RoleArn=WRITER)
    assert code == "EntityNotFoundException"


def test_data_cells_filter(lake: Lake, database: str) -> None:
    client = lake.client
    place = {"TableCatalogId": ACCOUNT, "DatabaseName": database, "TableName": "t", "Name": "f"}
    rows = {"RowFilter": {"AllRowsWildcard": {}}, "ColumnNames": ["a"]}
    assert error_code(client.get_data_cells_filter, **place) == "EntityNotFoundException"
    client.create_data_cells_filter(TableData={**place, **rows})
    shown = client.get_data_cells_filter(**place)["DataCellsFilter"]
    version = shown.pop("VersionId")
    assert shown == {**place, **rows}
    code = error_code(client.create_data_cells_filter, TableData={**place, **rows})
    assert code == "AlreadyExistsException"
    changed = {"RowFilter": {"FilterExpression": "a > 1"}, "ColumnWildcard": {}}
    client.update_data_cells_filter(TableData={**place, **changed})
    shown = client.get_data_cells_filter(**place)["DataCellsFilter"]
    assert shown.pop("VersionId") != version
    assert shown == {**place, **changed}
    client.delete_data_cells_filter(**place)
    assert error_code(client.delete_data_cells_filter, **place) == "EntityNotFoundException"


def test_opt_in(lake: Lake, database: str) -> None:
    client = lake.client
    given = {"Principal": lake.who, "Resource": {"Database": {"Name": database}}}
    client.create_lake_formation_opt_in(**given)
    (shown,) = client.list_lake_formation_opt_ins(**given)["LakeFormationOptInsInfoList"]
    assert {key: shown[key] for key in given} == given
    client.delete_lake_formation_opt_in(**given)
    assert error_code(client.delete_lake_formation_opt_in, **given) == "EntityNotFoundException"


def test_what_is_left_to_iam_is_granted_on_databases_and_tables(lake: Lake, database: str) -> None:
    everybody = Lake(lake.client, EVERYBODY)
    assert everybody.list({"Database": {"Name": database}}) == [("Database", ["ALL"])]
    assert everybody.list(table(database)) == [("Table", ["ALL"])]


def test_only_an_empty_list_clears_the_default_permissions(
    emulator: Endpoint, lake: Lake, database: str, name: str
) -> None:
    defaults = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
    before = lake.client.get_data_lake_settings()["DataLakeSettings"]
    admins = [{"DataLakePrincipalIdentifier": WRITER}]
    lake.client.put_data_lake_settings(DataLakeSettings={"DataLakeAdmins": admins})
    after = lake.client.get_data_lake_settings()["DataLakeSettings"]
    assert after == before | {"DataLakeAdmins": admins}
    try:
        lake.client.put_data_lake_settings(DataLakeSettings={one: [] for one in defaults})
        after = lake.client.get_data_lake_settings()["DataLakeSettings"]
        assert [after[one] for one in defaults] == [[], []]
        glue = emulator.client("glue")
        glue.create_database(DatabaseInput={"Name": name + "_new"})
        glue.create_table(DatabaseName=name + "_new", TableInput={"Name": "t"})
        glue.create_table(DatabaseName=database, TableInput={"Name": "later"})
    finally:
        lake.client.put_data_lake_settings(DataLakeSettings=before)
    everybody = Lake(lake.client, EVERYBODY)
    assert everybody.list({"Database": {"Name": name + "_new"}}) == []
    assert everybody.list(table(name + "_new")) == []
    # A database keeps the defaults it was made with.
    assert everybody.list(table(database, "later")) == [("Table", ["ALL"])]
    definition = glue.get_database(Name=database)["Database"]
    assert definition["CreateTableDefaultPermissions"] == before["CreateTableDefaultPermissions"]
    glue.update_database(
        Name=database,
        DatabaseInput={"Name": database, "CreateTableDefaultPermissions": []},
    )
    glue.create_table(DatabaseName=database, TableInput={"Name": "last"})
    assert everybody.list(table(database, "last")) == []
