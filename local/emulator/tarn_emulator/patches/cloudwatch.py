"""CloudWatch alarms.

| what | kind | why |
|---|---|---|
| PutCompositeAlarm | adds | missing, although the model can keep one |
| DescribeAlarms | extends | ignored AlarmTypes |
| DeleteAlarms | extends | left the tags behind |
| ListMetrics | replaces | listed a metric with two dimensions once for each value |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from tarn_emulator.patches.registry import adds, extends, replaces

#: What AWS lists when the caller does not say.
DEFAULT_TYPES = ["MetricAlarm"]


@adds("cloudwatch", "PutCompositeAlarm", reason="missing upstream")
def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    """Create or replace an alarm over alarms."""
    answer = self.put_metric_alarm()
    alarm = self.cloudwatch_backend.alarms[self._get_param("AlarmName")]
    alarm.actions_suppressor = self._get_param("ActionsSuppressor")
    alarm.actions_suppressor_wait_period = self._get_param("ActionsSuppressorWaitPeriod")
    alarm.actions_suppressor_extension_period = self._get_param("ActionsSuppressorExtensionPeriod")
    return answer


@extends("cloudwatch", "DescribeAlarms", reason="AlarmTypes was ignored")
def describe_alarms(upstream: Callable[..., Any], self: CloudWatchResponse) -> ActionResult:
    """The alarms of the types asked for."""
    result: Any = upstream(self).result
    types = self._get_param("AlarmTypes", []) or DEFAULT_TYPES
    return ActionResult(
        {
            "MetricAlarms": result["MetricAlarms"] if "MetricAlarm" in types else [],
            "CompositeAlarms": result["CompositeAlarms"] if "CompositeAlarm" in types else [],
        }
    )


@extends(
    "cloudwatch",
    "DeleteAlarms",
    reason="the tags stayed and came back with the next alarm of that name",
    target="moto.cloudwatch.models:CloudWatchBackend",
    attribute="delete_alarms",
)
def delete_alarms(
    upstream: Callable[..., None], self: CloudWatchBackend, alarm_names: list[str]
) -> None:
    """Delete alarms and their tags."""
    for alarm in self.get_alarms_by_alarm_names(alarm_names):
        self.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
    upstream(self, alarm_names)


@replaces(
    "cloudwatch",
    "ListMetrics",
    reason="a metric with two dimensions was listed once for each of its values",
    target="moto.cloudwatch.models",
    attribute="are_dimensions_same",
)
def are_dimensions_same(first: list[Any], second: list[Any]) -> bool:
    """True when two metrics have the same dimensions, in whatever order."""
    return sorted((d.name, d.value) for d in first) == sorted((d.name, d.value) for d in second)
