"""Glue job runs against the real emulator: Spark, failures, kills, stops, limits, retries."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Endpoint, read_json, start_emulator, wait_for

PYTHON_OUTPUT = "/aws-glue/python-jobs/output"
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}
ICEBERG_CONF = (
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    " --conf spark.sql.catalog.glue_catalog=org.apache.iceberg.spark.SparkCatalog"
    " --conf spark.sql.catalog.glue_catalog.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog"
    " --conf spark.sql.catalog.glue_catalog.io-impl=org.apache.iceberg.aws.s3.S3FileIO"
    " --conf spark.sql.session.timeZone=UTC"
)

ICEBERG_SCRIPT = """
import sys
from pyspark.sql import SparkSession
from library import double

args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
bucket, database = args["--bucket"], args["--database"]
spark = SparkSession.builder.getOrCreate()
rows = spark.read.option("header", "true").csv(f"s3://{bucket}/in/")
rows.createOrReplaceTempView("rows")
spark.sql(f"CREATE TABLE glue_catalog.{database}.items (id int, label string, price double)"
          f" USING iceberg LOCATION 's3://{bucket}/items' TBLPROPERTIES ('format-version'='2')")
spark.sql(f"INSERT INTO glue_catalog.{database}.items"
          " SELECT cast(id AS int), label, cast(price AS double) FROM rows")
rows.write.parquet(f"s3://{bucket}/parquet/")
print("rows:", spark.table(f"glue_catalog.{database}.items").count(), "twice:", double(21))
print("arguments:", sorted(args))
print("zone:", spark.conf.get("spark.sql.session.timeZone"))
"""


def make_job(
    emulator: Endpoint, name: str, script: str, *, python_shell: bool = True, **settings: Any
) -> str:
    """Deploy a script and a job of the same name."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="code/script.py", Body=script.encode())
    emulator.client("glue").create_job(
        Name=name,
        Role="arn:aws:iam::123456789012:role/glue",
        Command={
            "Name": "pythonshell" if python_shell else "glueetl",
            "ScriptLocation": f"s3://{name}/code/script.py",
            "PythonVersion": "3",
        },
        GlueVersion="5.1",
        **settings,
    )
    return name


def run_of(emulator: Endpoint, job: str, run_id: str) -> dict[str, Any]:
    """The run as GetJobRun shows it."""
    return emulator.client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"]


def wait_run(emulator: Endpoint, job: str, run_id: str, seconds: float = 120) -> dict[str, Any]:
    """The run once it has ended."""

    def ended() -> dict[str, Any] | None:
        run = run_of(emulator, job, run_id)
        return run if run["JobRunState"] in ENDED else None

    return wait_for(ended, f"the end of {job}", seconds)


def start(emulator: Endpoint, job: str, **options: Any) -> str:
    """Start a run."""
    return emulator.client("glue").start_job_run(JobName=job, **options)["JobRunId"]


def log_lines(emulator: Endpoint, group: str, stream: str) -> list[str]:
    """The lines of a log stream, nothing while it does not exist."""
    logs = emulator.client("logs")
    try:
        answer = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in answer["events"]]


def processes_with(marker: str) -> list[int]:
    """The ids of processes whose command line contains the marker."""
    answer = subprocess.run(["pgrep", "-f", marker], capture_output=True, text=True, check=False)
    return [int(line) for line in answer.stdout.split() if int(line) != os.getpid()]


@pytest.fixture(scope="module", autouse=True)
def overdue(emulator: Endpoint) -> tuple[str, str]:
    """A run with a timeout of one minute, Glue's shortest, started before all other tests."""
    job = make_job(emulator, "overdue", "import time\ntime.sleep(300)\n", Timeout=480)
    return job, start(emulator, job, Timeout=1)


# --- Spark -----------------------------------------------------------------------------------


