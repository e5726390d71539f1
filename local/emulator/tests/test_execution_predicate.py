"""When a conditional trigger fires; the graph and its statistics. Pure functions."""

from __future__ import annotations

from typing import Any

import pytest
from tarn_emulator.execution.graph import graph, statistics
from tarn_emulator.execution.predicate import predicate_met, watches


def job(name: str, state: str = "SUCCEEDED") -> dict[str, str]:
    """A condition on a job."""
    return {"LogicalOperator": "EQUALS", "JobName": name, "State": state}


def crawl(name: str, state: str = "SUCCEEDED") -> dict[str, str]:
    """A condition on a crawler."""
    return {"LogicalOperator": "EQUALS", "CrawlerName": name, "CrawlState": state}


@pytest.mark.parametrize(
    ("logical", "conditions", "jobs", "crawlers", "met"),
    [
        (None, [], {"a": "SUCCEEDED"}, {}, False),
        (None, [job("a")], {}, {}, False),
        (None, [job("a")], {"a": "SUCCEEDED"}, {}, True),
        (None, [job("a")], {"a": "FAILED"}, {}, False),
        (None, [job("a", "FAILED")], {"a": "FAILED"}, {}, True),
        (None, [job("a", "FAILED")], {"a": "TIMEOUT"}, {}, False),
        (None, [job("a", "FAILED")], {"a": "ERROR"}, {}, False),
        (None, [job("a", "TIMEOUT")], {"a": "TIMEOUT"}, {}, True),
        (None, [job("a", "STOPPED")], {"a": "STOPPED"}, {}, True),
        (None, [crawl("c")], {"c": "SUCCEEDED"}, {}, False),
        (None, [crawl("c")], {}, {"c": "SUCCEEDED"}, True),
        (None, [crawl("c", "CANCELLED")], {}, {"c": "CANCELLED"}, True),
        ("AND", [job("a"), job("b")], {"a": "SUCCEEDED"}, {}, False),
        ("AND", [job("a"), job("b")], {"a": "SUCCEEDED", "b": "SUCCEEDED"}, {}, True),
        ("AND", [job("a"), job("b")], {"a": "SUCCEEDED", "b": "FAILED"}, {}, False),
        ("AND", [job("a"), crawl("c")], {"a": "SUCCEEDED"}, {"c": "SUCCEEDED"}, True),
        ("ANY", [job("a"), job("b")], {"b": "SUCCEEDED"}, {}, True),
        ("ANY", [job("a"), job("b")], {"b": "FAILED"}, {}, False),
        ("ANY", [job("a", "FAILED"), job("a", "TIMEOUT")], {"a": "TIMEOUT"}, {}, True),
    ],
)
def test_predicate(
    logical: str | None,
    conditions: list[dict[str, str]],
    jobs: dict[str, str],
    crawlers: dict[str, str],
    met: bool,
) -> None:
    predicate: dict[str, Any] = {"Conditions": conditions}
    if logical:
        predicate["Logical"] = logical
    assert predicate_met(predicate, jobs, crawlers) is met


def test_no_predicate_is_never_met_and_watches_nothing() -> None:
    assert not predicate_met(None, {"a": "SUCCEEDED"}, {})
    assert not watches(None, job="a")
    assert watches({"Conditions": [job("a")]}, job="a")
    assert not watches({"Conditions": [job("a")]}, crawler="a")


def test_graph_and_statistics() -> None:
    triggers = [
        {"Name": "go", "Type": "ON_DEMAND", "Actions": [{"CrawlerName": "c"}, {"JobName": "a"}]},
        {
            "Name": "then",
            "Type": "CONDITIONAL",
            "Predicate": {"Conditions": [crawl("c"), job("a")]},
            "Actions": [{"JobName": "b"}],
        },
    ]
    found = graph("flow", triggers, {"a": [{"Id": "jr_1"}]})
    nodes = {(node["Type"], node["Name"]): node for node in found["Nodes"]}
    assert set(nodes) == {
        ("TRIGGER", "go"),
        ("TRIGGER", "then"),
        ("CRAWLER", "c"),
        ("JOB", "a"),
        ("JOB", "b"),
    }
    assert nodes["JOB", "a"]["JobDetails"]["JobRuns"] == [{"Id": "jr_1"}]
    names = {node["UniqueId"]: name for (_, name), node in nodes.items()}
    edges = {(names[e["SourceId"]], names[e["DestinationId"]]) for e in found["Edges"]}
    assert edges == {("go", "c"), ("go", "a"), ("c", "then"), ("a", "then"), ("then", "b")}
    counted = statistics(triggers, ["SUCCEEDED", "FAILED"])
    assert counted["TotalActions"] == 3
    assert (counted["SucceededActions"], counted["FailedActions"]) == (1, 1)
    assert (counted["RunningActions"], counted["ErroredActions"]) == (0, 0)
