"""SQS.

| what | kind | why |
|---|---|---|
| GetQueueAttributes | extends | what else is returned than on AWS |
| SetQueueAttributes | extends | took away a policy that it was not told of |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tarn_emulator.patches.registry import extends

ALLOW = "RedriveAllowPolicy"
REDRIVE = "RedrivePolicy"
SQS_KEYS = "SqsManagedSseEnabled"


@extends(
    "sqs",
    "SetQueueAttributes",
    reason="the policy of a queue was gone after a change of anything else",
    target="moto.sqs.models:SQSBackend",
    attribute="set_queue_attributes",
)
def set_queue_attributes(
    upstream: Callable[..., Any], self: Any, queue_name: str, attributes: dict[str, Any]
) -> Any:
    """Change the attributes that are named, and no other."""
    policy = self.get_queue(queue_name).policy
    queue = upstream(self, queue_name, attributes)
    if "Policy" not in attributes:
        queue.policy = policy
    return queue


@extends(
    "sqs",
    "GetQueueAttributes",
    reason="RedriveAllowPolicy was missing, RedrivePolicy had blanks, two encryptions were on",
    target="moto.sqs.models:SQSBackend",
    attribute="get_queue_attributes",
)
def get_queue_attributes(
    upstream: Callable[..., Any], self: Any, queue_name: str, attribute_names: list[str]
) -> dict[str, Any]:
    """The attributes as AWS tells them; the provider compares what it reads with what it set."""
    known = [name for name in attribute_names if name != ALLOW]
    found = dict(upstream(self, queue_name, known))
    queue = self.get_queue(queue_name)
    allowed = getattr(queue, "redrive_allow_policy", None)
    if allowed and ("All" in known or len(known) < len(attribute_names)):
        found[ALLOW] = allowed
    if found.get(REDRIVE):
        found[REDRIVE] = json.dumps(json.loads(found[REDRIVE]), separators=(",", ":"))
    if SQS_KEYS in found and queue.kms_master_key_id:
        found[SQS_KEYS] = "false"  # a key of one's own takes the place of those of SQS
    return found
