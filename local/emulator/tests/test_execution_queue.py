"""Job run queuing, and what a run says of its capacity."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Endpoint, wait_for
from tarn_emulator.execution.capacity import dpu_seconds, max_capacity
from test_execution_jobs import PYTHON_OUTPUT, log_lines, make_job, run_of, start, wait_run

UNTIL_TOLD = """
import time, boto3
s3 = boto3.client("s3")
print("up", flush=True)
while "Contents" not in s3.list_objects_v2(Bucket="NAME", Prefix="go"):
    time.sleep(0.2)
"""


def test_a_run_above_the_limit_waits_for_its_turn(emulator: Endpoint, name: str) -> None:
    make_job(emulator, name, UNTIL_TOLD.replace("NAME", name), JobRunQueuingEnabled=True)
    first, second, third = (start(emulator, name) for _ in range(3))
    wait_for(lambda: log_lines(emulator, PYTHON_OUTPUT, first), "the first run")
    waiting = run_of(emulator, name, second)
    assert (waiting["JobRunState"], waiting["ExecutionTime"]) == ("WAITING", 0)
    assert "concurrent runs" in waiting["StateDetail"]
    assert waiting["JobRunQueuingEnabled"] is True
    # A run may do without the queue although its job has one.
    with pytest.raises(ClientError) as refused:
        start(emulator, name, JobRunQueuingEnabled=False)
    assert refused.value.response["Error"]["Code"] == "ConcurrentRunsExceededException"
    glue = emulator.client("glue")
    glue.batch_stop_job_run(JobName=name, JobRunIds=[third])
    assert wait_run(emulator, name, third, 10)["JobRunState"] == "STOPPED"
    assert run_of(emulator, name, second)["JobRunState"] == "WAITING"

    emulator.client("s3").put_object(Bucket=name, Key="go", Body=b"")
    ended = [wait_run(emulator, name, run_id, 30) for run_id in (first, second)]
    assert [run["JobRunState"] for run in ended] == ["SUCCEEDED", "SUCCEEDED"]
    assert ended[1]["StartedOn"] >= ended[0]["CompletedOn"]
    assert "StateDetail" not in ended[1]


def test_a_job_in_a_workflow_waits_and_goes_when_the_workflow_is_stopped(
    emulator: Endpoint, name: str
) -> None:
    glue = emulator.client("glue")
    make_job(emulator, name, UNTIL_TOLD.replace("NAME", name), JobRunQueuingEnabled=True)
    glue.create_workflow(Name=name)
    glue.create_trigger(Name=name, WorkflowName=name, Type="ON_DEMAND", Actions=[{"JobName": name}])
    alone = start(emulator, name)
    run_id = glue.start_workflow_run(Name=name)["RunId"]
    run = glue.get_workflow_run(Name=name, RunId=run_id)["Run"]
    assert (run["Status"], run["Statistics"]["WaitingActions"]) == ("RUNNING", 1)
    glue.stop_workflow_run(Name=name, RunId=run_id)

    def stopped() -> bool:
        return glue.get_workflow_run(Name=name, RunId=run_id)["Run"]["Status"] == "STOPPED"

    wait_for(stopped, "the stop", 20)
    glue.batch_stop_job_run(JobName=name, JobRunIds=[alone])
    wait_run(emulator, name, alone, 20)


def test_a_run_tells_its_capacity(emulator: Endpoint, name: str) -> None:
    make_job(
        emulator,
        name,
        "import time; time.sleep(1.2)",
        WorkerType="G.2X",
        NumberOfWorkers=3,
        ExecutionClass="FLEX",
    )
    flex = wait_run(emulator, name, start(emulator, name), 20)
    assert (flex["ExecutionClass"], flex["MaxCapacity"]) == ("FLEX", 6.0)
    assert flex["DPUSeconds"] == flex["ExecutionTime"] * 6 > 0
    started = start(emulator, name, ExecutionClass="STANDARD", NumberOfWorkers=2)
    standard = wait_run(emulator, name, started, 20)
    assert (standard["ExecutionClass"], standard["MaxCapacity"]) == ("STANDARD", 4.0)
    assert "DPUSeconds" not in standard
    scaling = start(
        emulator, name, ExecutionClass="STANDARD", Arguments={"--enable-auto-scaling": "true"}
    )
    assert "DPUSeconds" in wait_run(emulator, name, scaling, 20)


@pytest.mark.parametrize(
    ("command", "shape", "expected"),
    [
        ("glueetl", {"WorkerType": "G.1X", "NumberOfWorkers": 10}, 10.0),
        ("glueetl", {"WorkerType": "G.8X", "NumberOfWorkers": 2}, 16.0),
        ("gluestreaming", {"WorkerType": "G.025X", "NumberOfWorkers": 2}, 0.5),
        ("glueetl", {"MaxCapacity": 4}, 4.0),
        ("glueetl", {}, 10.0),
        ("pythonshell", {}, 0.0625),
        ("pythonshell", {"MaxCapacity": 1.0}, 1.0),
    ],
)
def test_max_capacity(command: str, shape: dict[str, Any], expected: float) -> None:
    assert max_capacity(command, shape) == expected


def test_dpu_seconds_are_told_of_flex_and_auto_scaling_only() -> None:
    assert dpu_seconds({"ExecutionClass": "STANDARD"}, False, 2, 10) is None
    assert dpu_seconds({"ExecutionClass": "FLEX"}, False, 2, 10) == 20
    assert dpu_seconds({}, True, 0.5, 10) == 5
