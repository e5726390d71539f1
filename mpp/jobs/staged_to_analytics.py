"""Glue job: builds the analytics tables of a pipeline from its staged tables."""

import sys

from pyspark.sql import SparkSession
from tarn_jobs import analytics, arguments, manifest, metrics, session, side_by_side
from tarn_jobs.analytics_queries import Queries
from tarn_jobs.arguments import JobArguments
from tarn_jobs.errors import JobError
from tarn_jobs.manifest import AnalyticsTable, Manifest
from tarn_jobs.report import JobReport, TableResult, say

KIND = "staged-to-analytics"


def main(argv: list[str]) -> None:
    """Build every analytics table of the manifest; raise JobFailed at the end if one failed."""
    job = arguments.parse(argv)
    report = JobReport(KIND, "tables", job)
    pipeline = None
    try:
        work = manifest.load(job.manifest_uri)
        pipeline = work.pipeline
        spark = session.start(f"{pipeline} {KIND}")
        queries = Queries(spark, work.tables, job.staged_database, job.analytics_database)
    except Exception as error:
        raise report.give_up(pipeline, error) from None

    try:
        results = _build(spark, job, work, queries)
    finally:
        queries.close()
    report.write(pipeline, results)
    metrics.publish(job, KIND, results, started=report.started)
    report.fail_for(results, "tables failed")


def _build(
    spark: SparkSession, job: JobArguments, work: Manifest, queries: Queries
) -> list[TableResult]:
    """Build the tables, those that read others after them; the results are in their order."""
    steps, failed, needs = queries.steps()
    results = {name: TableResult(name, error=error) for name, error in failed.items()}
    for result in results.values():
        say(result.line())

    def build(table: AnalyticsTable) -> TableResult:
        for other in sorted(needs[table.name]):
            # On yesterday's rows it would look up to date and not be.
            if results[other].error:
                raise JobError(f"it reads {other}, which failed")
        return analytics.build(
            spark,
            table,
            queries,
            location=f"{job.analytics_uri}/{work.pipeline}/{table.name}",
            database=job.analytics_database,
            staged_database=job.staged_database,
            run_id=job.run_id,
        )

    for step in steps:
        built = side_by_side.run(
            spark,
            step,
            build,
            lambda table, error, seconds: TableResult(table.name, error=error, seconds=seconds),
            lambda result: say(result.line()),
        )
        for result in built:
            results[result.name] = result
            if not result.error:
                queries.publish(result.name)
    return [results[table.name] for table in work.tables]


if __name__ == "__main__":
    main(sys.argv[1:])