def test_a_spark_job_reads_s3_and_writes_iceberg_through_the_glue_catalog(
    emulator: Endpoint, name: str
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as library:
        library.writestr("library/__init__.py", "def double(n):\n    return 2 * n\n")
    make_job(
        emulator,
        name,
        ICEBERG_SCRIPT,
        python_shell=False,
        DefaultArguments={
            "--datalake-formats": "iceberg",
            "--conf": ICEBERG_CONF,
            "--extra-py-files": f"s3://{name}/code/library.zip",
            "--custom-logGroup-prefix": f"/tarn/test/{name}",
            "--bucket": "to be overridden",
            "--database": name,
        },
        WorkerType="G.1X",
        NumberOfWorkers=2,
    )
    s3 = emulator.client("s3")
    s3.put_object(Bucket=name, Key="code/library.zip", Body=archive.getvalue())
    s3.put_object(Bucket=name, Key="in/a.csv", Body=b"id,label,price\n1,one,1.5\n2,,2.5\n")
    emulator.client("glue").create_database(DatabaseInput={"Name": name})

    run_id = start(emulator, name, Arguments={"--bucket": name})
    run = wait_run(emulator, name, run_id)

    lines = log_lines(emulator, f"/tarn/test/{name}/output", run_id)
    assert run["JobRunState"] == "SUCCEEDED", (run, lines)
    assert "rows: 2 twice: 42" in lines
    assert "zone: UTC" in lines
    arguments = next(line for line in lines if line.startswith("arguments:"))
    for expected in ("--JOB_NAME", "--JOB_RUN_ID", "--conf", "--datalake-formats"):
        assert expected in arguments
    assert 1 < run["ExecutionTime"] < 120
    assert run["Arguments"] == {"--bucket": name}
    assert run["LogGroupName"] == f"/tarn/test/{name}"
    assert (run["GlueVersion"], run["WorkerType"], run["Attempt"]) == ("5.1", "G.1X", 0)
    table = emulator.client("glue").get_table(DatabaseName=name, Name="items")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=name)["Contents"]]
    assert any(key.startswith("items/data/") for key in keys)
    assert "parquet/_SUCCESS" in keys
    system = log_lines(emulator, f"/tarn/test/{name}/error", f"{run_id}-driver")
    assert not [line for line in system if "AWS" in line or "Exception" in line]
    assert rows_by_athena(emulator, name, "SELECT * FROM items ORDER BY id") == [
        ["id", "label", "price"],
        ["1", "one", "1.5"],
        ["2", None, "2.5"],
    ]
    assert not (emulator.state_dir / "runs" / run_id).exists(), "the work folder is left behind"


def rows_by_athena(emulator: Endpoint, name: str, sql: str) -> list[list[str | None]]:
    """The rows that Athena reads in the database of this name."""
    athena = emulator.client("athena")
    query = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": name},
        ResultConfiguration={"OutputLocation": f"s3://{name}/results/"},
    )["QueryExecutionId"]

    def ended() -> bool:
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return execution["Status"]["State"] in ("SUCCEEDED", "FAILED")

    wait_for(ended, "the query", 30)
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [[value.get("VarCharValue") for value in row["Data"]] for row in rows]


SLEEPING_SPARK = """
import time
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate()
print("started", flush=True)
time.sleep(300)
"""


def test_a_killed_jvm_fails_the_run_and_a_stop_takes_the_jvm_along(
    emulator: Endpoint, name: str
) -> None:
    make_job(
        emulator,
        name,
        SLEEPING_SPARK,
        python_shell=False,
        ExecutionProperty={"MaxConcurrentRuns": 2},
    )
    killed, stopped = start(emulator, name), start(emulator, name)
    for run_id in (killed, stopped):
        wait_for(
            lambda run_id=run_id: log_lines(emulator, "/aws-glue/jobs/output", run_id), "the start"
        )
    (jvm,) = [p for p in processes_with(killed) if "java" in _executable(p)]
    os.kill(jvm, signal.SIGKILL)
    emulator.client("glue").batch_stop_job_run(JobName=name, JobRunIds=[stopped])

    run = wait_run(emulator, name, killed, 30)
    assert run["JobRunState"] == "FAILED"
    assert "killed by signal 9 (SIGKILL)" in run["ErrorMessage"]
    assert wait_run(emulator, name, stopped, 30)["JobRunState"] == "STOPPED"
    for run_id in (killed, stopped):
        wait_for(lambda run_id=run_id: not processes_with(run_id), "the processes' end", 10)


def _executable(pid: int) -> str:
    answer = subprocess.run(
        ["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout


def test_a_failing_spark_job_tells_its_exception(emulator: Endpoint, name: str) -> None:
    make_job(
        emulator,
        name,
        "import pyspark\ndef load():\n    raise ValueError('no such\\npartition')\nload()\n",
        python_shell=False,
    )
    run_id = start(emulator, name)
    run = wait_run(emulator, name, run_id)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith("ValueError: no such")
    system = log_lines(emulator, "/aws-glue/jobs/error", f"{run_id}-driver")
    assert any("in load" in line for line in system), system


# --- everything else, on python-shell jobs, which start at once ------------------------------


def test_the_log_appears_while_the_job_runs_and_stop_ends_it(emulator: Endpoint, name: str) -> None:
    make_job(emulator, name, "import time\nprint('working', flush=True)\ntime.sleep(300)\n")
    run_id = start(emulator, name)
    wait_for(
        lambda: log_lines(emulator, PYTHON_OUTPUT, run_id) == ["working"],
        "a line",
        20,
    )
    assert run_of(emulator, name, run_id)["JobRunState"] == "RUNNING"
    glue = emulator.client("glue")
    answer = glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id, "jr_none"])
    assert [s["JobRunId"] for s in answer["SuccessfulSubmissions"]] == [run_id]
    assert [e["ErrorDetail"]["ErrorCode"] for e in answer["Errors"]] == ["EntityNotFoundException"]
    run = wait_run(emulator, name, run_id, 20)
    assert run["JobRunState"] == "STOPPED"
    assert "ErrorMessage" not in run
    again = glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id])
    assert again["SuccessfulSubmissions"] == []


