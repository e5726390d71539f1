"""One supervised child process: its output line by line, its end, and why it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

SUPERVISOR = Path(__file__).with_name("supervisor.py")
# Time the output pipes may stay open after the end, for a grandchild that left the group.
DRAIN_SECONDS = 5.0


class End(Enum):
    """Why a process ended."""

    EXITED = "exited"
    KILLED = "killed"
    STOPPED = "stopped"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Outcome:
    """The end of a process; ``code`` is its exit status or the number of the signal."""

    end: End
    code: int

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with status 0."""
        return self.end is End.EXITED and self.code == 0


class SupervisedProcess:
    """A command in a process group of its own that cannot outlive this process."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        on_stdout: Callable[[str], None],
        on_stderr: Callable[[str], None],
    ) -> None:
        self._stop_reason: End | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(SUPERVISOR), *command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout and self._process.stderr
        self._readers = [
            _read_lines(self._process.stdout, on_stdout),
            _read_lines(self._process.stderr, on_stderr),
        ]

    def stop(self, reason: End = End.STOPPED) -> None:
        """Ask the group to end (SIGTERM, then SIGKILL). Returns at once."""
        self._stop_reason = self._stop_reason or reason
        assert self._process.stdin
        # It may be gone already; wait() then clears the group.
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def wait(self, timeout_seconds: float | None = None) -> Outcome:
        """Wait for the end; after ``timeout_seconds`` stop the group as TIMED_OUT."""
        try:
            status = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.stop(End.TIMED_OUT)
            status = self._process.wait()
        reason = self._stop_reason
        self._clear_group()
        for reader in self._readers:
            reader.join(DRAIN_SECONDS)
        self.stop()  # closes the pipe
        if reason is not None and status != 0:
            return Outcome(reason, abs(status))
        if status < 0:
            return Outcome(End.KILLED, -status)
        if status > 128:
            return Outcome(End.KILLED, status - 128)
        return Outcome(End.EXITED, status)

    def _clear_group(self) -> None:
        # Nothing left is the usual case. macOS answers EPERM for a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _read_lines(stream: IO[bytes], consume: Callable[[str], None]) -> threading.Thread:
    def read() -> None:
        for line in stream:
            consume(line.decode("utf-8", errors="replace").rstrip("\r\n"))
        stream.close()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
