"""What a target of a rule is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tarn_emulator.execution.targetinput import target_input, transformed, value_at

EVENT: dict[str, Any] = {
    "id": "1",
    "time": "2026-01-01T00:00:00Z",
    "detail-type": "Object Created",
    "resources": ["a", "b"],
    "detail": {"object": {"key": 'a "b" c.csv', "size": 5}},
}


def sent(target: dict[str, Any]) -> str:
    return target_input(target, EVENT, "rule", "arn:aws:events:us-east-1:1:rule/rule")


def test_without_more_the_event_is_sent() -> None:
    assert json.loads(sent({})) == EVENT


def test_a_constant_and_a_part() -> None:
    assert sent({"Input": '{"a": 1}'}) == '{"a": 1}'
    assert json.loads(sent({"InputPath": "$.detail.object"})) == EVENT["detail"]["object"]
    assert sent({"InputPath": "$.detail.nothing"}) == "null"


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ('"<key> has <size> bytes"', 'a "b" c.csv has 5 bytes'),
        ('"<object>"', '{"key": "a \\"b\\" c.csv", "size": 5}'),
        ('{"key": <key>, "size": <size>}', {"key": 'a "b" c.csv', "size": 5}),
        ('{"text": "<size> \\"<key>\\""}', {"text": '5 "a "b" c.csv"'}),
        ('"[<nothing>]"', "[]"),
        ('"<unknown>"', ""),
        (
            '"<aws.events.rule-name> at <aws.events.event.ingestion-time>"',
            f"rule at {EVENT['time']}",
        ),
        ("<aws.events.event.json>", EVENT),
    ],
)
def test_templates(template: str, result: Any) -> None:
    paths = {
        "key": "$.detail.object.key",
        "size": "$.detail.object.size",
        "object": "$.detail.object",
        "nothing": "$.detail.nothing",
    }
    text = sent({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}})
    assert json.loads(text) == result


def test_paths() -> None:
    assert value_at(EVENT, "$.resources[1]") == "b"
    assert value_at(EVENT, "$.detail-type") == "Object Created"
    assert value_at(EVENT, "$") == EVENT
    for path in ("$.resources[2]", "$.resources.a", "$.detail.object.key.more"):
        assert transformed("<x>", {"x": value_at(EVENT, path)}) == ""
