"""Runs raw-to-staged in a process of its own, which a test can kill; prints what came out.

`python job_process.py FOLDER RUN_ID MASTER`: the manifest is FOLDER/manifest.json, raw files are
below FOLDER/raw. The last line is JSON: the report, and the rows of all tables.
"""

import json
import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]
os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")])

import local_spark  # noqa: E402
import raw_to_staged  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

PIPELINE = "shop"


def main(folder: Path, run_id: str, master: str) -> None:
    """Run the job and print the tables."""
    warehouse = f"file:{folder}/warehouse"
    builder = SparkSession.builder.master(master).appName(run_id)
    spark_warehouse = str(folder / "spark-warehouse")
    settings = local_spark.settings(warehouse, spark_warehouse) | local_spark.ON_DISK
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    for database in (PIPELINE, "quarantine"):
        spark.sql(f"CREATE NAMESPACE IF NOT EXISTS glue_catalog.{database}")
    raw_to_staged.main(arguments(folder, run_id, warehouse))
    report = json.loads((folder / "reports" / run_id / "raw-to-staged.json").read_text("utf-8"))
    print(json.dumps({"report": report} | tables(spark)), flush=True)


def arguments(folder: Path, run_id: str, warehouse: str) -> list[str]:
    """Return the arguments of the job; the catalog wants each table at warehouse/database/name."""
    values = {
        "manifest_uri": f"file://{folder}/manifest.json",
        "report_uri": f"file://{folder}/reports",
        "raw_uri": f"file://{folder}/raw",
        "staged_uri": warehouse,
        "analytics_uri": warehouse,
        "quarantine_uri": f"{warehouse}/quarantine",
        "staged_database": PIPELINE,
        "analytics_database": "unused",
        "quarantine_database": "quarantine",
        "WORKFLOW_RUN_ID": run_id,
    }
    return [part for key, value in values.items() for part in (f"--{key}", value)]


def tables(spark: SparkSession) -> dict[str, list[list[object]]]:
    """Return the rows of the tables, in order."""
    queries = {
        "rows": f"SELECT * FROM glue_catalog.{PIPELINE}.items",
        "rejected": "SELECT raw_record, reason FROM glue_catalog.quarantine.rejected_rows",
        "ingested": (
            "SELECT regexp_extract(path, '[^/]*$', 0) FROM glue_catalog.quarantine.ingested_files "
            "WHERE published_at IS NOT NULL"
        ),
    }
    return {name: sorted(map(list, spark.sql(sql).collect())) for name, sql in queries.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
