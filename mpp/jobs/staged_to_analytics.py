"""Glue job: rebuilds the analytics tables of a pipeline from its staged tables."""

import sys

from tarn_jobs import analytics, arguments, manifest, session, side_by_side
from tarn_jobs.errors import JobFailed
from tarn_jobs.report import JobReport, TableResult, say


def main(argv: list[str]) -> None:
    """Build every analytics table of the manifest; raise JobFailed at the end if one failed."""
    job = arguments.parse(argv)
    report = JobReport("staged-to-analytics", "tables", job)
    pipeline = None
    try:
        work = manifest.load(job.manifest_uri)
        pipeline = work.pipeline
        spark = session.start(f"{pipeline} staged-to-analytics")
        # The queries name staged tables without a database, so that one text fits all
        # environments.
        spark.sql(f"USE {session.CATALOG}.`{job.staged_database}`")
    except Exception as error:
        raise report.give_up(pipeline, error) from None

    results = side_by_side.run(
        spark,
        work.tables,
        lambda table: analytics.build(
            spark,
            table,
            location=f"{job.analytics_uri}/{pipeline}/{table.name}",
            database=job.analytics_database,
        ),
        lambda table, error, seconds: TableResult(table.name, error=error, seconds=seconds),
        lambda result: say(result.line()),
    )
    report.write(pipeline, results)
    if failed := [result for result in results if result.error]:
        # An exception, not sys.exit: Glue shows its message as the error of the run.
        raise JobFailed(
            f"{len(failed)} of {len(results)} tables failed: "
            + "; ".join(f"{result.name}: {result.error}" for result in failed)
        )


if __name__ == "__main__":
    main(sys.argv[1:])
