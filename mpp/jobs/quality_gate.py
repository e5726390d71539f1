"""Glue job: publishes the data sets with quality rules whose rules hold on what was staged."""

import sys
from dataclasses import replace

from tarn_jobs import arguments, manifest, metrics, quality_run, session, side_by_side
from tarn_jobs.ledger import Ledger
from tarn_jobs.manifest import Dataset
from tarn_jobs.quality_publishing import Gate, QualityResult
from tarn_jobs.report import JobReport, say

KIND = "quality-gate"


def main(argv: list[str]) -> None:
    """Judge every data set with rules; raise JobFailed at the end if one did not pass."""
    job = arguments.parse(argv)
    report = JobReport(KIND, "datasets", job)
    pipeline = None
    try:
        work = manifest.load(job.manifest_uri)
        pipeline = work.pipeline
        run = quality_run.that_staged(job)
        spark = session.start(f"{pipeline} {KIND}")
        # Queries of rules may name staged tables of other pipelines without a database.
        spark.sql(f"USE {session.CATALOG}.`{job.staged_database}`")
        ledger = Ledger(
            spark, job.quarantine_database, job.quarantine_uri, pipeline, run, report.started
        )
    except Exception as error:
        raise report.give_up(pipeline, error) from None

    gate = Gate(spark, work, job.staged_database, run, ledger, report.started)
    gated = [dataset for dataset in work.datasets if dataset.quality]
    judged: dict[str, QualityResult] = {}

    def failed_alone(dataset: Dataset, error: str, seconds: float) -> QualityResult:
        known = judged.get(dataset.name, QualityResult(dataset.name))
        return replace(known, error=error, seconds=seconds)

    to_judge = gated
    while to_judge:
        found = side_by_side.run(spark, to_judge, gate.evaluate, failed_alone, lambda _: None)
        judged |= {result.name: result for result in found}
        to_judge = gate.hold(list(judged.values()))
    # Only now that all are judged: a data set may have been looked at to judge another one.
    published = side_by_side.run(
        spark,
        gated,
        lambda dataset: gate.publish(dataset, judged[dataset.name]),
        failed_alone,
        lambda result: say(result.line()),
    )
    report.write(pipeline, published)
    failed = [result for result in published if result.error]
    metrics.describe_published(spark, job, [r.name for r in published if r.published])
    metrics.publish(job, KIND, published, started=report.started, succeeded=not failed)
    report.fail_for(published, "data sets did not pass and were not published")


if __name__ == "__main__":
    main(sys.argv[1:])
