"""Job runs: what StartJobRun starts, and its life from STARTING to its end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.glue.exceptions import ConcurrentRunsExceededException, InvalidInputException

from . import arguments as glue_arguments
from . import capacity, events, failure, spark
from .arguments import ArgumentError, SpecialArguments
from .logs import LogStream, job_groups
from .process import End, Outcome, SupervisedProcess
from .runtime import RoleRefused, Runtime, new_id, now, split_s3
from .spark import SparkUnavailable

ACTIVE = frozenset({"STARTING", "RUNNING", "STOPPING"})
WAITING = "WAITING"
STREAMING = "gluestreaming"
SPARK_COMMANDS = frozenset({"glueetl", STREAMING})
PYTHON_COMMANDS = frozenset({"pythonshell"})
# AWS's default of a Glue 5 job.
DEFAULT_TIMEOUT_MINUTES = 480
QUEUED = "Maximum concurrent runs exceeded: the run waits for another one of the job to end."
TAIL_LINES = 400


class CannotRun(RuntimeError):
    """The run cannot be started; the message becomes the run's ErrorMessage."""


@dataclass(frozen=True)
class Started:
    """What started a run, besides StartJobRun itself."""

    trigger: str | None = None
    workflow: str | None = None
    workflow_run: str | None = None
    # Job and run id of those whose end fired the trigger.
    predecessors: tuple[tuple[str, str], ...] = ()


@dataclass
class JobRun:
    """One attempt of a job. Lives in moto's list of the job, so it goes when the job goes."""

    job_name: str
    given_arguments: dict[str, str]
    all_arguments: dict[str, str]
    command: dict[str, Any]
    role: str
    # None: until it is stopped.
    timeout_minutes: int | None
    started: Started
    overrides: dict[str, Any]
    shape: dict[str, Any]
    auto_scaling: bool = False
    attempt: int = 0
    previous_run_id: str | None = None
    job_run_id: str = field(default_factory=lambda: new_id("jr"))
    state: str = "STARTING"
    error: str | None = None
    state_detail: str | None = None
    log_group: str = glue_arguments.DEFAULT_LOG_GROUP_PREFIX
    started_on: datetime = field(default_factory=now)
    modified_on: datetime = field(default_factory=now)
    completed_on: datetime | None = None
    running_since: float | None = None
    running_seconds: float = 0.0
    process: SupervisedProcess | None = None

    @property
    def active(self) -> bool:
        """Whether it counts against MaxConcurrentRuns."""
        return self.state in ACTIVE

    def move(self, state: str) -> None:
        """Enter ``state``."""
        self.state = state
        self.state_detail = QUEUED if state == WAITING else None
        self.modified_on = now()
        if state == "RUNNING":
            self.running_since = time.monotonic()

    def execution_seconds(self) -> int:
        """Return the real seconds it has run, as Glue counts them: without the start."""
        if self.completed_on is None and self.running_since is not None:
            return round(time.monotonic() - self.running_since)
        return round(self.running_seconds)

    def get_name(self) -> str:
        """Return the job's name, as moto's own run class does."""
        return self.job_name

    def as_dict(self) -> dict[str, Any]:
        """Return the run as GetJobRun answers it."""
        held = capacity.max_capacity(self.command.get("Name", ""), self.shape)
        seconds = self.execution_seconds()
        answer = {
            "Id": self.job_run_id,
            "Attempt": self.attempt,
            "JobName": self.job_name,
            "StartedOn": self.started_on,
            "LastModifiedOn": self.modified_on,
            "JobRunState": self.state,
            "PredecessorRuns": [
                {"JobName": job, "RunId": run} for job, run in self.started.predecessors
            ],
            "ExecutionTime": seconds,
            "LogGroupName": self.log_group,
            **{key: value for key, value in self.shape.items() if value is not None},
            "MaxCapacity": held,
        }
        optional = {
            "PreviousRunId": self.previous_run_id,
            "TriggerName": self.started.trigger,
            "CompletedOn": self.completed_on,
            "ErrorMessage": self.error,
            "StateDetail": self.state_detail,
            "Timeout": self.timeout_minutes,
            "DPUSeconds": capacity.dpu_seconds(self.shape, self.auto_scaling, held, seconds),
            "Arguments": self.given_arguments or None,
        }
        answer.update({key: value for key, value in optional.items() if value is not None})
        return answer


