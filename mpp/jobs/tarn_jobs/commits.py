"""Commits to Iceberg tables that several runs write at the same time."""

import time
from collections.abc import Callable

from py4j.protocol import Py4JJavaError

_ATTEMPTS = 8
# The last one comes before anything is committed: a table that changes while Spark plans.
_CONFLICTS = ("CommitFailedException", "ValidationException", "has been concurrently modified")


def again_on_conflict(change: Callable[[], object]) -> None:
    """Make a change, again when another run has committed one that does not go with it."""
    for attempt in range(_ATTEMPTS):
        try:
            change()
            return
        except Exception as error:
            if attempt == _ATTEMPTS - 1 or not _is_conflict(error):
                raise
            time.sleep(0.2 * 2**attempt)


def _is_conflict(error: Exception) -> bool:
    # Spark hands an exception of a write on as it is or wraps it in one of its own.
    if isinstance(error, Py4JJavaError):
        text = str(error.java_exception)
        cause = error.java_exception.getCause()
        text += str(cause) if cause is not None else ""
    else:
        text = str(error)
    return any(name in text for name in _CONFLICTS)
