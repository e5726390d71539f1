"""SQS: queues. The queue's own policy is not looked at."""

from __future__ import annotations

from collections.abc import Iterable

from moto.sqs.models import sqs_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services import kms
from tarn_emulator.authorization.table import Also, Service, each, everything
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


def _with_key(actions: str) -> Also:
    """Use of the key of a queue that is encrypted with one (SQS Guide, "Key management")."""

    def use(call: Call) -> Iterable[Check]:
        (arn,) = _queue(call)
        queue = sqs_backends[ACCOUNT_ID][call.region].queues.get(arn.split(":")[-1])
        key = getattr(queue, "kms_master_key_id", None)
        yield from kms.use(call, key, actions, "sqs", {"aws:sqs:arn": arn})

    return use


_encrypt, _decrypt = _with_key("GenerateDataKey Decrypt"), _with_key("Decrypt")

SERVICE = Service(
    prefix="sqs",
    resource=resource,
    tag_action="TagQueue",
    rules={
        **each(
            "CreateQueue DeleteQueue GetQueueUrl GetQueueAttributes SetQueueAttributes PurgeQueue"
            " DeleteMessage ChangeMessageVisibility TagQueue UntagQueue"
            " ListQueueTags AddPermission RemovePermission ListDeadLetterSourceQueues",
            _queue,
        ),
        **each("SendMessage SendMessageBatch", _queue, action="SendMessage", also=(_encrypt,)),
        **each("ReceiveMessage", _queue, also=(_decrypt,)),
        **each("DeleteMessageBatch", _queue, action="DeleteMessage"),
        **each("ChangeMessageVisibilityBatch", _queue, action="ChangeMessageVisibility"),
        **each("ListQueues", everything),
    },
)
