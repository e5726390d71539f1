"""Triggers of the type EVENT: they collect events and then start a run of their workflow."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException

from .runtime import Runtime
from .workflow import WorkflowEngine

# Glue API Reference, EventBatchingCondition.
DEFAULT_SIZE = 1
DEFAULT_WINDOW = 900

#: A trigger of this type is made CREATED and works as it is; only StopTrigger ends that.
LISTENING = ("CREATED", "ACTIVATED")


@dataclass
class _Batch:
    """The events a trigger has received since it last fired."""

    events: list[str] = field(default_factory=list)
    timer: threading.Timer | None = None


class EventTriggers:
    """Starts workflows after so many events, or so long after the first of them."""

    def __init__(
        self, runtime: Runtime, engine: WorkflowEngine, backend: Callable[[], Any]
    ) -> None:
        self._runtime = runtime
        self._engine = engine
        self._backend = backend
        self._batches: dict[str, _Batch] = {}

    def notify(self, workflow: str, event_id: str) -> str | None:
        """Tell a workflow of an event; say why when it cannot be told."""
        with self._runtime.lock:
            backend = self._backend()
            if workflow not in backend.workflows:
                return f"Workflow {workflow} not found."
            triggers = [
                trigger
                for trigger in list(backend.triggers.values())
                if trigger.workflow_name == workflow
                and trigger.trigger_type == "EVENT"
                and trigger.state in LISTENING
            ]
            if not triggers:
                return f"Workflow {workflow} has no start trigger of the type EVENT that is active."
            for trigger in triggers:
                self._add(trigger, event_id)
            return None

    def _add(self, trigger: Any, event_id: str) -> None:
        condition = trigger.event_batching_condition or {}
        batch = self._batches.setdefault(trigger.name, _Batch())
        batch.events.append(event_id)
        if len(batch.events) >= int(condition.get("BatchSize") or DEFAULT_SIZE):
            self._fire(trigger.name, batch)
        elif batch.timer is None:
            window = float(condition.get("BatchWindow") or DEFAULT_WINDOW)
            batch.timer = threading.Timer(window, self._fire, (trigger.name, batch))
            batch.timer.daemon = True
            batch.timer.start()

    def _fire(self, name: str, batch: _Batch) -> None:
        with self._runtime.lock:
            if self._batches.get(name) is not batch:
                return  # it was full before its time was over
            del self._batches[name]
            if batch.timer is not None:
                batch.timer.cancel()
            backend = self._backend()
            trigger = backend.triggers.get(name)
            if trigger is None or trigger.state not in LISTENING:
                return
            try:
                # The ids are a property of the run (Glue User Guide, "Getting and setting workflow
                # run properties").
                properties = {"aws:eventIds": f"[{', '.join(batch.events)}]"}
                self._engine.start_run(backend.workflows[trigger.workflow_name], properties)
            except (JsonRESTError, ServiceException) as error:
                print(f"trigger {name}: {error}", file=sys.stderr)
