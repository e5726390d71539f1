"""When a conditional trigger fires: a pure function of its predicate and of what has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The end states of a condition; anything else has not ended yet.
JOB_END_STATES = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"})
CRAWL_END_STATES = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "ERROR"})


def condition_met(
    condition: Mapping[str, Any], jobs: Mapping[str, str], crawlers: Mapping[str, str]
) -> bool:
    """Return whether one condition holds, given the last state of each job and crawler."""
    if condition.get("JobName"):
        return jobs.get(condition["JobName"]) == condition.get("State")
    if condition.get("CrawlerName"):
        return crawlers.get(condition["CrawlerName"]) == condition.get("CrawlState")
    return False


def predicate_met(
    predicate: Mapping[str, Any] | None, jobs: Mapping[str, str], crawlers: Mapping[str, str]
) -> bool:
    """Return whether a predicate holds: every condition, or with Logical ANY at least one."""
    conditions = (predicate or {}).get("Conditions") or []
    if not conditions:
        return False
    combine = any if (predicate or {}).get("Logical") == "ANY" else all
    return combine(condition_met(condition, jobs, crawlers) for condition in conditions)


def watches(predicate: Mapping[str, Any] | None, *, job: str = "", crawler: str = "") -> bool:
    """Return whether a predicate has a condition on this job or crawler."""
    return any(
        (job and condition.get("JobName") == job)
        or (crawler and condition.get("CrawlerName") == crawler)
        for condition in (predicate or {}).get("Conditions") or []
    )