class JobRunner:
    """Starts job runs, follows them to their end and tells who waits for it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._on_finished: list[Callable[[JobRun], None]] = []
        self._on_retried: list[Callable[[JobRun, JobRun], None]] = []
        self._active: dict[str, JobRun] = {}
        self._closed = False

    def when_finished(self, callback: Callable[[JobRun], None]) -> None:
        """Call ``callback`` with each run that ended and will not be tried again."""
        self._on_finished.append(callback)

    def when_retried(self, callback: Callable[[JobRun, JobRun], None]) -> None:
        """Call ``callback`` with each run that failed and with the run that tries it again."""
        self._on_retried.append(callback)

    def running(self) -> int:
        """Return how many runs have not ended."""
        return len(self._active)

    def start(
        self,
        job: Any,
        *,
        arguments: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
        started: Started | None = None,
        previous_run_id: str | None = None,
    ) -> JobRun:
        """Start a run of a moto job.

        Above MaxConcurrentRuns it waits when queuing is on for it, and else raises
        ConcurrentRunsExceededException, as Glue does.
        """
        given = dict(arguments or {})
        started = started or Started()
        if started.workflow and started.workflow_run:
            given["--WORKFLOW_NAME"] = started.workflow
            given["--WORKFLOW_RUN_ID"] = started.workflow_run
        if previous_run_id is not None:
            job.get_job_run(previous_run_id)
        return self._start(job, given, dict(overrides or {}), started, previous_run_id, 0)

    def _start(
        self,
        job: Any,
        given: dict[str, str],
        overrides: dict[str, Any],
        started: Started,
        previous_run_id: str | None,
        attempt: int,
    ) -> JobRun:
        definition = job.as_dict()

        def setting(name: str) -> Any:
            value = overrides.get(name)
            return definition.get(name) if value is None else value

        command = dict(definition["Command"])
        untimed = None if command.get("Name") == STREAMING else DEFAULT_TIMEOUT_MINUTES
        arguments = glue_arguments.merge(
            definition.get("DefaultArguments"), given, definition.get("NonOverridableArguments")
        )
        run = JobRun(
            job_name=job.name,
            given_arguments=given,
            all_arguments=arguments,
            command=command,
            role=definition.get("Role") or "",
            timeout_minutes=setting("Timeout") or untimed,
            started=started,
            overrides=overrides,
            auto_scaling=glue_arguments.auto_scaling(arguments),
            attempt=attempt,
            previous_run_id=previous_run_id,
            shape={
                name: setting(name)
                for name in (
                    "AllocatedCapacity",
                    "MaxCapacity",
                    "WorkerType",
                    "NumberOfWorkers",
                    "GlueVersion",
                    "ExecutionClass",
                    "SecurityConfiguration",
                    "NotificationProperty",
                    "JobRunQueuingEnabled",
                    "MaintenanceWindow",
                    "JobMode",
                )
            },
        )
        if attempt and previous_run_id:
            # AWS's form of the id of an automatic retry.
            first = previous_run_id.partition("_attempt_")[0]
            run.job_run_id = f"{first}_attempt_{attempt}"
        run.all_arguments["--JOB_NAME"] = job.name
        run.all_arguments["--JOB_RUN_ID"] = run.job_run_id
        with self._runtime.lock:
            if self._closed:
                raise InvalidInputException("StartJobRun", "the emulator is stopping")
            # A retry goes on with the place of the run that failed, before those that wait.
            waits = not self._has_room(job, queued=attempt == 0)
            if waits and not setting("JobRunQueuingEnabled"):
                raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {job.name}")
            job.job_runs.append(run)
            if waits:
                run.move(WAITING)
            else:
                self._launch(job, run)
        return run

    def _has_room(self, job: Any, *, queued: bool) -> bool:
        """Return whether one more run may go on; with ``queued`` none overtakes one that waits."""
        limit = (job.as_dict().get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1)
        if queued and any(other.state == WAITING for other in job.job_runs):
            return False
        return sum(other.active for other in job.job_runs) < limit

    def _launch(self, job: Any, run: JobRun) -> None:
        self._active[run.job_run_id] = run
        threading.Thread(
            target=self._follow, args=(job, run), name=run.job_run_id[:12], daemon=True
        ).start()

    def _launch_waiting(self, job: Any) -> None:
        """Start the runs that waited longest, as far as there is room for them."""
        with self._runtime.lock:
            for run in [run for run in job.job_runs if run.state == WAITING]:
                if self._closed or not self._has_room(job, queued=False):
                    return
                run.move("STARTING")
                run.started_on = now()
                self._launch(job, run)

    def stop(self, run: JobRun) -> bool:
        """Begin to stop a run; False when it has ended already."""
        with self._runtime.lock:
            waited = run.state == WAITING
            if not run.active and not waited:
                return False
            if waited:
                _finish(run, "STOPPED")
            else:
                run.move("STOPPING")
            process = run.process
        if waited:
            # Not here: whoever stops a workflow holds the lock, and telling calls the emulator.
            threading.Thread(target=self._tell_finished, args=(run,), daemon=True).start()
        if process is not None:
            process.stop()
        return True

    def close(self, timeout_seconds: float = 8.0) -> None:
        """Stop every run and wait for the processes to go."""
        with self._runtime.lock:
            self._closed = True
            runs = list(self._active.values())
        for run in runs:
            self.stop(run)
        deadline = time.monotonic() + timeout_seconds
        while self._active and time.monotonic() < deadline:
            time.sleep(0.05)

    def _follow(self, job: Any, run: JobRun) -> None:
        try:
            _Attempt(self._runtime, run).execute()
        except Exception as error:  # a run must end whatever goes wrong in here
            traceback.print_exc(file=sys.stderr)
            self._runtime_error(run, error)
        finally:
            run.process = None
            retry = self._retry(job, run)
            self._active.pop(run.job_run_id, None)
            self._launch_waiting(job)
        if retry is None:
            self._tell_finished(run)
        else:
            self._tell_state(run)

    def _tell_state(self, run: JobRun) -> None:
        events.job_state_change(
            self._runtime, run.job_name, run.job_run_id, run.state, _message(run)
        )

    def _tell_finished(self, run: JobRun) -> None:
        self._tell_state(run)
        for callback in self._on_finished:
            callback(run)

    def _runtime_error(self, run: JobRun, error: Exception) -> None:
        run.error = f"The emulator could not run the job: {error}"
        _finish(run, "FAILED")

    def _retry(self, job: Any, run: JobRun) -> JobRun | None:
        """Start the next attempt of a FAILED run, as MaxRetries of the job allows."""
        if run.state != "FAILED" or self._closed or run.attempt >= (job.max_retries or 0):
            return None
        with self._runtime.lock:
            try:
                following = self._start(
                    job,
                    run.given_arguments,
                    run.overrides,
                    run.started,
                    run.job_run_id,
                    run.attempt + 1,
                )
            except ConcurrentRunsExceededException:
                return None
            for callback in self._on_retried:
                callback(run, following)
        return following


class _Attempt:
    """The execution of one run: fetch, start, follow, judge."""

    def __init__(self, runtime: Runtime, run: JobRun) -> None:
        self._runtime = runtime
        self._run = run
        self._work_dir = Path(runtime.settings.state_dir) / "runs" / run.job_run_id
        self._stdout: deque[str] = deque(maxlen=TAIL_LINES)
        self._stderr: deque[str] = deque(maxlen=TAIL_LINES)

    def execute(self) -> None:
        """Run to the end; every failure ends as a state and a message of the run."""
        run = self._run
        try:
            special, problem = glue_arguments.special(run.all_arguments), None
        except ArgumentError as error:
            special, problem = SpecialArguments(), str(error)
        run.log_group = job_groups(
            run.command.get("Name", ""),
            special.log_group_prefix,
            run.shape.get("SecurityConfiguration"),
            run.role,
        )
        stem = run.job_run_id
        if special.log_stream_prefix:
            stem = f"{special.log_stream_prefix}-{run.job_run_id}"
        client = self._runtime.client("logs")
        output = LogStream(client, f"{run.log_group}/output", stem)
        system = LogStream(client, f"{run.log_group}/error", f"{stem}-driver")
        try:
            state = "FAILED"
            if problem is None:
                state, problem = self._run_script(special, output, system)
            if problem is not None:
                for line in failure.traceback_of(list(self._stdout)):
                    system.write(line)
                system.write(f"{state}: {problem}")
        finally:
            # The log is whole before the state says that the run has ended.
            output.close()
            system.close()
            shutil.rmtree(self._work_dir, ignore_errors=True)
        run.error = problem
        _finish(run, state)

    def _run_script(
        self, special: SpecialArguments, output: LogStream, system: LogStream
    ) -> tuple[str, str | None]:
        """Run the script; return the end state and what went wrong."""
        run = self._run
        try:
            credentials = self._runtime.credentials_of(
                run.role, "GlueJobRunnerSession", f"job/{run.job_name}"
            )
        except RoleRefused as error:
            return "FAILED", str(error)
        spark.prepare(self._work_dir)
        env = spark.environment(
            os.environ, spark=self._runtime.spark, credentials=credentials, work_dir=self._work_dir
        )
        try:
            s3 = self._runtime.new_client("s3", credentials)
            command = self._command(special, s3, env)
        except (CannotRun, SparkUnavailable) as error:
            return "FAILED", str(error)

        def keep(tail: deque[str], log: LogStream) -> Callable[[str], None]:
            def consume(line: str) -> None:
                tail.append(line)
                log.write(line)

            return consume

        process = SupervisedProcess(
            command,
            env=env,
            cwd=self._work_dir,
            on_stdout=keep(self._stdout, output),
            on_stderr=keep(self._stderr, system),
        )
        with self._runtime.lock:
            run.process = process
            if run.state == "STOPPING":
                process.stop()
            else:
                run.move("RUNNING")
        limit = run.timeout_minutes
        return self._judge(process.wait(None if limit is None else limit * 60))

    def _judge(self, outcome: Outcome) -> tuple[str, str | None]:
        if outcome.end is End.TIMED_OUT:
            return "TIMEOUT", f"Job run timed out after {self._run.timeout_minutes} minutes."
        if outcome.end is End.STOPPED:
            return "STOPPED", None
        if outcome.ok:
            return "SUCCEEDED", None
        return "FAILED", failure.error_message(outcome, list(self._stdout), list(self._stderr))

    def _command(self, special: SpecialArguments, s3: Any, env: dict[str, str]) -> list[str]:
        run = self._run
        kind = run.command.get("Name", "")
        location = run.command.get("ScriptLocation", "")
        script = self._fetch(s3, location, "script")
        line = glue_arguments.command_line(run.all_arguments)
        py_files = [self._fetch(s3, uri, "--extra-py-files") for uri in special.extra_py_files]
        files = [self._fetch(s3, uri, "--extra-files") for uri in special.extra_files]
        wheels = [
            self._fetch(s3, uri, "--additional-python-modules") for uri in special.python_modules
        ]
        for file in files:
            # Where Glue puts them: in the working folder of the script.
            shutil.copy(file, self._work_dir / file.name)
        paths = [self._installed(wheels)] if wheels else []
        if kind in PYTHON_COMMANDS:
            paths += py_files
        if paths:
            env["PYTHONPATH"] = os.pathsep.join(map(str, paths))
        if kind in PYTHON_COMMANDS:
            return [sys.executable, str(script), *line]
        if kind not in SPARK_COMMANDS:
            raise CannotRun(
                f"command {kind!r} cannot be run locally; "
                f"{', '.join(sorted(SPARK_COMMANDS | PYTHON_COMMANDS))} can"
            )
        spark.require_java(env)
        env |= spark.jars_environment(self._runtime.spark.jars_dir, special.datalake_formats)
        return spark.submit_command(
            script,
            line,
            spark=self._runtime.spark,
            conf=spark.local_conf(self._runtime.spark, special.spark_conf),
            py_files=py_files,
            jars=[self._fetch(s3, uri, "--extra-jars") for uri in special.extra_jars],
            files=files,
        )

    def _installed(self, wheels: list[Path]) -> Path:
        """Install wheels as pip does on Glue, into a folder of the run; nothing is downloaded."""
        folder = self._work_dir / "modules"
        command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps"]
        command += ["--disable-pip-version-check", "--quiet", "--target", str(folder)]
        answer = subprocess.run(
            [*command, *map(str, wheels)], capture_output=True, text=True, check=False
        )
        if answer.returncode:
            raise CannotRun(f"--additional-python-modules: {answer.stderr.strip()}")
        return folder

    def _fetch(self, s3: Any, uri: str, what: str) -> Path:
        try:
            bucket, key = split_s3(uri)
        except ValueError as error:
            raise CannotRun(f"{what}: {error}") from error
        folder = self._work_dir / "code"
        folder.mkdir(exist_ok=True)
        target = folder / Path(key).name
        try:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"]
            with target.open("wb") as file:
                shutil.copyfileobj(body, file)
        except ClientError as error:
            raise CannotRun(f"{what}: cannot read {uri}: {error}") from error
        return target


def _finish(run: JobRun, state: str) -> None:
    if run.running_since is not None:
        run.running_seconds = time.monotonic() - run.running_since
    run.completed_on = now()
    run.move(state)


def _message(run: JobRun) -> str:
    return run.error or f"Job run {run.state.lower()}"
