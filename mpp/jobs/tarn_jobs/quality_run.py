"""Finds the run whose rows the gate judges."""

import boto3
from botocore.exceptions import ClientError

from tarn_jobs import storage
from tarn_jobs.arguments import JobArguments
from tarn_jobs.errors import JobError

_STAGED = "raw-to-staged"


def that_staged(job: JobArguments) -> str:
    """Return the id of the run in which raw-to-staged ran, which names the branches.

    It is another run than this one when a failed run was resumed at the gate: a resumed run has
    an id of its own and knows the run before it (Glue API Reference, ResumeWorkflowRun and
    WorkflowRun: PreviousRunId). The report of raw-to-staged tells in which one it ran.
    """
    if not (job.workflow_name and job.workflow_run_id):
        return job.run_id
    run = job.run_id
    while not _has_report(job, run):
        answer = boto3.client("glue").get_workflow_run(Name=job.workflow_name, RunId=run)
        previous = answer["Run"].get("PreviousRunId")
        if not previous:
            raise JobError(
                f"{_STAGED} has not run in {job.run_id}, nor in a run that was resumed as it: "
                "start the workflow, not this job"
            )
        run = previous
    return run


def _has_report(job: JobArguments, run: str) -> bool:
    try:
        storage.read_text(f"{job.report_uri}/{run}/{_STAGED}.json")
    except FileNotFoundError:
        return False
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return False
    return True
