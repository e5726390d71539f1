"""Starting, reaching and ending the real emulator process; what every test of it shares."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

EMULATOR_ROOT = Path(__file__).resolve().parent.parent
DEFAULT_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tarn"
JARS = Path(os.environ.get("TARN_CACHE") or DEFAULT_CACHE) / "jars"
START_SECONDS = 60


@dataclass
class Endpoint:
    """A server that speaks AWS, and clients for it."""

    endpoint: str
    state_dir: Path
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client that never retries, so that a test sees the first answer."""
        if options:
            return self._create(service, **options)
        if service not in self._clients:
            self._clients[service] = self._create(service)
        return self._clients[service]

    def _create(self, service: str, **options: Any) -> Any:
        config = Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            read_timeout=120,
        )
        options.setdefault("aws_access_key_id", "AKIAIOSFODNN7EXAMPLE")
        options.setdefault("aws_secret_access_key", "tarn")
        options.setdefault("config", config)
        options.setdefault("region_name", "us-east-1")
        return boto3.client(service, endpoint_url=self.endpoint, **options)


def start_emulator(state_dir: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start the emulator as the command-line tool does; the log is in the state folder."""
    state_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tarn_emulator", "--state-dir", str(state_dir)]
    command += ["--jars", str(JARS), *arguments]
    with (state_dir / "emulator.log").open("ab") as log:
        return subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(EMULATOR_ROOT)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def wait_for(condition: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> Any:
    """The first true value of the condition; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def read_json(path: Path) -> Any:
    """The content of a JSON file, None while it is not there."""
    try:
        return json.loads(path.read_text())
    except OSError:
        return None


def stop(process: subprocess.Popen[bytes], seconds: float = 30) -> int:
    """End a process the way a user does; kill it only when it does not obey."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def answers(port: int) -> bool:
    """True when something accepts connections on a port of the loopback interface."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
