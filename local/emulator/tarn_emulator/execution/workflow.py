"""Workflow runs and triggers: starts the first trigger, then walks the graph as nodes end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.exceptions import (
    ConcurrentRunsExceededException,
    EntityNotFoundException,
    GlueClientError,
    InvalidInputException,
)

from .crawler import WORKFLOW_STATE, Crawl, CrawlerRunner
from .graph import actor_of, downstream, graph, node_id, statistics
from .jobrun import JobRun, JobRunner, Started
from .predicate import predicate_met, watches
from .runtime import Runtime, new_id, now

START_TYPES = frozenset({"ON_DEMAND", "SCHEDULED", "EVENT"})


class IllegalWorkflowState(GlueClientError):
    """Only a RUNNING run can be stopped, and only a COMPLETED one resumed."""

    def __init__(self, message: str) -> None:
        super().__init__("IllegalWorkflowStateException", message)


@dataclass
class Action:
    """One action that a trigger took in a workflow run."""

    job: str = ""
    crawler: str = ""
    job_runs: list[JobRun] = field(default_factory=list)
    crawl: Crawl | None = None
    # Why it could not even be started.
    error: str | None = None
    at: datetime = field(default_factory=now)

    @property
    def actor(self) -> tuple[str, str]:
        """The kind and the name of what it runs."""
        return ("JOB", self.job) if self.job else ("CRAWLER", self.crawler)

    @property
    def state(self) -> str:
        """The state of the action, that of the last attempt of a job."""
        if self.error is not None:
            return "ERROR"
        if self.crawl is not None:
            return WORKFLOW_STATE[self.crawl.status]
        return self.job_runs[-1].state if self.job_runs else "STARTING"


@dataclass
class WorkflowRun:
    """One run of a workflow. Lives in moto's list of the workflow."""

    workflow_name: str
    properties: dict[str, str]
    # The triggers as they are when the run starts: a later change is for the next run.
    triggers: list[dict[str, Any]]
    previous_run_id: str | None = None
    run_id: str = field(default_factory=lambda: new_id("wr"))
    status: str = "RUNNING"
    error: str | None = None
    started_on: datetime = field(default_factory=now)
    completed_on: datetime | None = None
    actions: list[Action] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    pending: int = 0
    ended_jobs: dict[str, str] = field(default_factory=dict)
    ended_crawlers: dict[str, str] = field(default_factory=dict)

    def as_dict(self, include_graph: bool = False) -> dict[str, Any]:
        """Return the run as GetWorkflowRun answers it."""
        answer: dict[str, Any] = {
            "Name": self.workflow_name,
            "WorkflowRunId": self.run_id,
            "WorkflowRunProperties": dict(self.properties),
            "StartedOn": self.started_on,
            "Status": self.status,
            "Statistics": statistics(self.triggers, (action.state for action in self.actions)),
        }
        optional = {
            "CompletedOn": self.completed_on,
            "PreviousRunId": self.previous_run_id,
            "ErrorMessage": self.error,
        }
        answer.update({key: value for key, value in optional.items() if value is not None})
        if include_graph:
            answer["Graph"] = self.graph()
        return answer

    def graph(self) -> dict[str, Any]:
        """Return the graph with the job runs and crawls of this run."""
        jobs: dict[str, list[dict[str, Any]]] = {}
        crawls: dict[str, list[dict[str, Any]]] = {}
        for action in self.actions:
            if action.job:
                found = [run.as_dict() for run in action.job_runs]
                if action.error is not None:
                    found.append(_job_not_started(action))
                jobs.setdefault(action.job, []).extend(found)
            else:
                crawls.setdefault(action.crawler, []).append(_crawl_of(action))
        return graph(self.workflow_name, self.triggers, jobs, crawls)


def _job_not_started(action: Action) -> dict[str, Any]:
    return {
        "JobName": action.job,
        "JobRunState": "ERROR",
        "ErrorMessage": action.error,
        "StartedOn": action.at,
        "CompletedOn": action.at,
    }


