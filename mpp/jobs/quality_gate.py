"""Glue job: publishes the data sets with quality rules whose rules hold on what was staged."""

import sys

from tarn_jobs import arguments, manifest, metrics, session, side_by_side
from tarn_jobs.errors import JobFailed
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
        spark = session.start(f"{pipeline} {KIND}")
        # Queries of rules may name staged tables of other pipelines without a database.
        spark.sql(f"USE {session.CATALOG}.`{job.staged_database}`")
        shared = (job.quarantine_database, job.quarantine_uri, pipeline, job.run_id, report.started)
        ledger = Ledger(spark, *shared)
    except Exception as error:
        raise report.give_up(pipeline, error) from None

    gate = Gate(spark, work, job.staged_database, job.run_id, ledger, report.started)
    judged = {
        dataset.name: QualityResult(dataset.name) for dataset in work.datasets if dataset.quality
    }
    to_judge = [dataset for dataset in work.datasets if dataset.quality]
    while to_judge:
        found = side_by_side.run(spark, to_judge, gate.evaluate, _failed, lambda _: None)
        judged |= {result.name: result for result in found}
        to_judge = gate.hold(list(judged.values()))
    # Published only now that all are judged: a data set may have been judged by another one.
    published = side_by_side.run(
        spark,
        [dataset for dataset in work.datasets if dataset.quality],
        lambda dataset: _published(gate, dataset, judged[dataset.name]),
        _failed,
        lambda result: say(result.line()),
    )
    report.write(pipeline, published)
    failed = [result for result in published if result.error]
    metrics.describe_published(spark, job, [r.name for r in published if r.published])
    metrics.publish(job, KIND, published, started=report.started, succeeded=not failed)
    if failed:
        # An exception, not sys.exit: Glue shows its message as the error of the run.
        raise JobFailed(
            f"{len(failed)} of {len(published)} data sets did not pass and were not published: "
            + "; ".join(f"{result.name}: {result.error}" for result in failed)
        )


def _failed(dataset: Dataset, error: str, seconds: float) -> QualityResult:
    return QualityResult(dataset.name, error=error, seconds=seconds)


def _published(gate: Gate, dataset: Dataset, result: QualityResult) -> QualityResult:
    return gate.publish(dataset, result) if result.holds else result


if __name__ == "__main__":
    main(sys.argv[1:])
