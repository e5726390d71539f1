"""Versions of S3 objects.

| what | kind | why |
|---|---|---|
| disposing of a delete marker | adds | deleting the last version of a deleted object failed |
"""

from __future__ import annotations

from moto.s3.models import FakeDeleteMarker

from tarn_emulator.patches.registry import adds


@adds(
    "s3",
    "DisposeOfDeleteMarker",
    reason="emptying a bucket whose versioning is suspended failed at the first delete marker",
    target="moto.s3.models:FakeDeleteMarker",
    attribute="dispose",
)
def dispose(self: FakeDeleteMarker) -> None:
    """A delete marker holds no content, so there is nothing to give back."""
