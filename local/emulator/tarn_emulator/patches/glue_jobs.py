"""Glue jobs.

| what | kind | why |
|---|---|---|
| UpdateJob | adds | every change of a job |
| CreateJob | extends | dropped JobRunQueuingEnabled, MaintenanceWindow, JobMode; overwrote a job |
| GetJob | extends | returned none of them, and an ExecutionClass nobody had set |
| DeleteJob | extends | left the tags behind for the next job of that name |

What a job run does is in the `execution` package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.glue.models import FakeJob, GlueBackend
from moto.glue.responses import GlueResponse

from tarn_emulator.patches.errors import already_exists
from tarn_emulator.patches.registry import adds, extends
from tarn_emulator.patches.store import store

_BACKEND = "moto.glue.models:GlueBackend"

#: Fields of a job definition upstream has no attribute for.
EXTRA_FIELDS = ("JobRunQueuingEnabled", "MaintenanceWindow", "JobMode", "ExecutionClass")

#: Field of a definition -> attribute of FakeJob and the value it has when left out.
FIELDS: dict[str, tuple[str, Any]] = {
    "Description": ("description", None),
    "LogUri": ("log_uri", None),
    "Role": ("role", None),
    "ExecutionProperty": ("execution_property", {}),
    "Command": ("command", None),
    "DefaultArguments": ("default_arguments", {}),
    "NonOverridableArguments": ("non_overridable_arguments", None),
    "Connections": ("connections", None),
    "MaxRetries": ("max_retries", None),
    "AllocatedCapacity": ("allocated_capacity", None),
    "Timeout": ("timeout", None),
    "MaxCapacity": ("max_capacity", None),
    "WorkerType": ("worker_type", None),
    "NumberOfWorkers": ("number_of_workers", None),
    "SecurityConfiguration": ("security_configuration", None),
    "NotificationProperty": ("notification_property", None),
    "GlueVersion": ("glue_version", None),
    "CodeGenConfigurationNodes": ("code_gen_configuration_nodes", None),
    "ExecutionClass": ("execution_class", "STANDARD"),
    "SourceControlDetails": ("source_control_details", None),
}


@extends("glue", "CreateJob", reason="dropped fields, and overwrote a job of the same name")
def create_job(upstream: Callable[..., Any], self: GlueResponse) -> Any:
    """Create a job and keep the fields upstream drops."""
    name = self.parameters["Name"]
    if name in self.glue_backend.jobs:
        raise already_exists(f"Job with name: {name} already submitted.")
    answer = upstream(self)
    _keep_extra(self.glue_backend.jobs[name], self.parameters)
    return answer


@adds("glue", "UpdateJob", reason="missing upstream")
def update_job(self: GlueResponse) -> ActionResult:
    """Replace the whole definition: what the update leaves out goes back to its default."""
    job = self.glue_backend.get_job(self.parameters["JobName"])
    update = self.parameters["JobUpdate"]
    for field, (attribute, default) in FIELDS.items():
        setattr(job, attribute, update.get(field, default))
    _keep_extra(job, update)
    job.last_modified_on = utcnow()
    return ActionResult({"JobName": job.name})


@extends(
    "glue",
    "GetJob",
    reason="ExecutionClass was returned although nobody set it, which is a difference for ever",
    target="moto.glue.models:FakeJob",
    attribute="as_dict",
)
def job_as_dict(upstream: Callable[..., dict[str, Any]], self: FakeJob) -> dict[str, Any]:
    """The definition with the fields upstream drops, and without those it makes up."""
    shown = upstream(self)
    shown.pop("ExecutionClass")
    return shown | store(self, "extra")


@extends(
    "glue",
    "DeleteJob",
    reason="the tags stayed and came back with the next job of that name",
    target=_BACKEND,
    attribute="delete_job",
)
def delete_job(upstream: Callable[..., None], self: GlueBackend, name: str) -> None:
    """Delete the job and its tags."""
    job = self.jobs.get(name)
    upstream(self, name)
    if job is not None:
        self.tagger.delete_all_tags_for_resource(job.arn)


def _keep_extra(job: FakeJob, definition: dict[str, Any]) -> None:
    extra = store(job, "extra")
    extra.clear()
    extra.update({name: definition[name] for name in EXTRA_FIELDS if name in definition})
