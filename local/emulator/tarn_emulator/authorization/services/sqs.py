"""SQS: queues. The queue's own policy is not looked at."""

from __future__ import annotations

from collections.abc import Iterable

from moto.sqs.models import sqs_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.table import Service, each, everything
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of SQS needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A queue with its tags."""
    queue = sqs_backends[ACCOUNT_ID][call.region].queues.get(arn.split(":")[-1])
    return Resource(arn, dict(queue.tags) if queue is not None else {})


def _queue(call: Call) -> Iterable[str]:
    name = call.get("QueueName") or call.get("QueueUrl", "*").split("/")[-1]
    return (f"arn:aws:sqs:{call.region}:{ACCOUNT_ID}:{name}",)


SERVICE = Service(
    prefix="sqs",
    resource=resource,
    tag_action="TagQueue",
    rules={
        **each(
            "CreateQueue DeleteQueue GetQueueUrl GetQueueAttributes SetQueueAttributes PurgeQueue"
            " SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility TagQueue UntagQueue"
            " ListQueueTags AddPermission RemovePermission ListDeadLetterSourceQueues",
            _queue,
        ),
        **each("SendMessageBatch", _queue, action="SendMessage"),
        **each("DeleteMessageBatch", _queue, action="DeleteMessage"),
        **each("ChangeMessageVisibilityBatch", _queue, action="ChangeMessageVisibility"),
        **each("ListQueues", everything),
    },
)
