"""SNS: topics. The topic's own policy is not looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.sns.models import sns_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
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


SERVICE = Service(
    prefix="sns",
    resource=resource,
    tag_action="TagResource",
    rules={
        "CreateTopic": Rule(_new_topic),
        "Subscribe": Rule(parameter("TopicArn"), keys=_subscription),
        **each(
            "DeleteTopic GetTopicAttributes SetTopicAttributes ListSubscriptionsByTopic"
            " ConfirmSubscription Publish AddPermission RemovePermission"
            " GetDataProtectionPolicy",
            parameter("TopicArn", "TargetArn", "ResourceArn"),
        ),
        "PublishBatch": Rule(parameter("TopicArn"), action="Publish"),
        **each("TagResource UntagResource ListTagsForResource", parameter("ResourceArn")),
        **each(
            "ListTopics ListSubscriptions Unsubscribe GetSubscriptionAttributes"
            " SetSubscriptionAttributes",
            everything,
        ),
    },
)
