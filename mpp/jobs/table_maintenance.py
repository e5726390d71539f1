"""Glue job: keeps the Iceberg tables of a pipeline fast and small."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from pyspark.sql import SparkSession
from tarn_jobs import (
    arguments,
    ledger,
    maintenance,
    manifest,
    metrics,
    quarantine,
    retention,
    session,
    side_by_side,
)
from tarn_jobs.arguments import JobArguments
from tarn_jobs.ledger import Ledger
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

    now = report.started
    own, shared = targets(job, work, now)
    own_ledger = Ledger(
        spark, job.quarantine_database, job.quarantine_uri, pipeline, job.run_id, now
    )

    def keep(target: Target) -> MaintenanceResult:
        if target.reads_new:
            own_ledger.settle_if_there(target.table, target.full_name)
        return _keep(spark, target, work, optimizers, now)

    # The ledger after the tables: an entry that could still be confirmed is by then.
    results = _all(spark, own, keep) + _all(spark, shared, keep)
    report.write(pipeline, results)
    metrics.publish(job, KIND, results, started=report.started)
    report.fail_for(results, "tables failed")


def targets(job: JobArguments, work: Manifest, now: datetime) -> tuple[list[Target], list[Target]]:
    """Return the tables of a pipeline, and those that all pipelines share."""
    own = [
        Target(
            "staged",
            job.staged_database,
            dataset.name,
            outdated=limit.too_old if (limit := retention.limit(dataset, now)) else "",
            reads_new=dataset.source.read == "new",
        )
        for dataset in work.datasets
    ]
    own += [Target("analytics", job.analytics_database, table.name) for table in work.tables]
    where = f"pipeline = '{work.pipeline}'"
    forgotten = {ledger.TABLE: ledger.outdated(work.pipeline, now)}
    shared = [
        Target(
            "quarantine",
            job.quarantine_database,
            name,
            outdated=forgotten.get(name, ""),
            where=where,
        )
        for name in (quarantine.TABLE, ledger.TABLE)
    ]
    return own, shared


def _keep(
    spark: SparkSession,
    target: Target,
    work: Manifest,
    optimizers: Optimizers | None,
    now: datetime,
) -> MaintenanceResult:
    result = maintenance.keep(spark, target, work.maintenance, rewrite=optimizers is None, now=now)
    if optimizers and result.note != maintenance.ABSENT:
        shared = target.zone == "quarantine"
        made = optimizers.ensure(target.database, target.table, shared=shared)
        result = replace(result, optimizers=made)
    return result


def _all(
    spark: SparkSession, wanted: list[Target], keep: Callable[[Target], MaintenanceResult]
) -> list[MaintenanceResult]:
    return side_by_side.run(
        spark,
        wanted,
        keep,
        lambda target, error, seconds: MaintenanceResult(target.name, error=error, seconds=seconds),
        lambda result: say(result.line()),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
