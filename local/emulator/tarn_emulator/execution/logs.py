"""A CloudWatch Logs stream of the emulator that is written while the writer still works."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

FLUSH_SECONDS = 0.5
MAX_EVENTS = 5000
MAX_BATCH_BYTES = 900_000
MAX_MESSAGE_CHARACTERS = 60_000
EVENT_OVERHEAD_BYTES = 26
PYTHON_LOGS = "/aws-glue/python-jobs"
CRAWLER_LOGS = "/aws-glue/crawlers"
# What the emulator's own log says of a log group that nobody had made.
ABSENT_GROUP = "log group made by a run, not by a deployment:"


def job_groups(kind: str, prefix: str, configuration: str | None, role: str) -> str:
    """Return what the names of a job's log groups begin with; /output and /error follow.

    With a security configuration its name and the role's are part of it, and a python-shell job
    knows no prefix of the user's own (Glue User Guide, "Logging for AWS Glue jobs").
    """
    start = PYTHON_LOGS if kind == "pythonshell" else prefix
    return f"{start}/{configuration}-role/{role_name(role)}" if configuration else start


def crawler_group(configuration: str | None, role: str) -> str:
    """Return the log group of a crawler."""
    return (
        f"{CRAWLER_LOGS}-role/{role_name(role)}-{configuration}" if configuration else CRAWLER_LOGS
    )


def role_name(role: str) -> str:
    """Return path and name of a role that is given by its ARN or by path and name."""
    return (role.partition(":role/")[2] or role).lstrip("/")


class LogStream:
    """Buffers lines and puts them into ``group``/``stream`` twice a second until closed."""

    def __init__(self, client: Any, group: str, stream: str) -> None:
        self.group = group
        self.stream = stream
        self._client = client
        self._lock = threading.Lock()
        self._pending: list[dict[str, Any]] = []
        self._closed = threading.Event()
        self._create()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, message: str) -> None:
        """Add one line, dated now."""
        # CloudWatch refuses an empty message.
        event = {
            "timestamp": int(time.time() * 1000),
            "message": message[:MAX_MESSAGE_CHARACTERS] or " ",
        }
        with self._lock:
            self._pending.append(event)

    def close(self) -> None:
        """Put what is left."""
        self._closed.set()
        self._thread.join()

    def _create(self) -> None:
        exists = self._client.exceptions.ResourceAlreadyExistsException
        # The usual case: the deployed platform owns the group, with its key and retention.
        with contextlib.suppress(exists):
            self._client.create_log_group(logGroupName=self.group)
            # Glue makes it, too, if the role may; it then has no retention. A deployment that
            # names its groups rightly never leaves this line in the emulator's log.
            print(f"{ABSENT_GROUP} {self.group}", file=sys.stderr, flush=True)
        with contextlib.suppress(exists):
            self._client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)

    def _run(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, []
        for batch in batches(pending):
            try:
                self._client.put_log_events(
                    logGroupName=self.group, logStreamName=self.stream, logEvents=batch
                )
            except (ClientError, BotoCoreError) as error:
                # A log that cannot be written must not fail the job that writes it; but it
                # must not vanish either.
                print(f"log {self.group}/{self.stream}: {error}", file=sys.stderr)
                for event in batch:
                    print(event["message"], file=sys.stderr)


def batches(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut ``events`` into batches that PutLogEvents accepts."""
    result: list[list[dict[str, Any]]] = []
    size = 0
    for event in events:
        weight = len(event["message"].encode()) + EVENT_OVERHEAD_BYTES
        if not result or len(result[-1]) >= MAX_EVENTS or size + weight > MAX_BATCH_BYTES:
            result.append([])
            size = 0
        result[-1].append(event)
        size += weight
    return result
