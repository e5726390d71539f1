"""Resuming a workflow run that failed, and the properties of runs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Endpoint
from tarn_emulator.execution.graph import downstream
from test_execution_jobs import make_job, start, wait_run
from test_execution_workflow import make_flow, runs_in, wait_flow

# Fails until there is an object that says that the cause is mended.
UNTIL_MENDED = """
import boto3
boto3.client("s3").head_object(Bucket="BUCKET", Key="mended")
"""


def node_ids(run: dict[str, Any]) -> dict[str, str]:
    """The ids of the nodes of a run by their names."""
    return {node["Name"]: node["UniqueId"] for node in run["Graph"]["Nodes"]}


def refused(call: Any, **arguments: Any) -> str:
    """The error code of a call that fails."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return str(error.value.response["Error"]["Code"])


def test_a_run_goes_on_where_it_failed(emulator: Endpoint, name: str) -> None:
    make_flow(emulator, name, UNTIL_MENDED.replace("BUCKET", f"{name}a"))
    glue = emulator.client("glue")
    glue.update_workflow(Name=name, MaxConcurrentRuns=1)
    failed = glue.start_workflow_run(Name=name, RunProperties={"why": "test"})["RunId"]
    running = glue.get_workflow_run(Name=name, RunId=failed, IncludeGraph=True)["Run"]
    ids = node_ids(running)
    resume = {"Name": name, "RunId": failed, "NodeIds": [ids[f"{name}a"]]}
    assert refused(glue.resume_workflow_run, **resume) == "IllegalWorkflowStateException"
    before = wait_flow(emulator, name, failed)
    assert before["Status"] == "COMPLETED"
    assert runs_in(before)[f"{name}a"] == ["FAILED"]
    assert node_ids(before) == ids

    emulator.client("s3").put_object(Bucket=f"{name}a", Key="mended", Body=b"")
    # The job after it is named, too, but it runs when its turn comes, not at once.
    answer = glue.resume_workflow_run(
        Name=name, RunId=failed, NodeIds=[ids[f"{name}c"], ids[f"{name}a"]]
    )
    assert answer["NodeIds"] == [ids[f"{name}a"]]
    assert answer["RunId"] != failed
    run = wait_flow(emulator, name, answer["RunId"])
    assert node_ids(run) == ids
    assert runs_in(run) == {
        name: ["SUCCEEDED"],
        f"{name}a": ["SUCCEEDED"],
        f"{name}b": ["SUCCEEDED"],
        f"{name}c": [],
    }
    assert run["PreviousRunId"] == failed
    assert run["WorkflowRunProperties"] == {"from": "default", "why": "test"}
    assert (run["Statistics"]["SucceededActions"], run["Statistics"]["FailedActions"]) == (3, 0)
    # The crawler did not run again, and the new runs know which workflow run they belong to.
    assert len(glue.list_crawls(CrawlerName=name)["Crawls"]) == 1
    again = glue.get_job_runs(JobName=f"{name}a")["JobRuns"]
    assert [one["Arguments"]["--WORKFLOW_RUN_ID"] for one in again] == [answer["RunId"], failed]
    (after,) = glue.get_job_runs(JobName=f"{name}b")["JobRuns"]
    assert after["PredecessorRuns"] == [{"JobName": f"{name}a", "RunId": again[0]["Id"]}]
    # The run that failed is as it was.
    assert runs_in(wait_flow(emulator, name, failed)) == runs_in(before)
    listed = glue.get_workflow_runs(Name=name)["Runs"]
    assert [one["WorkflowRunId"] for one in listed] == [answer["RunId"], failed]


def test_what_cannot_be_resumed(emulator: Endpoint, name: str) -> None:
    make_flow(emulator, name, "raise SystemExit(1)")
    glue = emulator.client("glue")
    run_id = glue.start_workflow_run(Name=name)["RunId"]
    ids = node_ids(wait_flow(emulator, name, run_id))
    resume = glue.resume_workflow_run
    known = {"Name": name, "RunId": run_id, "NodeIds": [ids[f"{name}a"]]}
    for nodes in ([], ["wnode_none"], [ids[f"{name}-start"]], [ids[f"{name}b"]]):
        code = refused(resume, **{**known, "NodeIds": nodes})
        assert code == "InvalidInputException", nodes
    assert refused(resume, **{**known, "RunId": "wr_none"}) == "EntityNotFoundException"
    assert refused(resume, **{**known, "Name": f"{name}x"}) == "EntityNotFoundException"


