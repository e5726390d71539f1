"""Why a run failed, in one line, as GetJobRun's ErrorMessage says it."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from .process import End, Outcome

TRACEBACK = "Traceback (most recent call last):"
# Lines that end a log without telling why.
_NOISE = (" INFO ", " WARN ", "ShutdownHookManager", "\tat ", "... ", "Caused by: ")
MAX_MESSAGE = 2000
_JAVA_CAUSE = re.compile(r": [\w.$]+(Exception|Error)\b")


def traceback_of(lines: Sequence[str]) -> list[str]:
    """Return the last Python traceback in ``lines`` with its exception line, or nothing."""
    starts = [i for i, line in enumerate(lines) if line.startswith(TRACEBACK)]
    if not starts:
        return []
    block = [lines[starts[-1]]]
    rest = lines[starts[-1] + 1 :]
    for number, line in enumerate(rest):
        block.append(line)
        if line and not line[0].isspace():
            # What Java threw, such as a missing permission, stands behind a colon on a line of
            # its own.
            block += filter(_JAVA_CAUSE.match, rest[number + 1 : number + 2])
            break
    return block


def error_message(outcome: Outcome, stdout: Sequence[str], stderr: Sequence[str]) -> str:
    """Return the one line that says why a process did not succeed."""
    if outcome.end is End.KILLED:
        return f"The driver process was killed by signal {outcome.code} ({_name(outcome.code)})."
    # spark-submit joins the script's two streams into its stdout; a python-shell job does not.
    for lines in (stdout, stderr):
        block = traceback_of(lines)
        if len(block) > 1:
            last = 2 if _JAVA_CAUSE.match(block[-1]) else 1
            return "".join(block[-last:])[:MAX_MESSAGE]
    for lines in (stderr, stdout):
        for line in reversed(lines):
            if line.strip() and not any(noise in line for noise in _NOISE):
                return f"{line.strip()[:MAX_MESSAGE]} (exit status {outcome.code})"
    return f"Command failed with exit code {outcome.code}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
