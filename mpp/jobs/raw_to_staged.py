"""Glue job: checks and types the raw files of a pipeline into its staged Iceberg tables."""

import sys

from tarn_jobs import arguments, manifest, metrics, run_properties, session, side_by_side
from tarn_jobs.arrivals import Arrivals
from tarn_jobs.ledger import Ledger
from tarn_jobs.quarantine import Quarantine
from tarn_jobs.report import DatasetResult, JobReport, say
from tarn_jobs.staging import Staging

KIND = "raw-to-staged"


def main(argv: list[str]) -> None:
    """Stage every data set of the manifest; raise JobFailed at the end if one failed."""
    job = arguments.parse(argv)
    report = JobReport(KIND, "datasets", job)
    pipeline = None
    arrivals = Arrivals(job.arrivals_queue)
    try:
        work = manifest.load(job.manifest_uri)
        pipeline = work.pipeline
        properties = run_properties.load(job)
        arrivals.receive()
        spark = session.start(f"{pipeline} {KIND}")
        shared = (job.quarantine_database, job.quarantine_uri, pipeline, job.run_id, report.started)
        quarantine, ledger = Quarantine(spark, *shared), Ledger(spark, *shared)
        quarantine.prepare()
        if any(dataset.source.read == "new" for dataset in work.datasets):
            ledger.prepare()
    except Exception as error:
        arrivals.give_back()
        raise report.give_up(pipeline, error) from None

    staging = Staging(
        spark=spark,
        raw_uri=job.raw_uri,
        location=f"{job.staged_uri}/{pipeline}",
        database=job.staged_database,
        run_id=job.run_id,
        properties=properties,
        quarantine=quarantine,
        ledger=ledger,
        now=report.started,
    )
    results = side_by_side.run(
        spark,
        work.datasets,
        staging.stage,
        lambda dataset, error, seconds: DatasetResult(dataset.name, error=error, seconds=seconds),
        lambda result: say(result.line()),
    )
    report.write(pipeline, results)
    failed = [result for result in results if result.error]
    if failed:
        arrivals.give_back()
    else:
        arrivals.delete()
    classifications = {dataset.name: dataset.classification for dataset in work.datasets}
    metrics.describe_staged(spark, job, classifications, results)
    metrics.describe_published(spark, job, [result.name for result in results if result.published])
    waiting = any(dataset.quality for dataset in work.datasets)
    metrics.publish(
        job, KIND, results, started=report.started, succeeded=not failed and not waiting
    )
    report.fail_for(results, "data sets failed")


if __name__ == "__main__":
    main(sys.argv[1:])
