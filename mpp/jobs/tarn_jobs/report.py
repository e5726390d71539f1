"""What a job did, as an object in S3 for the driver and as lines on the console for people."""

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol

from tarn_jobs import storage
from tarn_jobs.arguments import JobArguments
from tarn_jobs.errors import JobFailed, explain, summary
from tarn_jobs.merge import MergeCounts

_print_lock = threading.Lock()


def say(line: str) -> None:
    """Print one line at once: the lines are streamed to the terminal while the job runs."""
    with _print_lock:
        print(line, flush=True)


@dataclass(frozen=True)
class DatasetResult:
    """What happened to one data set: read = valid + quarantined + superseded + expired."""

    name: str
    files: int = 0
    bytes: int = 0
    read: int = 0
    valid: int = 0
    quarantined: int = 0
    # Good records that are not staged, since there is a newer one with the same key.
    superseded: int = 0
    # Good records that are not staged, since the data set does not keep rows that old.
    expired: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    total: int = 0
    # Whether main of the table has the rows; a data set with quality rules waits for the gate.
    published: bool = False
    seconds: float = 0.0
    error: str | None = None

    def line(self) -> str:
        """The result in one line."""
        if self.error:
            return f"{self.name}: FAILED after {self.seconds:.1f} s: {self.error}"
        superseded = f"superseded {self.superseded:,}, " if self.superseded else ""
        expired = f"expired {self.expired:,}, " if self.expired else ""
        waits = "" if self.published else "waits for the quality gate, "
        return (
            f"{self.name}: read {self.read:,}, staged {self.valid:,} ({_changes(self)}), "
            f"quarantined {self.quarantined:,}, {superseded}{expired}{waits}{self.seconds:.1f} s"
        )


@dataclass(frozen=True)
class TableResult:
    """What happened to one analytics table."""

    name: str
    rows: int = 0
    build: str = ""  # full, incremental or unchanged
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    total: int = 0
    seconds: float = 0.0
    error: str | None = None

    def line(self) -> str:
        """The result in one line."""
        if self.error:
            return f"{self.name}: FAILED after {self.seconds:.1f} s: {self.error}"
        how = f", {self.build}" if self.build == "incremental" else ""
        return f"{self.name}: {self.rows:,} rows ({_changes(self)}{how}), {self.seconds:.1f} s"


_MERGED = ("inserted", "updated", "deleted", "unchanged", "total")


def counts(merged: MergeCounts) -> dict[str, int]:
    """Return the counts of a merge as fields of a result."""
    return {name: getattr(merged, name) for name in _MERGED}


class Outcome(Protocol):
    """What became of one data set or table."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def error(self) -> str | None:
        """What went wrong, None when nothing did."""


class JobReport:
    """Collects the results of a job and writes them."""

    def __init__(self, job: str, items_field: str, arguments: JobArguments) -> None:
        self._job = job
        self._items_field = items_field
        self._arguments = arguments
        self.started = datetime.now(UTC)
        self._began = monotonic()

    def write(
        self,
        pipeline: str | None,
        results: Iterable[DatasetResult | TableResult],
        error: str | None = None,
    ) -> None:
        """Write the report; `error` is one that kept the whole job from its work."""
        results = list(results)
        document: dict[str, Any] = {
            "job": self._job,
            "pipeline": pipeline,
            "run_id": self._arguments.run_id,
            "job_run_id": self._arguments.job_run_id,
            "started": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(monotonic() - self._began, 1),
            "ok": error is None and all(result.error is None for result in results),
            "error": error,
            self._items_field: [asdict(result) for result in results],
        }
        uri = f"{self._arguments.report_uri}/{self._arguments.run_id}/{self._job}.json"
        storage.write_text(uri, json.dumps(document, indent=2) + "\n")

    def fail_for(self, results: Iterable[Outcome], what: str) -> None:
        """Raise JobFailed when a result has an error, naming each; `what` says what failed."""
        results = list(results)
        if failed := [result for result in results if result.error]:
            # An exception, not sys.exit: Glue shows its message as the error of the run.
            raise JobFailed(
                f"{len(failed)} of {len(results)} {what}: "
                + "; ".join(f"{result.name}: {result.error}" for result in failed)
            )

    def give_up(self, pipeline: str | None, error: Exception) -> JobFailed:
        """Report an error that kept the whole job from its work; return what to raise."""
        # Not the error itself: the last line of a Spark error is a line of a JVM's stack, and
        # the last line is what Glue shows as the error of the run.
        explain(error)
        message = summary(error)
        self.write(pipeline, [], message)
        return JobFailed(message)


def _changes(result: DatasetResult | TableResult) -> str:
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (result.inserted, "new"),
            (result.updated, "changed"),
            (result.deleted, "deleted"),
        )
        if number
    ]
    return ", ".join(parts) or "unchanged"
