"""Glue triggers and workflows.

| what | kind | why |
|---|---|---|
| UpdateTrigger | adds | every change of a trigger |
| CreateTrigger | extends | overwrote a trigger; made an ON_DEMAND one active |
| DeleteTrigger | extends | left the tags behind |
| CreateWorkflow | extends | overwrote a workflow |

StartTrigger really fires: that is in the `execution` package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse
from moto.glue.utils import Action, Predicate

from tarn_emulator.patches.errors import already_exists, invalid_input
from tarn_emulator.patches.registry import adds, extends

#: Types that wait for somebody or something to fire them and so are never ACTIVATED.
PASSIVE_TYPES = ("ON_DEMAND", "EVENT")


@extends("glue", "CreateTrigger", reason="overwrote a trigger; activated an ON_DEMAND one")
def create_trigger(upstream: Callable[..., Any], self: GlueResponse) -> Any:
    """Create a trigger in the state AWS gives it."""
    name = self.parameters["Name"]
    if name in self.glue_backend.triggers:
        raise already_exists(f"Trigger with name: {name} already submitted.")
    answer = upstream(self)
    trigger = self.glue_backend.triggers[name]
    if trigger.trigger_type in PASSIVE_TYPES:
        trigger.state = "CREATED"
    return answer


@adds("glue", "UpdateTrigger", reason="missing upstream")
def update_trigger(self: GlueResponse) -> ActionResult:
    """Replace the definition of a trigger; type, workflow and state stay."""
    trigger = self.glue_backend.get_trigger(self.parameters["Name"])
    update = self.parameters["TriggerUpdate"]
    if trigger.trigger_type == "CONDITIONAL" and not update.get("Predicate"):
        raise invalid_input("Predicate cannot be null or empty")
    trigger.description = update.get("Description", "")
    trigger.schedule = update.get("Schedule", trigger.schedule)
    trigger.actions = [Action(one) for one in update.get("Actions", [])]
    trigger.predicate = Predicate(update["Predicate"]) if update.get("Predicate") else None
    trigger.event_batching_condition = update.get("EventBatchingCondition", {})
    return ActionResult({"Trigger": trigger.as_dict()})


@extends(
    "glue",
    "DeleteTrigger",
    reason="the tags stayed and came back with the next trigger of that name",
    target="moto.glue.models:GlueBackend",
    attribute="delete_trigger",
)
def delete_trigger(upstream: Callable[..., None], self: GlueBackend, name: str) -> None:
    """Delete the trigger and its tags."""
    trigger = self.triggers.get(name)
    upstream(self, name)
    if trigger is not None:
        self.tagger.delete_all_tags_for_resource(trigger.arn)


@extends("glue", "CreateWorkflow", reason="overwrote a workflow of the same name")
def create_workflow(upstream: Callable[..., Any], self: GlueResponse) -> Any:
    """Create a workflow unless there is one."""
    name = self.parameters["Name"]
    if name in self.glue_backend.workflows:
        raise already_exists(f"Workflow {name} already exists")
    return upstream(self)
