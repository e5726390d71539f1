"""Versions of S3 objects.

| what | kind | why |
|---|---|---|
| disposing of a delete marker | adds | deleting the last version of a deleted object failed |
| ListObjectVersions | replaces | failed when an object was deleted for good meanwhile |
| listing versions | adds | each page copied the content of all objects of the bucket |
| setlist | replaces | each write of a version compared all versions of the object in pairs |
| PutObjectLockConfiguration | replaces | refused for a bucket with objects, which AWS has allowed |
| | | since November 2023 |
| GetObjectLockConfiguration | extends | days and years came back both, one of them as 0 |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

from moto.s3.exceptions import InvalidBucketState
from moto.s3.models import FakeDeleteMarker, FakeKey, S3Backend
from moto.s3.utils import _VersionedKeyStore

from tarn_emulator.patches.registry import adds, extends, replaces


@adds(
    "s3",
    "DisposeOfDeleteMarker",
    reason="emptying a bucket whose versioning is suspended failed at the first delete marker",
    target="moto.s3.models:FakeDeleteMarker",
    attribute="dispose",
)
def dispose(self: FakeDeleteMarker) -> None:
    """A delete marker holds no content, so there is nothing to give back."""


@replaces(
    "s3",
    "ListObjectVersions",
    reason="it failed when another thread deleted the last version of an object meanwhile",
    target="moto.s3.utils:_VersionedKeyStore",
    attribute="iterlists",
)
def iterlists(self: _VersionedKeyStore) -> Iterator[tuple[str, list[Any]]]:
    """Each key with its versions, of the keys that are still there."""
    for key in list(self):
        versions = self.getlist(key)
        if versions is not None:
            yield key, list(versions)


@adds(
    "s3",
    "DescribeVersion",
    reason="each page of a listing of versions copied the content of all objects of the bucket",
    target="moto.s3.models:FakeKey",
    attribute="__deepcopy__",
)
def describe_version(self: FakeKey, _memo: dict[int, Any]) -> FakeKey:
    """A copy without content; only listings make one, to mark in it which version is the latest."""
    with suppress(ValueError):  # another thread may have deleted it meanwhile
        self.etag  # noqa: B018 - made from the content when it is first asked for
    copied = FakeKey.__new__(FakeKey)
    copied.__dict__.update(self.__dict__)
    copied._value_buffer, copied.multipart, copied.disposed = BytesIO(), None, True
    return copied


@replaces(
    "s3",
    "setlist",
    reason="with thousands of versions, as of a Pulumi state, a write took seconds",
    target="moto.s3.utils:_VersionedKeyStore",
)
def setlist(self: _VersionedKeyStore, key: str, versions: Any) -> None:
    """Keep these versions of a key and dispose of its others."""
    kept = list(versions) if isinstance(versions, list | tuple) else [versions]
    identities = {id(version) for version in kept}
    for version in self.getlist(key, []):
        if id(version) not in identities:
            version.dispose()
    dict.__setitem__(self, key, kept)


@replaces(
    "s3",
    "PutObjectLockConfiguration",
    reason="a bucket that has objects was refused",
    target="moto.s3.models:S3Backend",
    attribute="put_object_lock_configuration",
)
def put_object_lock_configuration(
    self: S3Backend,
    bucket_name: str,
    lock_enabled: bool,
    mode: str | None = None,
    days: int | None = None,
    years: int | None = None,
) -> None:
    """Lock what is written from now on. Nothing takes the lock off a bucket again."""
    bucket = self.get_bucket(bucket_name)
    if not bucket.is_versioned:
        raise InvalidBucketState(
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        )
    if lock_enabled:
        bucket.object_lock_enabled = True
    bucket.default_lock_mode = mode
    bucket.default_lock_days = days
    bucket.default_lock_years = years


@extends(
    "s3",
    "GetObjectLockConfiguration",
    reason="of days and years AWS has one, upstream has the other as 0",
    target="moto.s3.models:S3Backend",
    attribute="get_object_lock_configuration",
)
def get_object_lock_configuration(
    upstream: Callable[..., Any], self: S3Backend, bucket_name: str
) -> tuple[bool, str | None, int | None, int | None]:
    """The lock with the one period that was put."""
    enabled, mode, days, years = upstream(self, bucket_name)
    return enabled, mode, days or None, years or None
