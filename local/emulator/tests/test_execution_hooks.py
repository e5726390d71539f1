"""What the execution puts into moto: each hook has its reason and its place upstream."""

from __future__ import annotations

import pytest
from tarn_emulator.execution import hooks
from tarn_emulator.patches.registry import Kind, Patch, declared, resolve

HOOKS = [patch for patch in declared() if patch.function.__module__ == hooks.__name__]


def upstream(patch: Patch) -> object:
    """What moto has where the hook goes. Nothing is installed in the process of the tests."""
    return getattr(resolve(patch.target), patch.attribute, None)


@pytest.mark.parametrize("patch", HOOKS, ids=lambda patch: f"{patch.service}.{patch.operation}")
def test_a_hook_is_still_needed_and_still_fits(patch: Patch) -> None:
    assert patch.reason
    found = upstream(patch)
    if patch.kind is Kind.ADDS:
        assert found is None, f"moto has {patch.operation} now: judge whether the hook can go"
    else:
        assert callable(found), f"moto no longer has {patch.target}.{patch.attribute}"
    assert patch.function.__doc__


def test_every_call_that_runs_something_is_hooked() -> None:
    operations = {patch.operation for patch in HOOKS}
    assert operations >= {
        "StartJobRun",
        "BatchStopJobRun",
        "StartTrigger",
        "StartWorkflowRun",
        "StopWorkflowRun",
        "StartCrawler",
        "StopCrawler",
        "StartQueryExecution",
        "StopQueryExecution",
    }
