"""Where the patches keep what moto has no place for."""

from __future__ import annotations

from typing import Any


def store(owner: Any, name: str) -> dict[Any, Any]:
    """A dictionary that belongs to a moto object and goes away with it."""
    return vars(owner).setdefault(f"tarn_{name}", {})