def test_a_second_run_is_refused_and_queued_nowhere(emulator: Endpoint, name: str) -> None:
    make_job(emulator, name, "import time\ntime.sleep(300)\n")
    run_id = start(emulator, name)
    with pytest.raises(ClientError) as refused:
        start(emulator, name)
    assert refused.value.response["Error"]["Code"] == "ConcurrentRunsExceededException"
    emulator.client("glue").batch_stop_job_run(JobName=name, JobRunIds=[run_id])
    wait_run(emulator, name, run_id, 20)
    assert len(emulator.client("glue").get_job_runs(JobName=name)["JobRuns"]) == 1


def test_a_failed_run_is_tried_again_as_often_as_the_job_says(
    emulator: Endpoint, name: str
) -> None:
    make_job(emulator, name, "import sys\nsys.exit(3)\n", MaxRetries=1)
    run_id = start(emulator, name)
    wait_run(emulator, name, run_id, 20)
    retry = wait_run(emulator, name, f"{run_id}_attempt_1", 20)
    assert (retry["Attempt"], retry["PreviousRunId"]) == (1, run_id)
    time.sleep(0.5)
    runs = emulator.client("glue").get_job_runs(JobName=name)["JobRuns"]
    assert [run["Attempt"] for run in runs] == [1, 0]
    assert "exit code 3" in retry["ErrorMessage"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"DefaultArguments": {"--datalake-formats": "hudi"}}, "hudi is not available locally"),
        ({"DefaultArguments": {"--extra-py-files": "s3://nowhere/x.zip"}}, "NoSuchBucket"),
        ({"DefaultArguments": {"--conf": "no-equals"}}, "not of the form key=value"),
    ],
)
def test_what_cannot_run_fails_and_says_why(
    emulator: Endpoint, name: str, settings: dict[str, Any], message: str
) -> None:
    make_job(emulator, name, "", **settings)
    run = wait_run(emulator, name, start(emulator, name), 20)
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


def test_a_job_and_a_run_that_do_not_exist(emulator: Endpoint, name: str) -> None:
    glue = emulator.client("glue")
    calls: list[Callable[[], Any]] = [
        lambda: start(emulator, name),
        lambda: glue.get_job_runs(JobName=name),
        lambda: glue.get_job_bookmark(JobName=name),
        lambda: glue.reset_job_bookmark(JobName=name),
    ]
    make_job(emulator, f"{name}x", "")
    calls.append(lambda: run_of(emulator, f"{name}x", "jr_none"))
    calls.append(lambda: glue.get_job_bookmark(JobName=f"{name}x"))
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "EntityNotFoundException"
    assert glue.reset_job_bookmark(JobName=f"{name}x")["JobBookmarkEntry"]["Run"] == 0


def test_the_end_of_a_run_is_an_event(emulator: Endpoint, name: str) -> None:
    sqs, rules = emulator.client("sqs"), emulator.client("events")
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    queue = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    pattern = f'{{"source":["aws.glue"],"detail":{{"jobName":["{name}"],"state":["FAILED"]}}}}'
    rules.put_rule(Name=name, EventPattern=pattern)
    rules.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    make_job(emulator, name, "raise RuntimeError('boom')\n")
    run_id = start(emulator, name)
    messages = wait_for(
        lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the event", 20
    )
    assert run_id in messages[0]["Body"]
    assert "RuntimeError: boom" in messages[0]["Body"]


def test_no_child_outlives_the_emulator_however_it_dies(tmp_path: Path) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        state_dir = tmp_path / number.name
        process = start_emulator(state_dir)
        try:
            state = wait_for(lambda d=state_dir: read_json(d / "emulator.json"), "the start")
            emulator = Endpoint(state["endpoint"], state_dir)
            make_job(emulator, "sleeper", "import time\nprint('up', flush=True)\ntime.sleep(300)\n")
            run_id = start(emulator, "sleeper")
            wait_for(
                lambda e=emulator, r=run_id: log_lines(e, PYTHON_OUTPUT, r),
                "a line",
            )
            assert processes_with(run_id)
            process.send_signal(number)
            process.wait(20)
            wait_for(lambda r=run_id: not processes_with(r), "the child's end", 10)
        finally:
            if process.poll() is None:
                process.kill()


def test_a_run_past_its_timeout_is_ended(emulator: Endpoint, overdue: tuple[str, str]) -> None:
    run = wait_run(emulator, *overdue, seconds=90)
    assert run["JobRunState"] == "TIMEOUT"
    assert "timed out after 1 minutes" in run["ErrorMessage"]
    assert 59 <= run["ExecutionTime"] <= 70
    assert run["Timeout"] == 1
