"""The arguments Glue passes to a job."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class JobArguments:
    """Where a job finds its manifest and its zones, and who it is."""

    manifest_uri: str
    report_uri: str
    job_run_id: str
    workflow_run_id: str | None
    raw_uri: str
    staged_uri: str
    analytics_uri: str
    quarantine_uri: str
    staged_database: str
    analytics_database: str
    quarantine_database: str
    # The name metrics are published under, a workflow's; without one none are.
    metrics_name: str = ""
    # Whether each data set has metrics of its own, which CloudWatch charges for one by one.
    dataset_metrics: bool = False
    # The SQS queue that tells of raw files, for a pipeline that starts when they arrive.
    arrivals_queue: str = ""
    workflow_name: str = ""
    # The role of the Data Catalog's optimizers, where they keep the tables in order.
    optimizer_role: str = ""

    @property
    def run_id(self) -> str:
        """The id a row of this run is found by: the workflow's when there is one."""
        return self.workflow_run_id or self.job_run_id


_URIS = ("manifest", "report", "raw", "staged", "analytics", "quarantine")
_DATABASES = ("staged_database", "analytics_database", "quarantine_database")


def parse(argv: Sequence[str]) -> JobArguments:
    """Read the arguments; those Glue adds for itself (--conf, --TempDir, …) are left alone."""
    # No abbreviations: "--raw" must not be taken for "--raw_uri" now and be refused by a
    # later Glue version.
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in _URIS:
        parser.add_argument(f"--{name}_uri", required=True)
    for name in _DATABASES:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--JOB_RUN_ID", default="local")
    parser.add_argument("--WORKFLOW_RUN_ID")
    parser.add_argument("--WORKFLOW_NAME", default="")
    parser.add_argument("--metrics_name", default="")
    parser.add_argument("--dataset_metrics", default="false")
    parser.add_argument("--arrivals_queue", default="")
    parser.add_argument("--optimizer_role", default="")
    known, _ = parser.parse_known_args(argv)
    uris = {f"{name}_uri": getattr(known, f"{name}_uri").rstrip("/") for name in _URIS}
    databases = {name: getattr(known, name) for name in _DATABASES}
    return JobArguments(
        job_run_id=known.JOB_RUN_ID,
        workflow_run_id=known.WORKFLOW_RUN_ID,
        workflow_name=known.WORKFLOW_NAME,
        metrics_name=known.metrics_name,
        dataset_metrics=known.dataset_metrics == "true",
        arrivals_queue=known.arrivals_queue,
        optimizer_role=known.optimizer_role,
        **uris,
        **databases,
    )
