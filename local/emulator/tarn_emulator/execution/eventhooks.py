"""Where events come from, in the place of what moto does with them.

| what | why |
|---|---|
| Rule.send_to_targets | upstream delivers also for a disabled rule, to no topic and workflow |
| S3Backend.put_object | upstream tells of an upload in parts twice |
| S3's notification of EventBridge | upstream has another shape, the same id for every event |
"""

from __future__ import annotations

import copy
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.events.models import events_backends
from moto.s3.notifications import S3NotificationEvent, _detail_type

from tarn_emulator.patches.registry import declared, extends, replaces

from .delivery import Delivery, delivers_to

#: What made an object (Amazon S3 User Guide, "EventBridge event message structure").
REASONS = {
    S3NotificationEvent.OBJECT_CREATED_PUT_EVENT: "PutObject",
    S3NotificationEvent.OBJECT_CREATED_POST_EVENT: "POST Object",
    S3NotificationEvent.OBJECT_CREATED_COPY_EVENT: "CopyObject",
    S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT: "CompleteMultipartUpload",
    S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT: "DeleteObject",
    S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT: "DeleteObject",
}
DELETIONS = {
    S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT: "Permanently Deleted",
    S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT: "Delete Marker Created",
}


class Bus:
    """What delivers; set once by connect()."""

    delivery: Delivery


def connect(delivery: Delivery) -> None:
    """Put every hook of this file into moto, bound to what delivers."""
    first = not hasattr(Bus, "delivery")
    Bus.delivery = delivery
    if first:
        for patch in declared():
            if patch.function.__module__ == __name__:
                patch.install()


@extends(
    "events",
    "PutEvents",
    "upstream delivers also for a disabled rule, and fails on topics and workflows",
    target="moto.events.models:Rule",
    attribute="send_to_targets",
)
def send_to_targets(
    upstream: Callable[..., None],
    self: Any,
    original_event: dict[str, Any],
    transform_input: bool = True,
) -> None:
    """Deliver an event soon, if the rule is on and matches; upstream sends to logs and buses."""
    if self.state == "DISABLED":
        return
    rest = [target for target in self.targets if not delivers_to(target["Arn"])]
    if len(rest) < len(self.targets):
        Bus.delivery.put(self, _shaped(original_event))
    if rest:
        others = copy.copy(self)
        others.targets = rest
        upstream(others, original_event, transform_input)


@replaces(
    "events",
    "S3 events",
    "upstream has other names and one id for all events",
    target="moto.s3.notifications",
    attribute="_send_event_bridge_message",
)
def send_event_bridge_message(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    """Tell the default bus what has happened to an object."""
    kind = S3NotificationEvent(event_name)
    what: dict[str, Any] = {"key": key.name}
    if kind not in DELETIONS:
        what |= {"size": key.size}
    if etag := getattr(key, "etag", None):  # a delete marker that is deleted has none
        what |= {"etag": etag.strip('"')}
    if key.version_id and key.version_id != "null":
        what["version-id"] = key.version_id
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": {**what, "sequencer": f"{time.time_ns():016X}"},
        "request-id": secrets.token_hex(8).upper(),
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
    }
    if kind in REASONS:
        detail["reason"] = REASONS[kind]
    if kind in DELETIONS:
        detail["deletion-type"] = DELETIONS[kind]
    event = {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": _detail_type(event_name),
        "source": "aws.s3",
        "account": account_id,
        "time": time.time(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
        "ingestion-time": time.time(),
    }
    default = events_backends[account_id][bucket.region_name].event_buses["default"]
    for rule in list(default.rules.values()):
        rule.send_to_targets(event)


@extends(
    "s3",
    "CompleteMultipartUpload",
    "upstream tells of it twice, as an upload in parts and as one in whole",
    target="moto.s3.models:S3Backend",
    attribute="put_object",
)
def put_object(upstream: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    """Make an object; what is made of parts is told by who puts them together."""
    if kwargs.get("multipart") is not None:
        kwargs["disable_notification"] = True
    return upstream(self, *args, **kwargs)


def _shaped(event: dict[str, Any]) -> dict[str, Any]:
    """The event as targets get it: moto keeps its time as a number."""
    when = event["time"]
    if not isinstance(when, str):
        when = datetime.fromtimestamp(float(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = {name: value for name, value in event.items() if name != "ingestion-time"}
    return {**shown, "time": when}
