"""Replication of S3 buckets: stored and shown, nothing is copied.

| what | kind | why |
|---|---|---|
| GetBucketReplication | replaces | upstream shows the half of a rule, and a made-up rest |
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import ReplicationConfigurationNotFoundError
from moto.s3.responses import S3Response

from tarn_emulator.patches.registry import replaces


@replaces(
    "s3",
    "GetBucketReplication",
    reason="filter, selection of encrypted objects and delete markers were lost",
)
def get_bucket_replication(self: S3Response) -> Any:
    """The configuration as it was put."""
    self.data["Action"] = "GetBucketReplication"
    stored = self.backend.get_bucket_replication(self.bucket_name)
    if not stored:
        raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
    shown = {"Role": stored["Role"], "Rules": [_rule(rule) for rule in stored["Rule"]]}
    return self.serialized(ActionResult({"ReplicationConfiguration": shown}))


def _rule(stored: dict[str, Any]) -> dict[str, Any]:
    """A rule; what is empty in XML is an empty text here and not nothing."""
    rule = {name: "" if value is None else value for name, value in stored.items()}
    if "Filter" in rule:
        rule["Filter"] = _filter(rule["Filter"] or {})
    return rule


def _filter(stored: dict[str, Any]) -> dict[str, Any]:
    shown = {name: "" if value is None else value for name, value in stored.items()}
    if "And" in shown:
        both = dict(shown["And"])
        tags = both.pop("Tag", [])
        shown["And"] = {**both, "Tags": tags if isinstance(tags, list) else [tags]}
    return shown