def test_a_stopped_run_cannot_be_resumed(emulator: Endpoint, name: str) -> None:
    make_flow(emulator, name, "import time; time.sleep(300)")
    glue = emulator.client("glue")
    run_id = glue.start_workflow_run(Name=name)["RunId"]
    glue.stop_workflow_run(Name=name, RunId=run_id)
    ids = node_ids(wait_flow(emulator, name, run_id))
    resume = {"Name": name, "RunId": run_id, "NodeIds": [ids[name]]}
    assert refused(glue.resume_workflow_run, **resume) == "IllegalWorkflowStateException"


def test_a_job_reads_and_adds_properties_of_its_run(emulator: Endpoint, name: str) -> None:
    glue = emulator.client("glue")
    script = (
        "import boto3, sys\n"
        "a = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"
        "run = {'Name': a['--WORKFLOW_NAME'], 'RunId': a['--WORKFLOW_RUN_ID']}\n"
        "glue = boto3.client('glue')\n"
        "found = glue.get_workflow_run_properties(**run)['RunProperties']\n"
        "found = {'seen': found['tarn_from'], 'tarn_full': 'true'}\n"
        "glue.put_workflow_run_properties(**run, RunProperties=found)\n"
    )
    make_job(emulator, name, script)
    glue.create_workflow(Name=name, DefaultRunProperties={"tarn_full": "false"})
    glue.create_trigger(Name=name, WorkflowName=name, Type="ON_DEMAND", Actions=[{"JobName": name}])
    given = {"tarn_from": "2026-01-01"}
    run_id = glue.start_workflow_run(Name=name, RunProperties=given)["RunId"]
    run = wait_flow(emulator, name, run_id)
    assert runs_in(run) == {name: ["SUCCEEDED"]}
    expected = {"tarn_from": "2026-01-01", "seen": "2026-01-01", "tarn_full": "true"}
    assert run["WorkflowRunProperties"] == expected
    shown = glue.get_workflow_run_properties(Name=name, RunId=run_id)["RunProperties"]
    assert shown == expected
    assert glue.get_workflow(Name=name)["Workflow"]["DefaultRunProperties"] == {
        "tarn_full": "false"
    }
    call = glue.get_workflow_run_properties
    assert refused(call, Name=name, RunId="wr_none") == "EntityNotFoundException"


def test_runs_are_listed_in_pages_newest_first(emulator: Endpoint, name: str) -> None:
    glue = emulator.client("glue")
    make_job(emulator, name, "")
    glue.create_workflow(Name=name)
    glue.create_trigger(Name=name, WorkflowName=name, Type="ON_DEMAND", Actions=[{"JobName": name}])
    made = []
    for _ in range(3):
        made.append(glue.start_workflow_run(Name=name)["RunId"])
        wait_flow(emulator, name, made[-1])
    first = glue.get_workflow_runs(Name=name, MaxResults=2)
    second = glue.get_workflow_runs(Name=name, MaxResults=2, NextToken=first["NextToken"])
    assert "NextToken" not in second
    listed = [run["WorkflowRunId"] for run in first["Runs"] + second["Runs"]]
    assert listed == list(reversed(made))
    job_run = wait_run(emulator, name, start(emulator, name), 20)
    assert "--WORKFLOW_RUN_ID" not in job_run.get("Arguments", {})


@pytest.mark.parametrize(
    ("first", "after", "fired"),
    [
        ([("CRAWLER", "crawl")], {"a", "b", "c"}, {"t1", "t2", "t3"}),
        ([("JOB", "a")], {"b", "c"}, {"t2", "t3"}),
        ([("JOB", "b")], {"c"}, {"t3"}),
        ([("JOB", "c")], set(), set()),
        ([("JOB", "a"), ("JOB", "b")], {"b", "c"}, {"t2", "t3"}),
    ],
)
def test_what_comes_after(first: list[tuple[str, str]], after: set[str], fired: set[str]) -> None:
    triggers: list[dict[str, Any]] = [
        {"Name": "t0", "Actions": [{"CrawlerName": "crawl"}]},
        {
            "Name": "t1",
            "Predicate": {"Conditions": [{"CrawlerName": "crawl"}]},
            "Actions": [{"JobName": "a"}],
        },
        {
            "Name": "t2",
            "Predicate": {"Conditions": [{"JobName": "a"}]},
            "Actions": [{"JobName": "b"}],
        },
        {
            "Name": "t3",
            "Predicate": {"Conditions": [{"JobName": "a"}, {"JobName": "b"}]},
            "Actions": [{"JobName": "c"}],
        },
    ]
    found, names = downstream(triggers, first)
    assert ({name for _, name in found}, names) == (after, fired)
