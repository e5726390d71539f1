"""Errors whose message is written for the person who has to act on it."""

import sys
import traceback


class JobError(Exception):
    """A problem with the data or the configuration; the message says all, no traceback needed."""


class JobFailed(JobError):
    """The job is over and at least one data set or table failed; raised last, after the report."""


def explain(error: BaseException) -> None:
    """Print the traceback of an error nobody foresaw; a JobError says all in its message."""
    if not isinstance(error, JobError):
        traceback.print_exception(error, file=sys.stderr)


def summary(error: BaseException, limit: int = 1000) -> str:
    """Return an error as one short line: Spark's own messages carry whole query plans."""
    text = str(error).strip()
    if not isinstance(error, JobError):
        text = f"{type(error).__name__}: {text}"
    # Everything after the first blank line or JVM frame is plan or stack, not message.
    lines = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith(("at ", "'")):
            break
        lines.append(line.strip())
    line = " ".join(lines)
    return line if len(line) <= limit else line[: limit - 1] + "…"
