"""The calls of auditors."""

from __future__ import annotations

from botocore.exceptions import ClientError
from emulator_process import Endpoint
from pytest import raises


def search(emulator: Endpoint, **parameters: object) -> list[str]:
    found = emulator.client("glue").search_tables(**parameters)
    return [f"{table['DatabaseName']}.{table['Name']}" for table in found["TableList"]]


def test_tables_are_found_in_all_databases(emulator: Endpoint) -> None:
    glue = emulator.client("glue")
    for database in ("searched_b", "searched_a"):
        glue.create_database(DatabaseInput={"Name": database})
        glue.create_table(
            DatabaseName=database,
            TableInput={"Name": f"hay_{database[-1]}", "Description": "Needle of a search"},
        )
    assert search(emulator, SearchText="needle") == ["searched_a.hay_a", "searched_b.hay_b"]
    assert search(emulator, SearchText="hay_b") == ["searched_b.hay_b"]
    assert search(emulator, SearchText="nowhere to be found") == []


def test_a_search_comes_in_pages(emulator: Endpoint) -> None:
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": "paged"})
    for number in range(3):
        glue.create_table(DatabaseName="paged", TableInput={"Name": f"paged_{number}"})
    first = glue.search_tables(SearchText="paged_", MaxResults=2)
    rest = glue.search_tables(SearchText="paged_", MaxResults=2, NextToken=first["NextToken"])
    assert [len(page["TableList"]) for page in (first, rest)] == [2, 1]
    assert "NextToken" not in rest


def test_what_is_not_searched_by_is_refused(emulator: Endpoint) -> None:
    with raises(ClientError, match="SearchText only"):
        search(emulator, Filters=[{"Key": "Name", "Value": "t"}])


def test_a_catalog_with_a_policy_gives_it(emulator: Endpoint) -> None:
    glue = emulator.client("glue")
    policy = '{"Version": "2012-10-17", "Statement": []}'
    glue.put_resource_policy(PolicyInJson=policy)
    try:
        assert glue.get_resource_policy()["PolicyInJson"] == policy
    finally:
        glue.delete_resource_policy()
