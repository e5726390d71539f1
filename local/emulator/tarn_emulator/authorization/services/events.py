"""EventBridge: rules and event buses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.events.models import events_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services.passing import pass_roles
from tarn_emulator.authorization.table import Rule, Service, each, everything, parameter
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of EventBridge needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A rule or bus with its tags."""
    backend = events_backends[ACCOUNT_ID][call.region]
    return Resource(arn, backend.tagger.get_tag_dict_for_resource(arn))


def _bus_name(named: str | None) -> str:
    return (named or "default").split("/")[-1]


def _rule(call: Call) -> Iterable[str]:
    """A rule; one of the default bus is named without its bus."""
    bus = _bus_name(call.get("EventBusName"))
    name = call.get("Rule") or call.get("Name") or "*"
    path = name if bus == "default" else f"{bus}/{name}"
    return (f"arn:aws:events:{call.region}:{ACCOUNT_ID}:rule/{path}",)


def _bus(call: Call) -> Iterable[str]:
    name = _bus_name(call.get("Name") or call.get("EventBusName"))
    return (f"arn:aws:events:{call.region}:{ACCOUNT_ID}:event-bus/{name}",)


def _buses_of_entries(call: Call) -> Iterable[str]:
    for entry in call.get("Entries", ()):
        name = _bus_name(entry.get("EventBusName"))
        yield f"arn:aws:events:{call.region}:{ACCOUNT_ID}:event-bus/{name}"


def _targets(call: Call) -> Mapping[str, Any]:
    return {"events:TargetArn": [target["Arn"] for target in call.get("Targets", ())]}


_pass_target_roles = pass_roles(
    lambda call: [target.get("RoleArn") for target in call.get("Targets", ())],
    "events.amazonaws.com",
)

SERVICE = Service(
    prefix="events",
    resource=resource,
    tag_action="TagResource",
    rules={
        **each(
            "PutRule DescribeRule DeleteRule EnableRule DisableRule ListTargetsByRule"
            " RemoveTargets",
            _rule,
        ),
        "PutTargets": Rule(_rule, keys=_targets, also=(_pass_target_roles,)),
        "PutEvents": Rule(_buses_of_entries),
        **each("CreateEventBus DescribeEventBus DeleteEventBus", _bus),
        **each("TagResource UntagResource ListTagsForResource", parameter("ResourceARN")),
        **each(
            "ListRules ListEventBuses ListRuleNamesByTarget TestEventPattern PutPermission"
            " RemovePermission",
            everything,
        ),
    },
)
