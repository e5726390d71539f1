"""Runs one command and ends with it, or kills it when its own stdin closes.

The emulator starts this file, not the job itself, and holds the write end of its stdin. The pipe
closes when the emulator stops the run and also when the emulator dies in any way, even by
``kill -9``: the job's whole process group then goes with it. A pipe works on Linux and macOS
alike, which ``prctl(PR_SET_PDEATHSIG)`` does not.

Only the standard library, and no import from this package: it is started as a plain file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 3.0


def _end_group_when_stdin_closes() -> None:
    while os.read(0, 4096):
        pass
    # The group is the session the emulator started for this supervisor: the command and whatever
    # it started. This process ignores SIGTERM, so that it lives to send the SIGKILL.
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run ``command``; return its exit status, 128 + n when signal n ended it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        # The child must not inherit "SIGTERM is ignored".
        preexec_fn=_restore_signals,
    )
    threading.Thread(target=_end_group_when_stdin_closes, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def _restore_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
