"""CloudWatch Logs: log groups and streams.

A policy for a group is written as `log-group:NAME:*`, except for its tags. That is because all
calls but those name the group by an ARN that goes on to its streams.
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.logs.models import logs_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services.passing import pass_role
from tarn_emulator.authorization.table import Rule, Service, each, everything, parameter
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of CloudWatch Logs needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A group or stream with the tags of the group."""
    group = ":".join(arn.split(":")[:7])
    backend = logs_backends[ACCOUNT_ID][call.region]
    return Resource(arn, backend.tagger.get_tag_dict_for_resource(group))


def _name(call: Call) -> str:
    named = call.get("logGroupName") or call.get("logGroupIdentifier") or "*"
    return named.split(":log-group:")[-1].removesuffix(":*")


def _bare(call: Call) -> Iterable[str]:
    return (f"arn:aws:logs:{call.region}:{ACCOUNT_ID}:log-group:{_name(call)}",)


def _group(call: Call) -> Iterable[str]:
    return [f"{arn}:log-stream:" for arn in _bare(call)]


def _all_groups(call: Call) -> Iterable[str]:
    """What AWS names for a call about every group: a group without a name."""
    return (f"arn:aws:logs:{call.region}:{ACCOUNT_ID}:log-group::log-stream:",)


def _stream(call: Call) -> Iterable[str]:
    return [f"{arn}:log-stream:{call.get('logStreamName', '*')}" for arn in _bare(call)]


def _groups_of_query(call: Call) -> Iterable[str]:
    names = call.get("logGroupNames") or call.get("logGroupIdentifiers") or [_name(call)]
    for name in names:
        group = name.split(":log-group:")[-1]
        yield f"arn:aws:logs:{call.region}:{ACCOUNT_ID}:log-group:{group}:log-stream:"


SERVICE = Service(
    prefix="logs",
    resource=resource,
    tag_action="TagResource",
    rules={
        "CreateLogGroup": Rule(_group, tagged=_bare),
        **each(
            "DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey"
            " DisassociateKmsKey DescribeLogStreams FilterLogEvents PutMetricFilter"
            " DeleteMetricFilter DescribeMetricFilters DeleteSubscriptionFilter"
            " DescribeSubscriptionFilters ListTagsLogGroup TagLogGroup UntagLogGroup"
            " GetLogGroupFields"
            " PutLogGroupDeletionProtection",
            _group,
        ),
        "PutSubscriptionFilter": Rule(_group, also=(pass_role("roleArn", "logs.amazonaws.com"),)),
        **each("CreateLogStream PutLogEvents GetLogEvents DeleteLogStream", _stream),
        "StartQuery": Rule(_groups_of_query),
        **each("TagResource UntagResource ListTagsForResource", parameter("resourceArn")),
        "DescribeLogGroups": Rule(_all_groups),
        **each(
            "DescribeResourcePolicies PutResourcePolicy DeleteResourcePolicy"
            " GetQueryResults StopQuery DescribeQueries DescribeDestinations",
            everything,
        ),
    },
)
