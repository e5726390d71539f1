"""What a job run is made of and charged for: DPUs, and the seconds they were held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# DPUs of one worker (Glue API Reference, JobRun, WorkerType).
WORKER_DPUS = {
    "Standard": 1.0,
    "G.025X": 0.25,
    "G.1X": 1.0,
    "G.2X": 2.0,
    "G.4X": 4.0,
    "G.8X": 8.0,
    "G.12X": 12.0,
    "G.16X": 16.0,
    "R.1X": 1.0,
    "R.2X": 2.0,
    "R.4X": 4.0,
    "R.8X": 8.0,
    "Z.2X": 2.0,
}
PYTHON_SHELL_DPUS = 0.0625
SPARK_DPUS = 10.0


def max_capacity(command: str, shape: Mapping[str, Any]) -> float:
    """Return the DPUs a run may hold at once, as GetJobRun answers them."""
    if shape.get("MaxCapacity"):
        return float(shape["MaxCapacity"])
    if shape.get("WorkerType") and shape.get("NumberOfWorkers"):
        return WORKER_DPUS.get(shape["WorkerType"], 1.0) * int(shape["NumberOfWorkers"])
    if shape.get("AllocatedCapacity"):
        return float(shape["AllocatedCapacity"])
    return PYTHON_SHELL_DPUS if command == "pythonshell" else SPARK_DPUS


def dpu_seconds(
    shape: Mapping[str, Any], auto_scaling: bool, capacity: float, seconds: float
) -> float | None:
    """Return DPUSeconds, which AWS gives for a FLEX run and with auto scaling, or None.

    Nothing scales on one machine: all workers count for the whole time, the most it could be.
    """
    if shape.get("ExecutionClass") == "FLEX" or auto_scaling:
        return round(capacity * seconds, 1)
    return None
