"""SNS: topics. The topic's own policy is not looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.sns.models import sns_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services import kms
from tarn_emulator.authorization.table import Rule, Service, each, everything, parameter
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of SNS needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A topic with its tags."""
    topic = sns_backends[ACCOUNT_ID][call.region].topics.get(arn)
    return Resource(arn, dict(topic._tags) if topic is not None else {})


def _new_topic(call: Call) -> Iterable[str]:
    return (f"arn:aws:sns:{call.region}:{ACCOUNT_ID}:{call.get('Name')}",)


def _subscription(call: Call) -> Mapping[str, Any]:
    return {"sns:Endpoint": call.get("Endpoint"), "sns:Protocol": call.get("Protocol")}


def _encrypt(call: Call) -> Iterable[Check]:
    """Use of the key of an encrypted topic (SNS Guide, "Managing Amazon SNS encryption keys")."""
    arn = call.get("TopicArn") or call.get("TargetArn") or ""
    topic = sns_backends[ACCOUNT_ID][call.region].topics.get(arn)
    key = topic.kms_master_key_id if topic is not None else None
    yield from kms.use(call, key, "GenerateDataKey Decrypt", "sns", {"aws:sns:topicArn": arn})


SERVICE = Service(
    prefix="sns",
    resource=resource,
    tag_action="TagResource",
    rules={
        "CreateTopic": Rule(_new_topic),
        "Subscribe": Rule(parameter("TopicArn"), keys=_subscription),
        **each(
            "DeleteTopic GetTopicAttributes SetTopicAttributes ListSubscriptionsByTopic"
            " ConfirmSubscription AddPermission RemovePermission"
            " GetDataProtectionPolicy",
            parameter("TopicArn", "TargetArn", "ResourceArn"),
        ),
        **each(
            "Publish PublishBatch",
            parameter("TopicArn", "TargetArn"),
            action="Publish",
            also=(_encrypt,),
        ),
        **each("TagResource UntagResource ListTagsForResource", parameter("ResourceArn")),
        **each(
            "ListTopics ListSubscriptions Unsubscribe GetSubscriptionAttributes"
            " SetSubscriptionAttributes",
            everything,
        ),
    },
)
