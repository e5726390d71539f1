"""What a job tells the rest of the world about its run: CloudWatch metrics and catalog entries.

Alarms and dashboards of pkg/alerting read the metrics; names and dimensions are those of its
watch.go. Neither may make a job fail that did its work: what cannot be told is printed.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pyspark.sql import SparkSession

from tarn_jobs.arguments import JobArguments
from tarn_jobs.report import DatasetResult, say
from tarn_jobs.session import CATALOG

NAMESPACE = "Tarn"
# CloudWatch API Reference, PutMetricData: no more than 1,000 metrics and 1 MB a request.
_MOST_METRICS = 1000
# Table parameters of Tarn begin with it.
_PREFIX = "tarn."
_ATTEMPTS = 5
_AT_ONCE = 4
# What UpdateTable takes of what GetTable gives (Glue API Reference, TableInput).
_TABLE_INPUT = (
    "Name",
    "Description",
    "Owner",
    "LastAccessTime",
    "LastAnalyzedTime",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "TargetTable",
    "ViewDefinition",
)


class Result(Protocol):
    """What happened to a data set or table."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def error(self) -> str | None:
        """Why it failed."""


def publish(
    job: JobArguments,
    kind: str,
    results: Sequence[Result],
    *,
    started: datetime,
    succeeded: bool = False,
) -> None:
    """Put the metrics of a job's run; `succeeded` is for the job that publishes the last data set.

    Without a metrics name, as in a run outside of a workflow, there is nobody to read them.
    """
    if not job.metrics_name:
        return
    now = datetime.now(UTC)
    seconds = (now - started).total_seconds()
    failed = sum(result.error is not None for result in results)
    found = [
        ("DurationSeconds", seconds, "Seconds", {"Job": kind}),
        ("Failed", failed, "Count", {"Job": kind}),
    ]
    staged = [result for result in results if isinstance(result, DatasetResult)]
    if staged:
        read = sum(result.read for result in staged)
        rejected = sum(result.quarantined for result in staged)
        found.append(("QuarantineRatio", rejected / read if read else 0.0, "None", {}))
        if job.dataset_metrics:
            found.extend(_of_datasets(staged))
    if succeeded:
        found.append(("Succeeded", 1, "Count", {}))
    _put([_datum(job.metrics_name, now, *metric) for metric in found])


def _of_datasets(results: Sequence[DatasetResult]) -> list[tuple[str, float, str, dict[str, str]]]:
    return [
        (name, value, "Count", {"Dataset": result.name})
        for result in results
        if result.error is None
        for name, value in (
            ("RowsRead", result.read),
            ("RowsStaged", result.valid),
            ("RowsQuarantined", result.quarantined),
        )
    ]


def _datum(
    pipeline: str, now: datetime, name: str, value: float, unit: str, more: Mapping[str, str]
) -> dict[str, Any]:
    dimensions = {"Pipeline": pipeline, **more}
    return {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
        "Timestamp": now,
        "Value": value,
        "Unit": unit,
    }


def _put(data: Sequence[dict[str, Any]]) -> None:
    try:
        client = boto3.client("cloudwatch")
        for first in range(0, len(data), _MOST_METRICS):
            part = data[first : first + _MOST_METRICS]
            client.put_metric_data(Namespace=NAMESPACE, MetricData=part)
    except (BotoCoreError, ClientError) as error:
        say(f"metrics were not published: {error}")


def describe_staged(
    spark: SparkSession,
    job: JobArguments,
    classifications: Mapping[str, str],
    results: Sequence[DatasetResult],
) -> None:
    """Enter in the catalog what a run has staged; `classifications` are by data set."""
    describe(
        spark,
        job.staged_database,
        {
            result.name: {
                "rows_read": str(result.read),
                "rows_staged": str(result.valid),
                "rows_quarantined": str(result.quarantined),
                "last_run": job.run_id,
                "classification": classifications.get(result.name, ""),
            }
            for result in results
            if result.error is None
        },
    )


def describe_published(spark: SparkSession, job: JobArguments, datasets: Sequence[str]) -> None:
    """Enter in the catalog that main has all that a run has staged of these data sets."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    describe(spark, job.staged_database, {name: {"last_success": now} for name in datasets})


def describe(
    spark: SparkSession, database: str, parameters: Mapping[str, Mapping[str, str]]
) -> None:
    """Set parameters, by table, of tables in the Glue Data Catalog; an empty one is left out.

    They are parameters of the catalog's entry, not Iceberg properties: those would be in the
    metadata file only, where neither the console nor Athena shows them. Iceberg keeps the
    parameters of others when it commits, and a change of them makes no snapshot. In another
    catalog than Glue's, as unit tests have one, there is no such entry and nothing to do.
    """
    if not in_glue(spark) or not parameters:
        return
    client = boto3.client("glue")
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        list(pool.map(lambda item: _describe(client, database, *item), parameters.items()))


def in_glue(spark: SparkSession) -> bool:
    """Tell whether the tables are in the Glue Data Catalog."""
    implementation = spark.conf.get(f"spark.sql.catalog.{CATALOG}.catalog-impl", "")
    return implementation.endswith(".GlueCatalog")


def _describe(client: Any, database: str, table: str, parameters: Mapping[str, str]) -> None:
    wanted = {f"{_PREFIX}{name}": value for name, value in parameters.items() if value}
    try:
        _again_when_changed(client, lambda: _update(client, database, table, wanted))
    except (BotoCoreError, ClientError) as error:
        say(f"{table}: the catalog entry was not updated: {error}")


def _update(client: Any, database: str, table: str, wanted: Mapping[str, str]) -> None:
    entry = client.get_table(DatabaseName=database, Name=table)["Table"]
    present = entry.get("Parameters") or {}
    if all(present.get(name) == value for name, value in wanted.items()):
        return
    definition = {name: entry[name] for name in _TABLE_INPUT if name in entry}
    client.update_table(
        DatabaseName=database,
        TableInput=definition | {"Parameters": {**present, **wanted}},
        # The parameters hold which metadata file is the table's. Without the version, a commit
        # that comes in between would be taken back.
        VersionId=entry["VersionId"],
        SkipArchive=True,
    )


def _again_when_changed(client: Any, update: Callable[[], None]) -> None:
    for _ in range(_ATTEMPTS - 1):
        try:
            update()
            return
        except client.exceptions.ConcurrentModificationException:
            continue
    update()
