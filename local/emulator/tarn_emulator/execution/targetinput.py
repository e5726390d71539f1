"""What a target of an EventBridge rule is sent: the event, a part of it, or a text made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_MISSING = object()


def target_input(
    target: Mapping[str, Any], event: Mapping[str, Any], rule_name: str, rule_arn: str
) -> str:
    """Return what ``target`` is sent for ``event``, a constant, a part or a transformed text."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        return json.dumps(_none_if_missing(value_at(event, target["InputPath"])))
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event)
    values = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event.json": event,
        "aws.events.event": {key: event[key] for key in event if key != "detail"},
    }
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        values[name] = value_at(event, path)
    return transformed(transformer["InputTemplate"], values)


def transformed(template: str, values: Mapping[str, Any]) -> str:
    """Put values into a template of EventBridge.

    Inside of quotes a value becomes text, outside JSON. What the event does not have leaves its
    place empty (EventBridge User Guide, "Amazon EventBridge input transformation").
    """
    parts, end = [], 0
    for found in _PLACEHOLDER.finditer(template):
        parts.append(template[end : found.start()])
        end = found.end()
        value = values.get(found.group(1), _MISSING)
        if value is _MISSING:
            continue
        if _quoted(template[: found.start()]):
            parts.append(json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1])
        else:
            parts.append(json.dumps(value))
    return "".join([*parts, template[end:]])


def value_at(event: Any, path: str) -> Any:
    """Return what a path such as $.detail.object.key leads to; _MISSING where it leads nowhere."""
    value = event
    for name, index in _STEP.findall(path.removeprefix("$")):
        if name and isinstance(value, Mapping) and name in value:
            value = value[name]
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return _MISSING
    return value


def _none_if_missing(value: Any) -> Any:
    return None if value is _MISSING else value


def _quoted(before: str) -> bool:
    """True when what follows ``before`` is inside of a JSON string."""
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', before)) % 2 == 1