def _predecessors(run: WorkflowRun, trigger: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return job and run of each job run whose end fired a trigger of a run."""
    conditions = (trigger.get("Predicate") or {}).get("Conditions") or []
    watched = {condition["JobName"] for condition in conditions if condition.get("JobName")}
    return tuple(
        (action.job, action.job_runs[-1].job_run_id)
        for action in run.actions
        if action.job in watched and action.job_runs
    )


def _action_of(
    actor: tuple[str, str], triggers: Sequence[dict[str, Any]], fired: set[str]
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return the action that runs an actor, with its trigger, if possible one that had fired."""
    found = [
        (trigger, wanted)
        for trigger in triggers
        for wanted in trigger.get("Actions") or []
        if actor_of(wanted) == actor
    ]
    return next((one for one in found if one[0]["Name"] in fired), found[0])


def _without(ended: Mapping[str, str], kind: str, actors: set[tuple[str, str]]) -> dict[str, str]:
    return {name: state for name, state in ended.items() if (kind, name) not in actors}


def _crawl_of(action: Action) -> dict[str, Any]:
    crawl = action.crawl
    if crawl is None:
        return {"State": "ERROR", "ErrorMessage": action.error, "StartedOn": action.at}
    answer = {
        "State": action.state,
        "StartedOn": crawl.start_time,
        "LogGroup": crawl.log_group,
        "LogStream": crawl.log_stream,
    }
    if crawl.end_time:
        answer["CompletedOn"] = crawl.end_time
    if crawl.error:
        answer["ErrorMessage"] = crawl.error
    return answer


class WorkflowEngine:
    """Fires triggers and follows workflow runs."""

    def __init__(
        self,
        runtime: Runtime,
        jobs: JobRunner,
        crawlers: CrawlerRunner,
        backend: Callable[[], Any],
    ) -> None:
        self._runtime = runtime
        self._jobs = jobs
        self._crawlers = crawlers
        self._backend = backend
        self._crawl_owners: dict[str, tuple[WorkflowRun, Action]] = {}
        self._job_owners: dict[str, tuple[WorkflowRun, Action]] = {}
        # Crawls that a trigger outside any workflow started.
        self._trigger_crawls: set[str] = set()
        # What ended since a conditional trigger outside any workflow last fired.
        self._seen: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        jobs.when_finished(self._job_finished)
        jobs.when_retried(self._job_retried)
        crawlers.when_finished(self._crawl_finished)

    # --- workflow runs --------------------------------------------------------------------

    def start_run(self, workflow: Any, properties: Mapping[str, str] | None) -> WorkflowRun:
        """Start a run of a moto workflow: its start trigger fires at once."""
        with self._runtime.lock:
            self._check_room(workflow)
            triggers = self.triggers_of(workflow.name)
            starts = [trigger for trigger in triggers if trigger["Type"] in START_TYPES]
            if not starts:
                raise InvalidInputException(
                    "StartWorkflowRun", f"Workflow {workflow.name} has no start trigger."
                )
            run = WorkflowRun(
                workflow.name,
                {**(workflow.default_run_properties or {}), **(properties or {})},
                triggers,
                previous_run_id=next(reversed(workflow.runs), None),
            )
            workflow.runs[run.run_id] = run
            for trigger in starts:
                self._fire(run, trigger)
            self._advance(run)
            return run

    def resume_run(
        self, workflow: Any, run_id: str, nodes: Sequence[str]
    ) -> tuple[WorkflowRun, list[str]]:
        """Start a run that begins at nodes of a run that ended, and goes on after them.

        Returns it with the ids of the nodes that were restarted. What comes before them and beside
        them is as that run left it (Glue Developer Guide, "Repairing and resuming a workflow run").
        """
        with self._runtime.lock:
            before = workflow.get_run(run_id)
            if before.status != "COMPLETED":
                raise IllegalWorkflowState(
                    f"Workflow run {run_id} is {before.status}; a COMPLETED one can be resumed."
                )
            triggers = self.triggers_of(workflow.name)
            chosen = self._attempted(before, triggers, nodes)
            self._check_room(workflow)
            # One that comes after another one is run when its turn comes.
            after, unfired = downstream(triggers, chosen)
            first = [actor for actor in chosen if actor not in after]
            again = after | set(first)
            run = WorkflowRun(
                workflow.name,
                dict(before.properties),
                triggers,
                previous_run_id=run_id,
                actions=[action for action in before.actions if action.actor not in again],
                fired=before.fired - unfired,
                ended_jobs=_without(before.ended_jobs, "JOB", again),
                ended_crawlers=_without(before.ended_crawlers, "CRAWLER", again),
            )
            workflow.runs[run.run_id] = run
            for actor in first:
                self._act(run, *_action_of(actor, triggers, before.fired))
            self._advance(run)
            return run, [node_id(workflow.name, kind, name) for kind, name in first]

    def _attempted(
        self, run: WorkflowRun, triggers: list[dict[str, Any]], nodes: Sequence[str]
    ) -> list[tuple[str, str]]:
        """Return the jobs and crawlers that node ids mean, each of which ``run`` has tried."""
        known = {
            node_id(run.workflow_name, *actor_of(wanted)): actor_of(wanted)
            for trigger in triggers
            for wanted in trigger.get("Actions") or []
        }
        tried = {action.actor for action in run.actions}
        refused = [node for node in nodes if known.get(node) not in tried]
        if refused or not nodes:
            raise InvalidInputException(
                "ResumeWorkflowRun",
                f"Nodes {', '.join(refused) or '(none given)'} are no jobs or crawlers that "
                f"workflow run {run.run_id} attempted to run.",
            )
        return list(dict.fromkeys(known[node] for node in nodes))

    def _check_room(self, workflow: Any) -> None:
        limit = workflow.max_concurrent_runs or 0
        active = sum(run.status in ("RUNNING", "STOPPING") for run in workflow.runs.values())
        if limit and active >= limit:
            raise ConcurrentRunsExceededException(
                f"Concurrent runs exceeded for workflow: {workflow.name}."
            )

    def stop_run(self, workflow: Any, run_id: str) -> None:
        """Stop what runs; nothing new starts; the run ends STOPPED when all has ended."""
        with self._runtime.lock:
            run = workflow.get_run(run_id)
            if run.status != "RUNNING":
                raise IllegalWorkflowState(f"Workflow run {run_id} is {run.status}.")
            run.status = "STOPPING"
            backend = self._backend()
            for action in run.actions:
                if action.job_runs:
                    self._jobs.stop(action.job_runs[-1])
                elif action.crawl is not None and action.crawl.status == "RUNNING":
                    self._crawlers.stop(backend.get_crawler(action.crawler))
            self._advance(run)

    def triggers_of(self, workflow: str) -> list[dict[str, Any]]:
        """Return the triggers of a workflow as GetTrigger answers them."""
        return [
            trigger.as_dict()
            for trigger in self._backend().triggers.values()
            if trigger.workflow_name == workflow
        ]

    def graph_of(self, workflow: str) -> dict[str, Any]:
        """Return the graph of a workflow without any run."""
        return graph(workflow, self.triggers_of(workflow))

    # --- triggers -------------------------------------------------------------------------

    def start_trigger(self, trigger: Any) -> None:
        """Fire an ON_DEMAND trigger, in a workflow by starting a run; activate any other."""
        if trigger.trigger_type != "ON_DEMAND":
            trigger.state = "ACTIVATED"
            return
        if trigger.workflow_name:
            workflow = self._backend().workflows.get(trigger.workflow_name)
            if workflow is None:
                raise EntityNotFoundException(f"Workflow {trigger.workflow_name} not found.")
            self.start_run(workflow, None)
            return
        self._fire_alone(trigger.as_dict(), strict=True)

    def _fire_alone(self, trigger: dict[str, Any], strict: bool = False) -> None:
        for action in trigger.get("Actions") or []:
            try:
                if action.get("JobName"):
                    self._start_job(action, Started(trigger=trigger["Name"]))
                else:
                    crawler = self._backend().get_crawler(action["CrawlerName"])
                    self._trigger_crawls.add(self._crawlers.start(crawler).crawl_id)
            except JsonRESTError:
                if strict:
                    raise

    def _start_job(self, action: Mapping[str, Any], started: Started) -> JobRun:
        names = ("Timeout", "SecurityConfiguration", "NotificationProperty")
        return self._jobs.start(
            self._backend().get_job(action["JobName"]),
            arguments=action.get("Arguments"),
            overrides={name: action[name] for name in names if action.get(name)},
            started=started,
        )

    def _fire(self, run: WorkflowRun, trigger: dict[str, Any]) -> None:
        """Take the actions of a trigger inside a run."""
        run.fired.add(trigger["Name"])
        for wanted in trigger.get("Actions") or []:
            self._act(run, trigger, wanted)

    def _act(self, run: WorkflowRun, trigger: dict[str, Any], wanted: Mapping[str, Any]) -> None:
        """Take one action of a trigger inside a run."""
        action = Action(wanted.get("JobName") or "", wanted.get("CrawlerName") or "")
        run.actions.append(action)
        try:
            if action.job:
                started = Started(
                    trigger["Name"], run.workflow_name, run.run_id, _predecessors(run, trigger)
                )
                job_run = self._start_job(wanted, started)
                action.job_runs.append(job_run)
                self._job_owners[job_run.job_run_id] = (run, action)
            else:
                action.crawl = self._crawlers.start(self._backend().get_crawler(action.crawler))
                self._crawl_owners[action.crawl.crawl_id] = (run, action)
            run.pending += 1
        except JsonRESTError as error:
            action.error = str(error.message)
            ended = run.ended_jobs if action.job else run.ended_crawlers
            ended[action.job or action.crawler] = "ERROR"

    # --- ends -----------------------------------------------------------------------------

    def _job_retried(self, ended: JobRun, next_run: JobRun) -> None:
        with self._runtime.lock:
            owner = self._job_owners.pop(ended.job_run_id, None)
            if owner is not None:
                owner[1].job_runs.append(next_run)
                self._job_owners[next_run.job_run_id] = owner
                if owner[0].status == "STOPPING":
                    self._jobs.stop(next_run)

    def _job_finished(self, ended: JobRun) -> None:
        with self._runtime.lock:
            owner = self._job_owners.pop(ended.job_run_id, None)
            if owner is not None:
                run, _ = owner
                run.pending -= 1
                run.ended_jobs[ended.job_name] = ended.state
                self._advance(run)
            elif ended.started.trigger:
                self._ended_alone(job=ended.job_name, state=ended.state)

    def _crawl_finished(self, crawler: Any, crawl: Crawl) -> None:
        with self._runtime.lock:
            owner = self._crawl_owners.pop(crawl.crawl_id, None)
            state = WORKFLOW_STATE[crawl.status]
            if owner is not None:
                run, _ = owner
                run.pending -= 1
                run.ended_crawlers[crawler.name] = state
                self._advance(run)
            elif crawl.crawl_id in self._trigger_crawls:
                self._trigger_crawls.discard(crawl.crawl_id)
                self._ended_alone(crawler=crawler.name, state=state)

    def _advance(self, run: WorkflowRun) -> None:
        """Fire what can fire now; end the run when nothing runs any more."""
        while run.status == "RUNNING":
            ready = [
                trigger
                for trigger in run.triggers
                if trigger["Type"] == "CONDITIONAL"
                and trigger["State"] == "ACTIVATED"
                and trigger["Name"] not in run.fired
                and predicate_met(trigger.get("Predicate"), run.ended_jobs, run.ended_crawlers)
            ]
            if not ready:
                break
            for trigger in ready:
                self._fire(run, trigger)
        if run.pending == 0 and run.completed_on is None:
            # As on AWS: COMPLETED says that the run is over, the statistics whether it went well.
            run.status = "STOPPED" if run.status == "STOPPING" else "COMPLETED"
            run.completed_on = now()

    def _ended_alone(self, *, job: str = "", crawler: str = "", state: str) -> None:
        """Conditional triggers outside workflows watch what other triggers started."""
        for trigger in list(self._backend().triggers.values()):
            if trigger.workflow_name or trigger.trigger_type != "CONDITIONAL":
                continue
            definition = trigger.as_dict()
            predicate = definition.get("Predicate")
            if trigger.state != "ACTIVATED" or not watches(predicate, job=job, crawler=crawler):
                continue
            jobs, crawlers = self._seen.setdefault(trigger.name, ({}, {}))
            if job:
                jobs[job] = state
            else:
                crawlers[crawler] = state
            if predicate_met(predicate, jobs, crawlers):
                self._seen.pop(trigger.name)
                self._fire_alone(definition)
