"""S3 lifecycle rules, kept as they were sent.

| what | kind | why |
|---|---|---|
| PutBucketLifecycleConfiguration | extends | NewerNoncurrentVersions of an expiration, every |
| | | object size filter and the minimum transition size were lost |
| GetBucketLifecycleConfiguration | replaces | it answered from what was left |
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import has_request_context
from flask import request as flask_request
from moto.core.responses import ActionResult
from moto.s3.exceptions import NoSuchLifecycleConfiguration
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from tarn_emulator.patches.registry import extends, replaces

MINIMUM_SIZE_HEADER = "x-amz-transition-default-minimum-object-size"
DEFAULT_MINIMUM_SIZE = "all_storage_classes_128K"

#: Fields of a filter, alone or below And, that are plain values.
FILTER_FIELDS = ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan")


@extends(
    "s3",
    "PutBucketLifecycleConfiguration",
    reason="NewerNoncurrentVersions, object size filters and the minimum size were dropped",
    target="moto.s3.models:FakeBucket",
    attribute="set_lifecycle",
)
def set_lifecycle(
    upstream: Callable[..., Any], self: FakeBucket, rules: list[dict[str, Any]]
) -> None:
    """Let upstream check the rules, then keep them whole."""
    upstream(self, rules)
    for rule in rules:
        # AWS names a rule that has no name.
        rule.setdefault("ID", str(uuid.uuid4()))
    self.tarn_lifecycle = [_shape(rule) for rule in rules]  # type: ignore[attr-defined]
    size = flask_request.headers.get(MINIMUM_SIZE_HEADER) if has_request_context() else None
    self.tarn_minimum_size = size or DEFAULT_MINIMUM_SIZE  # type: ignore[attr-defined]


@replaces(
    "s3",
    "GetBucketLifecycleConfiguration",
    reason="it answers from rules that lost fields",
    attribute="get_bucket_lifecycle",
)
def get_bucket_lifecycle(self: S3Response) -> Any:
    """The rules as they were put."""
    self.data["Action"] = "GetBucketLifecycleConfiguration"
    bucket = self.backend.get_bucket(self.bucket_name)
    if not bucket.rules:
        raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
    return self.serialized(
        ActionResult(
            {
                "Rules": bucket.tarn_lifecycle,  # type: ignore[attr-defined]
                "TransitionDefaultMinimumObjectSize": bucket.tarn_minimum_size,  # type: ignore[attr-defined]
            }
        )
    )


def _shape(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of the request's XML in the shape of the API's answer."""
    shaped: dict[str, Any] = {"ID": rule["ID"], "Status": rule["Status"]}
    if "Filter" in rule:
        shaped["Filter"] = _filter(rule["Filter"] or {})
    else:
        shaped["Prefix"] = rule.get("Prefix") or ""
    if rule.get("Expiration"):
        expiration = dict(rule["Expiration"])
        if "ExpiredObjectDeleteMarker" in expiration:
            marker = expiration["ExpiredObjectDeleteMarker"]
            expiration["ExpiredObjectDeleteMarker"] = str(marker).lower() == "true"
        shaped["Expiration"] = expiration
    for name in ("Transition", "NoncurrentVersionTransition"):
        if rule.get(name):
            shaped[f"{name}s"] = [dict(one) for one in _as_list(rule[name])]
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if rule.get(name):
            shaped[name] = dict(rule[name])
    return shaped


def _filter(raw: dict[str, Any]) -> dict[str, Any]:
    shaped = _plain_fields(raw)
    if raw.get("Tag"):
        shaped["Tag"] = _tag(raw["Tag"])
    if raw.get("And"):
        both = _plain_fields(raw["And"])
        if raw["And"].get("Tag"):
            both["Tags"] = [_tag(tag) for tag in _as_list(raw["And"]["Tag"])]
        shaped["And"] = both
    return shaped


def _plain_fields(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: raw[name] or "" for name in FILTER_FIELDS if name in raw}


def _tag(raw: dict[str, Any]) -> dict[str, str]:
    return {"Key": raw["Key"], "Value": raw.get("Value") or ""}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
