"""Fixtures every emulator test shares. The helpers are in `emulator_process`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from authorization_support import Account
from emulator_process import Endpoint, answers, read_json, start_emulator, stop, wait_for

__all__ = ["Endpoint", "read_json", "start_emulator", "stop", "wait_for"]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One emulator for the whole session: tests use names of their own."""
    state_dir = tmp_path_factory.mktemp("emulator")
    process = start_emulator(state_dir)
    try:
        state = wait_for(lambda: read_json(state_dir / "emulator.json"), "the emulator's start")
        yield Endpoint(state["endpoint"], state_dir)
    finally:
        stop(process)


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account of an emulator that enforces IAM and records calls."""
    state_dir = tmp_path_factory.mktemp("enforcing")
    process = start_emulator(
        state_dir, "--enforce-iam", "--record-calls", str(state_dir / "calls.jsonl")
    )
    try:
        state = wait_for(lambda: read_json(state_dir / "emulator.json"), "the emulator's start")
        yield Account(Endpoint(state["endpoint"], state_dir))
    finally:
        stop(process)


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """moto without a patch, to show that a defect is still there."""
    state_dir = tmp_path_factory.mktemp("upstream")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    with (state_dir / "moto.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: answers(port), "the start of moto")
        yield Endpoint(f"http://127.0.0.1:{port}", state_dir)
    finally:
        stop(process)


@pytest.fixture
def name() -> str:
    """A name no other test uses; valid for buckets, databases, jobs and roles."""
    return f"t{uuid.uuid4().hex[:12]}"
