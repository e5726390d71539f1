"""Glue job: keeps the Iceberg tables of a pipeline fast and small."""

import sys
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import SparkSession
from tarn_jobs import (
    arguments,
    ledger,
    maintenance,
    manifest,
    metrics,
    quarantine,
    session,
    side_by_side,
)
from tarn_jobs.arguments import JobArguments
from tarn_jobs.errors import JobFailed
from tarn_jobs.maintenance import MaintenanceResult, Target
from tarn_jobs.maintenance_optimizers import Optimizers
from tarn_jobs.manifest import Manifest
from tarn_jobs.report import JobReport, say

KIND = "table-maintenance"


def main(argv: list[str]) -> None:
    """Keep every table of the pipeline in order; raise JobFailed at the end if one failed."""
    job = arguments.parse(argv)
    report = JobReport(KIND, "tables", job)
    pipeline = None
    try:
        work = manifest.load(job.manifest_uri)
        pipeline = work.pipeline
        by_catalog = work.maintenance.by == "optimizer"
        optimizers = Optimizers(work.maintenance, job.optimizer_role) if by_catalog else None
        spark = session.start(f"{pipeline} {KIND}")
    except Exception as error:
        raise report.give_up(pipeline, error) from None

    results = _keep(spark, targets(job, work), work, optimizers)
    report.write(pipeline, results)
    metrics.publish(job, KIND, results, started=report.started)
    if failed := [result for result in results if result.error]:
        # An exception, not sys.exit: Glue shows its message as the error of the run.
        raise JobFailed(
            f"{len(failed)} of {len(results)} tables failed: "
            + "; ".join(f"{result.name}: {result.error}" for result in failed)
        )


def targets(job: JobArguments, work: Manifest) -> list[Target]:
    """Return the tables of a pipeline, and those that all pipelines share."""
    found = [
        Target("staged", job.staged_database, dataset.name, dataset.retention)
        for dataset in work.datasets
    ]
    found += [Target("analytics", job.analytics_database, table.name) for table in work.tables]
    own = f"pipeline = '{work.pipeline}'"
    shared = (quarantine.TABLE, ledger.TABLE)
    found += [Target("quarantine", job.quarantine_database, name, where=own) for name in shared]
    return found


def _keep(
    spark: SparkSession, wanted: list[Target], work: Manifest, optimizers: Optimizers | None
) -> list[MaintenanceResult]:
    now = datetime.now(UTC)

    def keep(target: Target) -> MaintenanceResult:
        result = maintenance.keep(
            spark, target, work.maintenance, rewrite=optimizers is None, now=now
        )
        if optimizers and result.note != maintenance.ABSENT:
            shared = target.zone == "quarantine"
            made = optimizers.ensure(target.database, target.table, shared=shared)
            result = replace(result, optimizers=made)
        return result

    return side_by_side.run(
        spark,
        wanted,
        keep,
        lambda target, error, seconds: MaintenanceResult(target.name, error=error, seconds=seconds),
        lambda result: say(result.line()),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
