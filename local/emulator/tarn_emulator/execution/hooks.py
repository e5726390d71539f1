"""Where the execution takes the place of what moto pretends.

| what | why |
|---|---|
| StartJobRun, FakeJob.get_job_run, get_job_runs | upstream runs nothing: every run succeeds |
| BatchStopJobRun, GetJobBookmark, ResetJobBookmark | missing upstream |
| FakeTrigger.start_trigger | upstream only sets a state |
| FakeWorkflow.start_run, stop_run | upstream starts no job |
| ResumeWorkflowRun | missing upstream |
| GetWorkflow, GetWorkflowRun, GetWorkflowRuns | upstream has no graph |
| FakeCrawler.start_crawler, stop_crawler, as_dict | upstream crawls nothing |
| GetCrawlerMetrics | missing upstream |
| Athena executions and results | upstream runs no SQL |

Most sit on moto's model classes and not on its handlers: every call that shows a job, crawler or
workflow then shows the same truth.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.exceptions import (
    EntityNotFoundException,
    InvalidInputException,
    JobRunNotFoundException,
)

from tarn_emulator.patches.registry import adds, declared, extends, replaces

from . import crawler as crawling
from .athena import AthenaRunner
from .crawler import CrawlerRunner
from .jobrun import JobRun, JobRunner
from .workflow import WorkflowEngine

_JOB = "moto.glue.models:FakeJob"
_TRIGGER = "moto.glue.models:FakeTrigger"
_WORKFLOW = "moto.glue.models:FakeWorkflow"
_CRAWLER = "moto.glue.models:FakeCrawler"
_RUNS_NOTHING = "upstream runs nothing and pretends success"


class Engines:
    """The running engines; set once by connect()."""

    jobs: JobRunner
    crawlers: CrawlerRunner
    workflows: WorkflowEngine
    athena: AthenaRunner


def connect(
    jobs: JobRunner, crawlers: CrawlerRunner, workflows: WorkflowEngine, athena: AthenaRunner
) -> None:
    """Put every hook of this file into moto, bound to these engines."""
    first = not hasattr(Engines, "jobs")
    Engines.jobs, Engines.crawlers = jobs, crawlers
    Engines.workflows, Engines.athena = workflows, athena
    if first:
        for patch in declared():
            if patch.function.__module__ == __name__:
                patch.install()


# --- jobs ------------------------------------------------------------------------------------


#: What a run may have otherwise than its job.
_RUN_SETTINGS = (
    "AllocatedCapacity",
    "MaxCapacity",
    "Timeout",
    "WorkerType",
    "SecurityConfiguration",
    "NumberOfWorkers",
    "NotificationProperty",
    "ExecutionClass",
    "JobRunQueuingEnabled",
)


@replaces("glue", "StartJobRun", _RUNS_NOTHING)
def start_job_run(self: Any) -> ActionResult:
    """Really start a run."""
    given = self.parameters
    if given.get("AllocatedCapacity") and given.get("MaxCapacity"):
        raise InvalidInputException(
            "StartJobRun", "Please set only Allocated Capacity or Max Capacity"
        )
    run = Engines.jobs.start(
        self.glue_backend.get_job(given["JobName"]),
        arguments=given.get("Arguments"),
        overrides={name: given.get(name) for name in _RUN_SETTINGS},
        previous_run_id=given.get("JobRunId"),
    )
    return ActionResult({"JobRunId": run.job_run_id})


@replaces("glue", "GetJobRun", "upstream moves a state on", target=_JOB, attribute="get_job_run")
def get_job_run(self: Any, run_id: str) -> JobRun:
    """Return the run as it is."""
    for run in self.job_runs:
        if run.job_run_id == run_id:
            return run
    raise JobRunNotFoundException(run_id)


@replaces("glue", "GetJobRuns", "upstream moves states on", target=_JOB, attribute="get_job_runs")
def get_job_runs(self: Any) -> list[JobRun]:
    """Return the runs as they are, the newest first as AWS does."""
    return list(reversed(self.job_runs))


@adds("glue", "BatchStopJobRun", "missing upstream")
def batch_stop_job_run(self: Any) -> ActionResult:
    """Begin to stop runs."""
    name = self.parameters["JobName"]
    job = self.glue_backend.get_job(name)
    done, errors = [], []
    for run_id in self.parameters.get("JobRunIds", []):
        try:
            stopped = Engines.jobs.stop(job.get_job_run(run_id))
            problem = None if stopped else ("InvalidInputException", "The run has ended already.")
        except JobRunNotFoundException as error:
            problem = ("EntityNotFoundException", error.message)
        if problem is None:
            done.append({"JobName": name, "JobRunId": run_id})
        else:
            detail = {"ErrorCode": problem[0], "ErrorMessage": problem[1]}
            errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
    return ActionResult({"SuccessfulSubmissions": done, "Errors": errors})


@adds("glue", "GetJobBookmark", "missing upstream")
def get_job_bookmark(self: Any) -> ActionResult:
    """Answer that there is none: bookmarks are kept by awsglue, which does not exist locally."""
    name = self.parameters["JobName"]
    self.glue_backend.get_job(name)
    raise EntityNotFoundException(f"Continuation for job {name} not found.")


@adds("glue", "ResetJobBookmark", "missing upstream")
def reset_job_bookmark(self: Any) -> ActionResult:
    """Answer the state after a reset."""
    name = self.parameters["JobName"]
    self.glue_backend.get_job(name)
    entry = {"JobName": name, "Version": 0, "Run": 0, "Attempt": 0}
    return ActionResult({"JobBookmarkEntry": entry})


# --- triggers and workflows ------------------------------------------------------------------


@replaces(
    "glue", "StartTrigger", "upstream fires nothing", target=_TRIGGER, attribute="start_trigger"
)
def start_trigger(self: Any) -> None:
    """Fire or activate the trigger."""
    Engines.workflows.start_trigger(self)


@replaces("glue", "StartWorkflowRun", _RUNS_NOTHING, target=_WORKFLOW, attribute="start_run")
def start_run(self: Any, properties: dict[str, str] | None = None) -> str:
    """Start a run and fire the start trigger."""
    return Engines.workflows.start_run(self, properties).run_id


@replaces("glue", "StopWorkflowRun", "upstream is empty", target=_WORKFLOW, attribute="stop_run")
def stop_run(self: Any, run_id: str) -> None:
    """Stop what runs."""
    Engines.workflows.stop_run(self, run_id)


@adds("glue", "ResumeWorkflowRun", "missing upstream")
def resume_workflow_run(self: Any) -> ActionResult:
    """Start a run that goes on where another one failed."""
    workflow = _workflow(self, self.parameters["Name"])
    run, restarted = Engines.workflows.resume_run(
        workflow, self.parameters["RunId"], self.parameters["NodeIds"]
    )
    return ActionResult({"RunId": run.run_id, "NodeIds": restarted})


@replaces("glue", "GetWorkflow", "upstream has no graph")
def get_workflow(self: Any) -> ActionResult:
    """Return the workflow, with its graph when asked."""
    name = self.parameters["Name"]
    answer = self.glue_backend.get_workflow(name)
    if self.parameters.get("IncludeGraph"):
        answer["Graph"] = Engines.workflows.graph_of(name)
    return ActionResult({"Workflow": answer})


@replaces("glue", "GetWorkflowRun", "upstream has no graph")
def get_workflow_run(self: Any) -> ActionResult:
    """Return the run, with its graph when asked."""
    workflow = _workflow(self, self.parameters["Name"])
    run = workflow.get_run(self.parameters["RunId"])
    return ActionResult({"Run": run.as_dict(bool(self.parameters.get("IncludeGraph")))})


@replaces("glue", "GetWorkflowRuns", "upstream has no graph")
def get_workflow_runs(self: Any) -> ActionResult:
    """Return the runs, the newest first."""
    workflow = _workflow(self, self.parameters["Name"])
    include = bool(self.parameters.get("IncludeGraph"))
    runs = [run.as_dict(include) for run in reversed(workflow.runs.values())]
    start = int(self.parameters.get("NextToken") or 0)
    end = start + int(self.parameters.get("MaxResults") or 100)
    answer: dict[str, Any] = {"Runs": runs[start:end]}
    if end < len(runs):
        answer["NextToken"] = str(end)
    return ActionResult(answer)


def _workflow(response: Any, name: str) -> Any:
    workflow = response.glue_backend.workflows.get(name)
    if workflow is None:
        raise EntityNotFoundException(f"Workflow {name} not found.")
    return workflow


# --- crawlers --------------------------------------------------------------------------------


@replaces("glue", "StartCrawler", _RUNS_NOTHING, target=_CRAWLER, attribute="start_crawler")
def start_crawler(self: Any) -> None:
    """Really start a crawl."""
    Engines.crawlers.start(self)


@replaces(
    "glue", "StopCrawler", "nothing to stop upstream", target=_CRAWLER, attribute="stop_crawler"
)
def stop_crawler(self: Any) -> None:
    """Stop the running crawl."""
    Engines.crawlers.stop(self)


@extends("glue", "GetCrawler", "LastCrawl is made up", target=_CRAWLER, attribute="as_dict")
def crawler_as_dict(upstream: Callable[..., dict[str, Any]], self: Any) -> dict[str, Any]:
    """Return the crawler with its real last crawl."""
    return crawling.describe(self, upstream(self))


@adds("glue", "GetCrawlerMetrics", "missing upstream")
def get_crawler_metrics(self: Any) -> ActionResult:
    """Return what the last crawls did."""
    names = self.parameters.get("CrawlerNameList")
    backend = self.glue_backend
    found = [backend.get_crawler(name) for name in names] if names else backend.get_crawlers()
    return ActionResult({"CrawlerMetricsList": crawling.metrics(found)})


# --- Athena ----------------------------------------------------------------------------------


@replaces("athena", "StartQueryExecution", "upstream runs no SQL")
def start_query_execution(self: Any) -> str:
    """Really run the query."""
    execution = Engines.athena.start(self.athena_backend, json.loads(self.body))
    return json.dumps({"QueryExecutionId": execution.id})


@replaces("athena", "GetQueryExecution", "upstream moves a state on")
def get_query_execution(self: Any) -> str:
    """Return the execution as it is."""
    execution = Engines.athena.get(self.athena_backend, self._get_param("QueryExecutionId"))
    return json.dumps({"QueryExecution": execution.as_dict()})


@replaces("athena", "GetQueryResults", "upstream answers rows set by a test API")
def get_query_results(self: Any) -> str:
    """Return a page of the real rows."""
    body = json.loads(self.body)
    execution = Engines.athena.get(self.athena_backend, body.get("QueryExecutionId"))
    return json.dumps(execution.results(body.get("MaxResults"), body.get("NextToken")))


@replaces("athena", "StopQueryExecution", "upstream stops nothing")
def stop_query_execution(self: Any) -> str:
    """Interrupt the query."""
    Engines.athena.get(self.athena_backend, self._get_param("QueryExecutionId")).stop()
    return "{}"


@adds("athena", "BatchGetQueryExecution", "missing upstream")
def batch_get_query_execution(self: Any) -> str:
    """Return several executions as they are."""
    found, missing = [], []
    for name in json.loads(self.body).get("QueryExecutionIds", []):
        execution = self.athena_backend.executions.get(name)
        if execution is None:
            missing.append({"QueryExecutionId": name, "ErrorCode": "INVALID_QUERY_EXECUTION_ID"})
        else:
            found.append(execution.as_dict())
    return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing})
