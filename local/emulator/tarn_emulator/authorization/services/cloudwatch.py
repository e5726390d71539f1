"""CloudWatch: alarms and dashboards; metrics themselves are tied to no resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.table import Rule, Service, each, everything, parameter
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of CloudWatch needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """An alarm with its tags."""
    backend = cloudwatch_backends[ACCOUNT_ID][call.region]
    return Resource(arn, backend.tagger.get_tag_dict_for_resource(arn))


def _alarm(call: Call) -> Iterable[str]:
    """The alarms a request names; all of them when it names none."""
    names = call.get("AlarmNames") or [call.get("AlarmName", "*")]
    return [f"arn:aws:cloudwatch:{call.region}:{ACCOUNT_ID}:alarm:{name}" for name in names]


def _dashboard(call: Call) -> Iterable[str]:
    names = call.get("DashboardNames") or [call.get("DashboardName", "*")]
    return [f"arn:aws:cloudwatch::{ACCOUNT_ID}:dashboard/{name}" for name in names]


def _namespace(call: Call) -> Mapping[str, Any]:
    return {"cloudwatch:namespace": call.get("Namespace")}


def _actions(call: Call) -> Mapping[str, Any]:
    return {"cloudwatch:AlarmActions": call.get("AlarmActions")}


SERVICE = Service(
    prefix="cloudwatch",
    resource=resource,
    tag_action="TagResource",
    rules={
        **each("PutMetricAlarm PutCompositeAlarm", _alarm, keys=_actions),
        **each(
            "DescribeAlarms DeleteAlarms EnableAlarmActions DisableAlarmActions SetAlarmState"
            " DescribeAlarmHistory",
            _alarm,
        ),
        **each("PutDashboard GetDashboard DeleteDashboards", _dashboard),
        "PutMetricData": Rule(everything, keys=_namespace),
        **each("TagResource UntagResource ListTagsForResource", parameter("ResourceARN")),
        **each(
            "GetMetricData GetMetricStatistics ListMetrics ListDashboards DescribeAlarmsForMetric"
            " DescribeAnomalyDetectors",
            everything,
        ),
    },
)
