"""KMS.

| what | kind | why |
|---|---|---|
| EnableKeyRotation, GetKeyRotationStatus | extends | RotationPeriodInDays was lost |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.kms.responses import KmsResponse

from tarn_emulator.patches.errors import AwsError
from tarn_emulator.patches.registry import extends
from tarn_emulator.patches.store import store

DEFAULT_DAYS = 365
ALLOWED_DAYS = range(90, 2561)


@extends("kms", "EnableKeyRotation", reason="RotationPeriodInDays was lost")
def enable_key_rotation(upstream: Callable[..., Any], self: KmsResponse) -> Any:
    """Turn rotation on with its period."""
    days = self._get_param("RotationPeriodInDays")
    if days is not None and days not in ALLOWED_DAYS:
        raise AwsError(
            "ValidationException", f"RotationPeriodInDays must be from 90 to 2560, not {days}"
        )
    answer = upstream(self)
    store(_key(self), "rotation")["days"] = days or DEFAULT_DAYS
    return answer


@extends("kms", "GetKeyRotationStatus", reason="RotationPeriodInDays was not returned")
def get_key_rotation_status(upstream: Callable[..., Any], self: KmsResponse) -> Any:
    """Whether a key rotates, and how often."""
    status = json.loads(upstream(self))
    if status["KeyRotationEnabled"]:
        status["RotationPeriodInDays"] = store(_key(self), "rotation").get("days", DEFAULT_DAYS)
    return json.dumps(status)


def _key(self: KmsResponse) -> Any:
    return self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
