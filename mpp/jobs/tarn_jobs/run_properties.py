"""What a run was started with beyond the arguments of its jobs: properties of the workflow run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import boto3

from tarn_jobs.arguments import JobArguments
from tarn_jobs.errors import JobError

_FROM, _TO, _FULL = "tarn_from", "tarn_to", "tarn_full"


@dataclass(frozen=True)
class RunProperties:
    """Which raw files a run may read. Both dates are inclusive; None is open."""

    first: date | None = None
    last: date | None = None
    # Files that were read before are read again.
    full: bool = False

    @property
    def has_range(self) -> bool:
        """Whether the run is limited to files of certain dates."""
        return self.first is not None or self.last is not None

    def includes(self, first: date, last: date) -> bool:
        """Tell whether a file that has the days from first to last is to be read."""
        return (self.last is None or first <= self.last) and (
            self.first is None or last >= self.first
        )


def load(job: JobArguments) -> RunProperties:
    """Return the properties of the workflow run a job belongs to; a lone job has none.

    They belong to the run, not to its definition, so that two runs can have different ones:
    https://docs.aws.amazon.com/glue/latest/dg/workflow-run-properties-code.html
    """
    if not (job.workflow_name and job.workflow_run_id):
        return RunProperties()
    answer = boto3.client("glue").get_workflow_run_properties(
        Name=job.workflow_name, RunId=job.workflow_run_id
    )
    return parse(answer.get("RunProperties") or {})


def parse(properties: Mapping[str, str]) -> RunProperties:
    """Check the properties; those of others are left alone."""
    first, last = _date(properties, _FROM), _date(properties, _TO)
    if first and last and first > last:
        raise JobError(f"run property {_FROM} {first} is after {_TO} {last}")
    full = properties.get(_FULL) or "false"
    if full not in ("true", "false"):
        raise JobError(f"run property {_FULL} is {full!r}: want true or false")
    return RunProperties(first, last, full == "true")


def _date(properties: Mapping[str, str], name: str) -> date | None:
    text = properties.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise JobError(f"run property {name} is {text!r}: want a date like 2024-01-31") from None
