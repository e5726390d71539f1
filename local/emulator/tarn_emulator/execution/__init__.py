"""Really runs what Glue and Athena run: jobs on local Spark, workflows, crawlers, SQL."""

from __future__ import annotations

from typing import Any

_jobs: Any = None
_athena: Any = None


def install(settings: Any, authorizer: Any) -> None:
    """Put the execution into moto. Called once, when the endpoint is known."""
    global _jobs, _athena
    # moto reads its environment while it is imported, so not before the launcher has set it.
    from moto.glue.models import glue_backends

    from . import eventhooks, hooks
    from .athena import AthenaRunner
    from .crawler import CrawlerRunner
    from .delivery import Delivery
    from .eventtrigger import EventTriggers
    from .jobrun import JobRunner
    from .runtime import Runtime
    from .workflow import WorkflowEngine

    runtime = Runtime(settings, authorizer)
    jobs = JobRunner(runtime)
    crawlers = CrawlerRunner(runtime)

    def backend() -> Any:
        return glue_backends[settings.account_id][settings.region]

    workflows = WorkflowEngine(runtime, jobs, crawlers, backend)
    _jobs = jobs
    _athena = AthenaRunner(runtime)
    hooks.connect(jobs, crawlers, workflows, _athena)
    eventhooks.connect(Delivery(runtime, EventTriggers(runtime, workflows, backend)))


def jobs_running() -> int:
    """Return how many job runs have not ended."""
    return _jobs.running() if _jobs is not None else 0


def shutdown() -> None:
    """Stop what runs and wait until its processes are gone."""
    if _athena is not None:
        _athena.close()
    if _jobs is not None:
        _jobs.close()
