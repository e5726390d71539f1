"""Fixtures for tests whose code calls AWS: a real emulator process, which boto3 is sent to."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "local" / "emulator" / "tests"))

from emulator_process import read_json, start_emulator, stop, wait_for


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulator."""
    state_dir = tmp_path_factory.mktemp("emulator")
    process = start_emulator(state_dir)
    try:
        state = wait_for(lambda: read_json(state_dir / "emulator.json"), "the emulator's start")
        yield state["endpoint"]
    finally:
        stop(process)


@pytest.fixture
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the calls of boto3 to the emulator, as in a job."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "tarn",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any], str, float], Any]:
    """Return what waits for the first true value of a condition."""
    return wait_for
