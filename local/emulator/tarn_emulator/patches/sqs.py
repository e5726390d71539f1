"""SQS.

| what | kind | why |
|---|---|---|
| SetQueueAttributes | extends | took away a policy that it was not told of |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tarn_emulator.patches.registry import extends


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
