"""The graph of a workflow as GetWorkflow and GetWorkflowRun show it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# The statistics counter of each end or running state of an action.
COUNTERS = {
    "SUCCEEDED": "SucceededActions",
    "FAILED": "FailedActions",
    "TIMEOUT": "TimeoutActions",
    "STOPPED": "StoppedActions",
    "CANCELLED": "StoppedActions",
    "STARTING": "RunningActions",
    "RUNNING": "RunningActions",
    "STOPPING": "RunningActions",
    "CANCELLING": "RunningActions",
    "ERROR": "ErroredActions",
    "WAITING": "WaitingActions",
}


def node_id(workflow: str, kind: str, name: str) -> str:
    """Return the UniqueId of a node: stable, and of the form AWS gives."""
    return "wnode_" + hashlib.sha256(f"{workflow}/{kind}/{name}".encode()).hexdigest()


def graph(
    workflow: str,
    triggers: Sequence[Mapping[str, Any]],
    job_runs: Mapping[str, Sequence[dict[str, Any]]] | None = None,
    crawls: Mapping[str, Sequence[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """Return Nodes and Edges of a workflow's triggers, with the runs of one workflow run."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: list[dict[str, str]] = []

    def add(kind: str, name: str, details: dict[str, Any]) -> str:
        unique = node_id(workflow, kind, name)
        nodes.setdefault(unique, {"Type": kind, "Name": name, "UniqueId": unique, **details})
        return unique

    def add_actor(part: Mapping[str, Any]) -> str:
        kind, name = actor_of(part)
        if kind == "JOB":
            runs = list((job_runs or {}).get(name, []))
            return add("JOB", name, {"JobDetails": {"JobRuns": runs}})
        found = list((crawls or {}).get(name, []))
        return add("CRAWLER", name, {"CrawlerDetails": {"Crawls": found}})

    for trigger in triggers:
        source = add("TRIGGER", trigger["Name"], {"TriggerDetails": {"Trigger": dict(trigger)}})
        for condition in (trigger.get("Predicate") or {}).get("Conditions") or []:
            edges.append({"SourceId": add_actor(condition), "DestinationId": source})
        for action in trigger.get("Actions") or []:
            edges.append({"SourceId": source, "DestinationId": add_actor(action)})
    unique_edges = {(edge["SourceId"], edge["DestinationId"]): edge for edge in edges}
    return {"Nodes": list(nodes.values()), "Edges": list(unique_edges.values())}


def downstream(
    triggers: Sequence[Mapping[str, Any]], actors: Iterable[tuple[str, str]]
) -> tuple[set[tuple[str, str]], set[str]]:
    """Return the actors and the names of the triggers that come after ``actors`` in a workflow.

    An actor is a kind (JOB or CRAWLER) and a name. Those given are in the result only where they
    come after another one.
    """
    after: set[tuple[str, str]] = set()
    fired: set[str] = set()
    new = set(actors)
    while new:
        reached: set[tuple[str, str]] = set()
        for trigger in triggers:
            conditions = (trigger.get("Predicate") or {}).get("Conditions") or []
            if any(actor_of(condition) in new for condition in conditions):
                fired.add(trigger["Name"])
                reached |= {actor_of(action) for action in trigger.get("Actions") or []}
        new = reached - after
        after |= reached
    return after, fired


def actor_of(part: Mapping[str, Any]) -> tuple[str, str]:
    """Return the kind and the name of what a condition or an action is about."""
    if part.get("JobName"):
        return "JOB", part["JobName"]
    return "CRAWLER", part["CrawlerName"]


def statistics(triggers: Sequence[Mapping[str, Any]], states: Iterable[str]) -> dict[str, int]:
    """Return the Statistics of a run: ``states`` has the state of each action that started."""
    total = sum(len(trigger.get("Actions") or []) for trigger in triggers)
    result = {"TotalActions": total, **dict.fromkeys(COUNTERS.values(), 0)}
    for state in states:
        result[COUNTERS[state]] += 1
    return result
