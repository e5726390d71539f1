"""Arguments, Spark settings, processes and error messages of a job run, without Spark."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from tarn_emulator.execution import arguments, failure, spark
from tarn_emulator.execution.arguments import ArgumentError
from tarn_emulator.execution.logs import MAX_EVENTS, batches
from tarn_emulator.execution.process import End, Outcome, SupervisedProcess

LOCAL = spark.LocalSpark("http://127.0.0.1:1", "us-east-1", Path("/nowhere"), 2, "2g")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        ("a=b --conf c=d=e", {"a": "b", "c": "d=e"}),
        ("--conf a=b  --conf  c=d ", {"a": "b", "c": "d"}),
        ("a=x y --conf b='q'", {"a": "x y", "b": "q"}),
        ("a=-Dk=--confusing", {"a": "-Dk=--confusing"}),
    ],
)
def test_parse_conf(value: str, expected: dict[str, str]) -> None:
    assert arguments.parse_conf(value) == expected


def test_the_run_overrides_the_job_and_nothing_overrides_the_fixed() -> None:
    merged = arguments.merge({"--a": "1", "--b": "1"}, {"--b": "2", "--c": "2"}, {"--c": "3"})
    assert merged == {"--a": "1", "--b": "2", "--c": "3"}
    assert arguments.command_line({"--a": "1", "--flag": ""}) == ["--a", "1", "--flag"]


def test_special_arguments() -> None:
    found = arguments.special(
        {
            "--extra-py-files": "s3://b/x.zip, s3://b/y.py",
            "--datalake-formats": "iceberg",
            "--custom-logStream-prefix": "p",
        }
    )
    assert found.extra_py_files == ("s3://b/x.zip", "s3://b/y.py")
    assert found.datalake_formats == {"iceberg"}
    assert (found.log_group_prefix, found.log_stream_prefix) == ("/aws-glue/jobs", "p")
    with pytest.raises(ArgumentError, match="not an s3:// address"):
        arguments.special({"--extra-py-files": "x.zip"})


def test_the_endpoint_reaches_every_iceberg_catalog_in_glue_and_the_job_cannot_undo_it() -> None:
    conf = {
        "spark.sql.catalog.one": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.one.catalog-impl": spark.GLUE_CATALOG,
        "spark.sql.catalog.two.type": "glue",
        "spark.sql.catalog.three.type": "hadoop",
        "spark.driver.memory": "64g",
        "spark.sql.shuffle.partitions": "7",
    }
    assert spark.iceberg_glue_catalogs(conf) == ["one", "two"]
    found = spark.local_conf(LOCAL, conf)
    assert found["spark.sql.catalog.one.glue.endpoint"] == LOCAL.endpoint
    assert found["spark.sql.catalog.two.s3.path-style-access"] == "true"
    assert "spark.sql.catalog.three.s3.endpoint" not in found
    assert found["spark.driver.memory"] == "2g"
    assert found["spark.sql.shuffle.partitions"] == "7"


def test_the_environment_has_nothing_of_the_users_aws(tmp_path: Path) -> None:
    base = {"AWS_PROFILE": "prod", "SPARK_HOME": "/x", "PYTHONPATH": "/y", "PATH": "/bin"}
    env = spark.environment(
        base, spark=LOCAL, credentials=spark.Credentials("k", "s", "t"), work_dir=tmp_path
    )
    assert not {"AWS_PROFILE", "SPARK_HOME", "PYTHONPATH"} & set(env)
    assert (env["AWS_ENDPOINT_URL"], env["AWS_SESSION_TOKEN"]) == (LOCAL.endpoint, "t")


def test_iceberg_is_on_the_class_path_only_when_asked_for(tmp_path: Path) -> None:
    for name in (
        "hadoop-aws-3.3.4.jar",
        "aws-java-sdk-bundle-1.12.262.jar",
        "iceberg-spark-runtime-3.5_2.12-1.10.0.jar",
        "iceberg-aws-bundle-1.10.0.jar",
    ):
        (tmp_path / name).touch()
    assert spark.class_path(tmp_path, frozenset()).count("/iceberg-") == 0
    assert spark.class_path(tmp_path, frozenset({"iceberg"})).count("/iceberg-") == 2
    with pytest.raises(spark.SparkUnavailable, match="hadoop-aws"):
        spark.class_path(tmp_path / "empty", frozenset())


TRACEBACK = [
    "before",
    "Traceback (most recent call last):",
    '  File "a.py", line 1, in <module>',
    "    boom()",
    "py4j.protocol.Py4JError: no table",
    ": at java.lang.X",
]


@pytest.mark.parametrize(
    ("outcome", "stdout", "stderr", "message"),
    [
        (
            Outcome(End.EXITED, 1),
            TRACEBACK,
            ["26/01/01 INFO x"],
            "py4j.protocol.Py4JError: no table",
        ),
        (Outcome(End.EXITED, 1), [], TRACEBACK, "py4j.protocol.Py4JError: no table"),
        (
            Outcome(End.EXITED, 1),
            [*TRACEBACK[:-1], ": java.nio.file.AccessDeniedException: s3://b/k", "\tat x.Y"],
            [],
            "py4j.protocol.Py4JError: no table: java.nio.file.AccessDeniedException: s3://b/k",
        ),
        (Outcome(End.EXITED, 3), ["bye"], ["\tat x.Y"], "bye (exit status 3)"),
        (Outcome(End.EXITED, 3), [], [], "Command failed with exit code 3"),
        (
            Outcome(End.KILLED, 9),
            TRACEBACK,
            [],
            "The driver process was killed by signal 9 (SIGKILL).",
        ),
    ],
)
def test_error_message(
    outcome: Outcome, stdout: list[str], stderr: list[str], message: str
) -> None:
    assert failure.error_message(outcome, stdout, stderr) == message


def supervised(tmp_path: Path, code: str, lines: list[str]) -> SupervisedProcess:
    """A Python program under supervision."""
    return SupervisedProcess(
        [sys.executable, "-c", code],
        env=os.environ,
        cwd=tmp_path,
        on_stdout=lines.append,
        on_stderr=lines.append,
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", Outcome(End.EXITED, 0)),
        ("raise SystemExit(4)", Outcome(End.EXITED, 4)),
        ("import os; os.kill(os.getpid(), 9)", Outcome(End.KILLED, 9)),
    ],
)
def test_the_end_of_a_process(tmp_path: Path, code: str, expected: Outcome) -> None:
    assert supervised(tmp_path, code, []).wait(20) == expected


def test_a_process_past_its_time_is_ended_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    lines: list[str] = []
    began = time.monotonic()
    process = supervised(tmp_path, code, lines)
    assert process.wait(1).end is End.TIMED_OUT
    assert time.monotonic() - began < 10
    with pytest.raises(ProcessLookupError):
        while time.monotonic() - began < 15:
            os.kill(int(lines[0]), 0)
            time.sleep(0.05)


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\ntime.sleep(60)\n"
    )
    lines: list[str] = []
    process = supervised(tmp_path, code, lines)
    while not lines:
        time.sleep(0.02)
    process.stop()
    assert process.wait(20).end is End.STOPPED


def test_log_batches_stay_inside_the_limits() -> None:
    events = [{"timestamp": 1, "message": "x" * 60_000} for _ in range(40)]
    events += [{"timestamp": 1, "message": "y"} for _ in range(MAX_EVENTS + 1)]
    cut = batches(events)
    assert [event for batch in cut for event in batch] == events
    for batch in cut:
        assert len(batch) <= MAX_EVENTS
        assert sum(len(event["message"]) + 26 for event in batch) <= 1_000_000
