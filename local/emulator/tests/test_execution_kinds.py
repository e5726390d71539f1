"""Kinds of jobs and the code they bring along: python-shell, streaming, wheels and jars."""

from __future__ import annotations

import io
import os
import signal
import zipfile

from conftest import Endpoint, wait_for
from test_execution_jobs import (
    PYTHON_OUTPUT,
    log_lines,
    make_job,
    processes_with,
    run_of,
    start,
    wait_run,
)

OUTPUT = "/aws-glue/jobs/output"
WHEEL = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def archive(**files: str) -> bytes:
    """A zip file; in the names, __ stands for a slash and _dot_ for a dot."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return body.getvalue()


def wheel() -> bytes:
    """A wheel of one module that pip accepts."""
    body = io.BytesIO()
    info = "greeting-1.0.dist-info"
    with zipfile.ZipFile(body, "w") as made:
        made.writestr("greeting.py", "WORD = 'hello'\n")
        made.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        made.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        made.writestr(f"{info}/RECORD", "")
    return body.getvalue()


def put(emulator: Endpoint, bucket: str, key: str, body: bytes) -> str:
    """Store a file; returns its address."""
    emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return f"s3://{bucket}/{key}"


def test_a_python_shell_job_imports_what_it_brings_along(emulator: Endpoint, name: str) -> None:
    script = (
        "import sys, greeting, zipped, single\n"
        "print(greeting.WORD, zipped.WORD, single.WORD, open('notes.txt').read())\n"
        "print(' '.join(sys.argv[1:]))\n"
    )
    make_job(
        emulator,
        name,
        script,
        DefaultArguments={"--who": "job", "--where": "job", "--fixed": "job"},
        NonOverridableArguments={"--fixed": "always"},
    )
    arguments = {
        "--extra-py-files": ",".join(
            [
                put(emulator, name, "zipped.zip", archive(zipped_dot_py="WORD = 'zip'\n")),
                put(emulator, name, "single.py", b"WORD = 'one'\n"),
            ]
        ),
        "--additional-python-modules": put(
            emulator, name, "greeting-1.0-py3-none-any.whl", wheel()
        ),
        "--extra-files": put(emulator, name, "notes.txt", b"noted"),
        "--who": "run",
        "--fixed": "run",
    }
    run_id = start(emulator, name, Arguments=arguments)
    run = wait_run(emulator, name, run_id, 60)
    lines = log_lines(emulator, PYTHON_OUTPUT, run_id)
    assert run["JobRunState"] == "SUCCEEDED", (run, lines)
    assert lines[0] == "hello zip one noted"
    for given in ("--who run", "--where job", "--fixed always"):
        assert given in lines[1]


def test_a_wheel_in_extra_py_files_of_a_python_shell_job(emulator: Endpoint, name: str) -> None:
    make_job(emulator, name, "import greeting; print(greeting.WORD)")
    address = put(emulator, name, "greeting-1.0-py3-none-any.whl", wheel())
    run_id = start(emulator, name, Arguments={"--extra-py-files": address})
    assert wait_run(emulator, name, run_id, 30)["JobRunState"] == "SUCCEEDED"
    assert log_lines(emulator, PYTHON_OUTPUT, run_id) == ["hello"]


def test_a_module_that_would_be_downloaded_is_refused(emulator: Endpoint, name: str) -> None:
    make_job(emulator, name, "")
    run_id = start(emulator, name, Arguments={"--additional-python-modules": "requests==2.0"})
    run = wait_run(emulator, name, run_id, 20)
    assert run["JobRunState"] == "FAILED"
    assert "would be downloaded" in run["ErrorMessage"]


STREAMING = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
loader = spark._jvm.Thread.currentThread().getContextClassLoader()
print("resource:", loader.getResource("inside.txt") is not None, flush=True)
query = (
    spark.readStream.format("rate").load().writeStream.format("noop")
    .option("checkpointLocation", sys.argv[sys.argv.index("--checkpoint") + 1])
    .start()
)
print("streaming", flush=True)
query.awaitTermination()
"""


def test_a_streaming_job_runs_until_it_is_stopped_with_all_its_processes(
    emulator: Endpoint, name: str
) -> None:
    make_job(emulator, name, STREAMING, python_shell=False)
    glue = emulator.client("glue")
    command = {"Name": "gluestreaming", "ScriptLocation": f"s3://{name}/code/script.py"}
    update = {"Role": "glue", "Command": command, "GlueVersion": "5.1"}
    glue.update_job(JobName=name, JobUpdate=update)
    jar = put(emulator, name, "extra.jar", archive(inside_dot_txt="x"))
    # Checkpoints are renamed, in a bucket that is encrypted like those of the lake.
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    emulator.client("s3").put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    arguments = {"--extra-jars": jar, "--checkpoint": f"s3://{name}/checkpoint/"}
    run_id = start(emulator, name, Arguments=arguments)
    wait_for(lambda: "streaming" in log_lines(emulator, OUTPUT, run_id), "the stream", 90)
    assert "resource: True" in log_lines(emulator, OUTPUT, run_id)
    run = run_of(emulator, name, run_id)
    assert run["JobRunState"] == "RUNNING"
    assert "Timeout" not in run
    s3 = emulator.client("s3")
    kept = {"Bucket": name, "Prefix": "checkpoint/commits/0"}
    wait_for(lambda: s3.list_objects_v2(**kept)["KeyCount"], "the first batch's checkpoint", 60)
    glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id])
    assert wait_run(emulator, name, run_id, 30)["JobRunState"] == "STOPPED"
    wait_for(lambda: not processes_with(run_id), "the end of its processes", 10)


SLEEPING = """
import os, time
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate()
print("driver", os.getpid(), flush=True)
time.sleep(300)
"""


def test_a_killed_python_driver_fails_the_run_and_leaves_nothing(
    emulator: Endpoint, name: str
) -> None:
    make_job(emulator, name, SLEEPING, python_shell=False)
    run_id = start(emulator, name)

    def driver() -> int | None:
        lines = [line for line in log_lines(emulator, OUTPUT, run_id) if "driver" in line]
        return int(lines[0].split()[1]) if lines else None

    os.kill(wait_for(driver, "the driver", 90), signal.SIGKILL)
    run = wait_run(emulator, name, run_id, 30)
    assert run["JobRunState"] == "FAILED"
    assert "killed by signal 9" in run["ErrorMessage"], run["ErrorMessage"]
    wait_for(lambda: not processes_with(run_id), "the end of its processes", 10)
