"""The file of calls: one JSON line for each action that was asked about."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from tarn_emulator.authorization.check import Check

#: Condition keys that only tell about the transport.
UNTOLD = {
    "s3:ResourceAccount",
    "s3:TlsVersion",
    "s3:authType",
    "s3:signatureversion",
    "s3:x-amz-content-sha256",
}


class Recorder:
    """Appends to a file; safe to use from many threads. Each line is whole once it is there."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._file = file.open("a", encoding="utf-8")

    def add(self, check: Check, principal: str, allowed: bool) -> None:
        """Write one line."""
        line: dict[str, Any] = {
            "action": check.action,
            "resources": [resource.arn for resource in check.resources],
            "principal": principal,
            "allowed": allowed,
            "implied": check.implied,
            "context": {
                name: value
                for name, value in check.keys.items()
                if value is not None and name not in UNTOLD
            },
        }
        with self._lock:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()
