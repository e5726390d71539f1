"""Metrics and catalog entries, told to a real emulator process."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from tarn_jobs import arguments, metrics
from tarn_jobs.report import DatasetResult, TableResult

pytest_plugins = ["aws_emulator"]


def job(**changes):
    """Return the arguments of a job in a workflow."""
    values = {
        f"{name}_uri": f"file:///{name}"
        for name in ("manifest", "report", "raw", "staged", "analytics", "quarantine")
    }
    values |= {f"{name}_database": name for name in ("staged", "analytics", "quarantine")}
    values |= {"job_run_id": "jr_1", "workflow_run_id": "wr_1"}
    return arguments.JobArguments(**values | changes)


def published(pipeline):
    """Return {(metric, job or data set): sum} of a pipeline."""
    client = boto3.client("cloudwatch")
    now = datetime.now(UTC)
    found = {}
    for page in client.get_paginator("list_metrics").paginate(Namespace="Tarn"):
        for metric in page["Metrics"]:
            dimensions = {entry["Name"]: entry["Value"] for entry in metric["Dimensions"]}
            if dimensions.pop("Pipeline") != pipeline:
                continue
            points = client.get_metric_statistics(
                Namespace="Tarn",
                MetricName=metric["MetricName"],
                Dimensions=metric["Dimensions"],
                StartTime=now - timedelta(hours=1),
                EndTime=now + timedelta(hours=1),
                Period=3600,
                Statistics=["Sum"],
            )["Datapoints"]
            key = (metric["MetricName"], "/".join(dimensions.values()))
            found[key] = sum(point["Sum"] for point in points)
    return found


RESULTS = [
    DatasetResult("one", read=10, valid=7, quarantined=3),
    DatasetResult("two", read=30, valid=30),
    DatasetResult("bad", error="it broke"),
]


def test_publish(aws):
    started = datetime.now(UTC) - timedelta(minutes=2)
    metrics.publish(job(metrics_name="a"), "raw-to-staged", RESULTS, started=started)
    found = published("a")
    assert found.pop(("DurationSeconds", "raw-to-staged")) == pytest.approx(120, abs=30)
    assert found == {("Failed", "raw-to-staged"): 1, ("QuarantineRatio", ""): 0.075}


def test_publish_of_each_dataset(aws):
    argument = job(metrics_name="b", dataset_metrics=True)
    started = datetime.now(UTC)
    metrics.publish(argument, "raw-to-staged", RESULTS[:2], started=started, succeeded=True)
    found = published("b")
    assert found.pop(("DurationSeconds", "raw-to-staged")) < 30
    assert found == {
        ("Failed", "raw-to-staged"): 0,
        ("QuarantineRatio", ""): 0.075,
        ("RowsRead", "one"): 10,
        ("RowsStaged", "one"): 7,
        ("RowsQuarantined", "one"): 3,
        ("RowsRead", "two"): 30,
        ("RowsStaged", "two"): 30,
        ("RowsQuarantined", "two"): 0,
        ("Succeeded", ""): 1,
    }


def test_publish_of_tables_and_of_nothing(aws):
    started = datetime.now(UTC)
    metrics.publish(
        job(metrics_name="c"), "staged-to-analytics", [TableResult("t")], started=started
    )
    assert {name for name, _ in published("c")} == {"DurationSeconds", "Failed"}
    metrics.publish(job(metrics_name="d"), "raw-to-staged", [DatasetResult("x")], started=started)
    assert published("d")[("QuarantineRatio", "")] == 0


def test_publish_in_parts(aws):
    many = [DatasetResult(f"d{number}", read=1, valid=1) for number in range(700)]
    started = datetime.now(UTC)
    argument = job(metrics_name="e", dataset_metrics=True)
    metrics.publish(argument, "raw-to-staged", many, started=started)
    assert len(published("e")) == 3 * len(many) + 3


def test_publish_without_a_name_tells_nobody(aws):
    metrics.publish(job(), "raw-to-staged", RESULTS, started=datetime.now(UTC))
    assert published("") == {}


def test_a_failure_to_publish_is_printed(aws, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    metrics.publish(job(metrics_name="f"), "raw-to-staged", RESULTS, started=datetime.now(UTC))
    assert "metrics were not published: Could not connect" in capsys.readouterr().out


@pytest.fixture
def table(aws, request):
    """A table of the catalog with a parameter of its own."""
    glue = boto3.client("glue")
    database = request.node.name
    glue.create_database(DatabaseInput={"Name": database})
    columns = [{"Name": "a", "Type": "int"}]
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": "t",
            "Description": "kept",
            "StorageDescriptor": {"Columns": columns, "Location": "s3://b/t"},
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"metadata_location": "s3://b/t/1.json"},
        },
    )
    return database


def entry(database):
    """Return the table of the catalog."""
    return boto3.client("glue").get_table(DatabaseName=database, Name="t")["Table"]


def test_catalog_entry(table):
    before = entry(table)
    metrics._describe(boto3.client("glue"), table, "t", {"rows_read": "5", "classification": ""})
    after = entry(table)
    assert after["Parameters"] == {"metadata_location": "s3://b/t/1.json", "tarn.rows_read": "5"}
    for name in ("Description", "StorageDescriptor", "TableType"):
        assert after[name] == before[name]
    # The same again is no new version.
    metrics._describe(boto3.client("glue"), table, "t", {"rows_read": "5"})
    assert entry(table)["VersionId"] == after["VersionId"]


def test_a_commit_in_between_is_not_taken_back(table):
    glue = boto3.client("glue")
    others = iter(["s3://b/t/2.json", "s3://b/t/3.json"])

    def commit_of_somebody_else(**_):
        """Between the reading of the entry and its update, twice."""
        if location := next(others, None):
            definition = {"Name": "t", "Parameters": {"metadata_location": location}}
            boto3.client("glue").update_table(DatabaseName=table, TableInput=definition)

    glue.meta.events.register("before-call.glue.UpdateTable", commit_of_somebody_else)
    metrics._describe(glue, table, "t", {"rows_read": "6"})
    assert entry(table)["Parameters"] == {
        "metadata_location": "s3://b/t/3.json",
        "tarn.rows_read": "6",
    }


def test_a_missing_table_is_printed(aws, capsys):
    metrics._describe(boto3.client("glue"), "nowhere", "t", {"rows_read": "1"})
    assert "t: the catalog entry was not updated" in capsys.readouterr().out
