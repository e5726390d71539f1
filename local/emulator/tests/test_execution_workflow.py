"""Workflow runs: crawl, job, job, and the branch for a failure."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Endpoint, wait_for
from test_execution_jobs import make_job, wait_run

CSV = b"id,price\n1,1.5\n2,2.5\n"


def make_crawler(emulator: Endpoint, name: str, path: str, **settings: Any) -> str:
    """A crawler that writes into the database of the same name."""
    emulator.client("glue").create_crawler(
        Name=name,
        Role="glue",
        DatabaseName=name,
        Targets={"S3Targets": [{"Path": path, **settings.pop("Target", {})}]},
        **settings,
    )
    return name


def make_flow(emulator: Endpoint, name: str, first: str, **workflow: Any) -> None:
    """A crawler, then job <name>a, then on success <name>b, on failure <name>c."""
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": name})
    make_job(emulator, f"{name}a", first)
    emulator.client("s3").put_object(Bucket=f"{name}a", Key="raw/items/items.csv", Body=CSV)
    make_job(emulator, f"{name}b", "import sys; print(sys.argv[1:])")
    make_job(emulator, f"{name}c", "print('repairing')")
    make_crawler(emulator, name, f"s3://{name}a/raw/")
    glue.create_workflow(Name=name, DefaultRunProperties={"from": "default"}, **workflow)
    glue.create_trigger(
        Name=f"{name}-start",
        WorkflowName=name,
        Type="ON_DEMAND",
        Actions=[{"CrawlerName": name}],
    )
    after = {
        "crawl": ({"CrawlerName": name, "CrawlState": "SUCCEEDED"}, "a", {}),
        "good": ({"JobName": f"{name}a", "State": "SUCCEEDED"}, "b", {"--extra": "from trigger"}),
        "bad": ({"JobName": f"{name}a", "State": "FAILED"}, "c", {}),
    }
    for kind, (condition, job, arguments) in after.items():
        glue.create_trigger(
            Name=f"{name}-{kind}",
            WorkflowName=name,
            Type="CONDITIONAL",
            StartOnCreation=True,
            Predicate={
                "Logical": "AND",
                "Conditions": [{"LogicalOperator": "EQUALS", **condition}],
            },
            Actions=[{"JobName": f"{name}{job}", "Arguments": arguments}],
        )


def wait_flow(emulator: Endpoint, name: str, run_id: str) -> dict[str, Any]:
    """The workflow run once it is over."""

    def over() -> dict[str, Any] | None:
        run = emulator.client("glue").get_workflow_run(Name=name, RunId=run_id, IncludeGraph=True)[
            "Run"
        ]
        return run if run["Status"] not in ("RUNNING", "STOPPING") else None

    return wait_for(over, "the end of the workflow", 60)


def runs_in(run: dict[str, Any]) -> dict[str, list[str]]:
    """The states per node of a run's graph."""
    states = {}
    for node in run["Graph"]["Nodes"]:
        if node["Type"] == "JOB":
            states[node["Name"]] = [r["JobRunState"] for r in node["JobDetails"]["JobRuns"]]
        elif node["Type"] == "CRAWLER":
            states[node["Name"]] = [c["State"] for c in node["CrawlerDetails"]["Crawls"]]
    return states


def test_a_workflow_crawls_then_runs_the_jobs(emulator: Endpoint, name: str) -> None:
    make_flow(emulator, name, "print('fine')")
    glue = emulator.client("glue")
    run_id = glue.start_workflow_run(Name=name, RunProperties={"why": "test"})["RunId"]
    run = wait_flow(emulator, name, run_id)

    assert run_id.startswith("wr_")
    assert run["Status"] == "COMPLETED"
    assert runs_in(run) == {
        name: ["SUCCEEDED"],
        f"{name}a": ["SUCCEEDED"],
        f"{name}b": ["SUCCEEDED"],
        f"{name}c": [],
    }
    counted = run["Statistics"]
    assert (counted["TotalActions"], counted["SucceededActions"]) == (4, 3)
    assert run["WorkflowRunProperties"] == {"from": "default", "why": "test"}
    job_run = glue.get_job_runs(JobName=f"{name}b")["JobRuns"][0]
    assert job_run["Arguments"]["--WORKFLOW_RUN_ID"] == run_id
    assert job_run["Arguments"]["--WORKFLOW_NAME"] == name
    assert job_run["Arguments"]["--extra"] == "from trigger"
    assert job_run["TriggerName"] == f"{name}-good"
    assert glue.get_table(DatabaseName=name, Name="items")["Table"]["PartitionKeys"] == []
    shown = glue.get_workflow(Name=name, IncludeGraph=True)["Workflow"]
    assert shown["LastRun"]["WorkflowRunId"] == run_id
    assert len(shown["Graph"]["Nodes"]) == 8
    assert "Graph" not in glue.get_workflow(Name=name)["Workflow"]


def test_a_failed_job_takes_the_failure_branch_and_the_run_still_completes(
    emulator: Endpoint, name: str
) -> None:
    make_flow(emulator, name, "raise SystemExit(1)")
    glue = emulator.client("glue")
    glue.start_trigger(Name=f"{name}-start")
    (only,) = glue.get_workflow_runs(Name=name)["Runs"]
    run = wait_flow(emulator, name, only["WorkflowRunId"])
    assert run["Status"] == "COMPLETED"
    assert runs_in(run)[f"{name}a"] == ["FAILED"]
    assert runs_in(run)[f"{name}b"] == []
    assert runs_in(run)[f"{name}c"] == ["SUCCEEDED"]
    assert run["Statistics"]["FailedActions"] == 1
    assert glue.get_trigger(Name=f"{name}-start")["Trigger"]["State"] == "CREATED"


