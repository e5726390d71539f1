"""The log groups that jobs and crawlers really write to."""

from __future__ import annotations

import pytest
from conftest import Endpoint
from tarn_emulator.execution.logs import ABSENT_GROUP, job_groups
from test_execution_crawler import crawl
from test_execution_jobs import log_lines, make_job, start, wait_run

ROLE = "arn:aws:iam::123456789012:role/some/path/reader"


def groups(emulator: Endpoint, prefix: str) -> dict[str, int | None]:
    """The log groups with a prefix, and how long each keeps its events."""
    found = emulator.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


def noted(emulator: Endpoint) -> set[str]:
    """The groups of which the emulator's log says that no deployment had made them."""
    lines = (emulator.state_dir / "emulator.log").read_text().splitlines()
    return {line.removeprefix(ABSENT_GROUP).strip() for line in lines if ABSENT_GROUP in line}


@pytest.mark.parametrize(
    ("kind", "configuration", "expected"),
    [
        ("glueetl", None, "/mine"),
        ("glueetl", "sc", "/mine/sc-role/some/path/reader"),
        ("gluestreaming", "sc", "/mine/sc-role/some/path/reader"),
        ("pythonshell", None, "/aws-glue/python-jobs"),
        ("pythonshell", "sc", "/aws-glue/python-jobs/sc-role/some/path/reader"),
    ],
)
def test_names_of_log_groups(kind: str, configuration: str | None, expected: str) -> None:
    for role in (ROLE, "some/path/reader", "/some/path/reader"):
        assert job_groups(kind, "/mine", configuration, role) == expected


def test_a_security_configuration_is_part_of_the_name(emulator: Endpoint, name: str) -> None:
    logs = emulator.client("logs")
    expected = {f"/aws-glue/python-jobs/{name}-role/glue/{kind}": 7 for kind in ("output", "error")}
    for group, days in expected.items():
        logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=days)
    make_job(emulator, name, "print('hello'); raise SystemExit(1)", SecurityConfiguration=name)
    run_id = start(emulator, name)
    run = wait_run(emulator, name, run_id, 20)
    assert run["LogGroupName"] == f"/aws-glue/python-jobs/{name}-role/glue"
    assert log_lines(emulator, f"{run['LogGroupName']}/output", run_id) == ["hello"]
    assert log_lines(emulator, f"{run['LogGroupName']}/error", f"{run_id}-driver")
    # No other group came into being, and those that were there keep what they had.
    assert groups(emulator, f"/aws-glue/python-jobs/{name}") == expected
    assert not [group for group in noted(emulator) if name in group]


def test_a_group_that_is_missing_is_made_and_noted(emulator: Endpoint, name: str) -> None:
    make_job(emulator, name, "", SecurityConfiguration=name)
    wait_run(emulator, name, start(emulator, name), 20)
    start_of_names = f"/aws-glue/python-jobs/{name}-role/glue"
    expected = {f"{start_of_names}/output", f"{start_of_names}/error"}
    assert groups(emulator, start_of_names) == dict.fromkeys(expected)
    assert expected <= noted(emulator)


def test_a_crawler_with_a_security_configuration_writes_to_a_group_of_its_role(
    emulator: Endpoint, name: str
) -> None:
    emulator.client("glue").create_database(DatabaseInput={"Name": name})
    emulator.client("s3").create_bucket(Bucket=name)
    emulator.client("s3").put_object(Bucket=name, Key="raw/a/a.csv", Body=b"id,n\n1,2\n")
    emulator.client("glue").create_crawler(
        Name=name,
        Role=ROLE,
        DatabaseName=name,
        Targets={"S3Targets": [{"Path": f"s3://{name}/raw/"}]},
        CrawlerSecurityConfiguration=f"{name}-sc",
    )
    crawl(emulator, name)
    group = f"/aws-glue/crawlers-role/some/path/reader-{name}-sc"
    assert any("Start Crawl" in line for line in log_lines(emulator, group, name))
    last = emulator.client("glue").get_crawler(Name=name)["Crawler"]["LastCrawl"]
    assert (last["Status"], last["LogGroup"]) == ("SUCCEEDED", group)
