"""Glue job: checks and types the raw files of a pipeline into its staged Iceberg tables."""

import sys

from tarn_jobs import arguments, manifest, session, side_by_side, staging
from tarn_jobs.errors import JobFailed
from tarn_jobs.quarantine import Quarantine
from tarn_jobs.report import DatasetResult, JobReport, say


def main(argv: list[str]) -> None:
    """Stage every data set of the manifest; raise JobFailed at the end if one failed."""
    job = arguments.parse(argv)
    report = JobReport("raw-to-staged", "datasets", job)
    pipeline = None
    try:
        work = manifest.load(job.manifest_uri)
        pipeline = work.pipeline
        spark = session.start(f"{pipeline} raw-to-staged")
        quarantine = Quarantine(
            spark, job.quarantine_database, job.quarantine_uri, pipeline, job.run_id, report.started
        )
        quarantine.prepare()
    except Exception as error:
        raise report.give_up(pipeline, error) from None

    results = side_by_side.run(
        spark,
        work.datasets,
        lambda dataset: staging.stage(
            spark,
            dataset,
            raw_uri=job.raw_uri,
            location=f"{job.staged_uri}/{pipeline}/{dataset.name}",
            database=job.staged_database,
            quarantine=quarantine,
        ),
        lambda dataset, error, seconds: DatasetResult(dataset.name, error=error, seconds=seconds),
        lambda result: say(result.line()),
    )
    report.write(pipeline, results)
    if failed := [result for result in results if result.error]:
        # An exception, not sys.exit: Glue shows its message as the error of the run.
        raise JobFailed(
            f"{len(failed)} of {len(results)} data sets failed: "
            + "; ".join(f"{result.name}: {result.error}" for result in failed)
        )


if __name__ == "__main__":
    main(sys.argv[1:])