def test_a_running_workflow_is_limited_and_can_be_stopped(emulator: Endpoint, name: str) -> None:
    make_flow(emulator, name, "import time; time.sleep(300)", MaxConcurrentRuns=1)
    glue = emulator.client("glue")
    run_id = glue.start_workflow_run(Name=name)["RunId"]
    with pytest.raises(ClientError) as refused:
        glue.start_workflow_run(Name=name)
    assert refused.value.response["Error"]["Code"] == "ConcurrentRunsExceededException"
    wait_for(
        lambda: [
            run
            for run in glue.get_job_runs(JobName=f"{name}a")["JobRuns"]
            if run["JobRunState"] == "RUNNING"
        ],
        "the job",
        20,
    )
    running = glue.get_workflow_run(Name=name, RunId=run_id)["Run"]
    assert (running["Status"], running["Statistics"]["RunningActions"]) == ("RUNNING", 1)
    glue.stop_workflow_run(Name=name, RunId=run_id)
    run = wait_flow(emulator, name, run_id)
    assert run["Status"] == "STOPPED"
    assert runs_in(run)[f"{name}a"] == ["STOPPED"]
    assert runs_in(run)[f"{name}b"] == runs_in(run)[f"{name}c"] == []
    with pytest.raises(ClientError) as again:
        glue.stop_workflow_run(Name=name, RunId=run_id)
    assert again.value.response["Error"]["Code"] == "IllegalWorkflowStateException"


def test_a_job_that_cannot_start_is_an_errored_action(emulator: Endpoint, name: str) -> None:
    glue = emulator.client("glue")
    glue.create_workflow(Name=name)
    with pytest.raises(ClientError, match="no start trigger"):
        glue.start_workflow_run(Name=name)
    glue.create_trigger(
        Name=name,
        WorkflowName=name,
        Type="SCHEDULED",
        Schedule="cron(0 1 * * ? *)",
        Actions=[{"JobName": f"{name}-missing"}],
    )
    run_id = glue.start_workflow_run(Name=name)["RunId"]
    run = wait_flow(emulator, name, run_id)
    assert run["Status"] == "COMPLETED"
    assert run["Statistics"]["ErroredActions"] == 1
    assert runs_in(run) == {f"{name}-missing": ["ERROR"]}


def test_a_retried_job_decides_by_its_last_attempt(emulator: Endpoint, name: str) -> None:
    glue = emulator.client("glue")
    second = "import sys; sys.exit(0 if '_attempt_1' in ' '.join(sys.argv) else 1)"
    make_job(emulator, f"{name}a", second, MaxRetries=1)
    make_job(emulator, f"{name}b", "")
    glue.create_workflow(Name=name)
    glue.create_trigger(
        Name=f"{name}1", WorkflowName=name, Type="ON_DEMAND", Actions=[{"JobName": f"{name}a"}]
    )
    glue.create_trigger(
        Name=f"{name}2",
        WorkflowName=name,
        Type="CONDITIONAL",
        StartOnCreation=True,
        Predicate={
            "Logical": "AND",
            "Conditions": [
                {"LogicalOperator": "EQUALS", "JobName": f"{name}a", "State": "SUCCEEDED"}
            ],
        },
        Actions=[{"JobName": f"{name}b"}],
    )
    run = wait_flow(emulator, name, glue.start_workflow_run(Name=name)["RunId"])
    assert runs_in(run) == {f"{name}a": ["FAILED", "SUCCEEDED"], f"{name}b": ["SUCCEEDED"]}
    assert run["Statistics"]["SucceededActions"] == 2


def test_triggers_outside_a_workflow(emulator: Endpoint, name: str) -> None:
    glue = emulator.client("glue")
    make_job(emulator, f"{name}a", "")
    make_job(emulator, f"{name}b", "")
    glue.create_trigger(Name=f"{name}1", Type="ON_DEMAND", Actions=[{"JobName": f"{name}a"}])
    glue.create_trigger(
        Name=f"{name}2",
        Type="CONDITIONAL",
        StartOnCreation=False,
        Predicate={
            "Logical": "AND",
            "Conditions": [
                {"LogicalOperator": "EQUALS", "JobName": f"{name}a", "State": "SUCCEEDED"}
            ],
        },
        Actions=[{"JobName": f"{name}b"}],
    )
    glue.start_trigger(Name=f"{name}2")
    assert glue.get_trigger(Name=f"{name}2")["Trigger"]["State"] == "ACTIVATED"
    glue.start_trigger(Name=f"{name}1")
    first = glue.get_job_runs(JobName=f"{name}a")["JobRuns"][0]["Id"]
    wait_run(emulator, f"{name}a", first, 20)
    (second,) = wait_for(lambda: glue.get_job_runs(JobName=f"{name}b")["JobRuns"], "b", 20)
    assert wait_run(emulator, f"{name}b", second["Id"], 20)["JobRunState"] == "SUCCEEDED"
    assert glue.get_trigger(Name=f"{name}1")["Trigger"]["State"] == "CREATED"
