"""One load of one contender of throughput.py; prints seconds and a digest of the table."""

import json
import os
import sys
import time
from pathlib import Path

from throughput import COLUMNS

# What all contenders must agree on: number of rows, changed ones, and sums that no row escapes.
DIGEST = (
    "SELECT count(*), count(CASE WHEN state = 'changed' THEN 1 END), sum(id), sum(amount), "
    "count(DISTINCT customer), min(ordered_at), max(ordered_at)"
)


def tarn(folder: Path, load: str) -> tuple[float, list]:
    """Tarn's job, as it is deployed."""
    import raw_to_staged

    spark = session(folder)
    manifest = folder / "manifest.json"
    columns = [
        {"name": name, "type": kind, "required": name != "note"} for name, kind in COLUMNS.items()
    ]
    source = {"format": "csv", "path": "orders/", "options": {"header": "true"}}
    dataset = {"name": "orders", "source": source, "columns": columns, "key": ["id"]}
    manifest.write_text(json.dumps({"version": 2, "pipeline": "bench", "datasets": [dataset]}))
    values = {"manifest_uri": f"file://{manifest}", "report_uri": f"file://{folder}/reports"}
    values |= {"JOB_RUN_ID": f"jr_{load}", "WORKFLOW_RUN_ID": f"wr_{load}"}
    values["raw_uri"] = f"file://{folder}/{load}"
    for zone in ("staged", "analytics", "quarantine"):
        values |= {f"{zone}_uri": f"file://{folder}/{zone}", f"{zone}_database": zone}
        spark.sql(f"CREATE NAMESPACE IF NOT EXISTS glue_catalog.{zone}")
    began = time.monotonic()
    raw_to_staged.main([part for key, value in values.items() for part in (f"--{key}", value)])
    seconds = time.monotonic() - began
    return seconds, list(spark.sql(f"{DIGEST} FROM glue_catalog.staged.orders").head())


def pyspark(folder: Path, load: str) -> tuple[float, list]:
    """What one writes by hand: a schema, the keys made unique, one statement of Iceberg."""
    spark = session(folder)
    spark.sql("CREATE NAMESPACE IF NOT EXISTS glue_catalog.hand")
    schema = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    began = time.monotonic()
    rows = (
        spark.read.schema(schema)
        .option("header", "true")
        .option("mode", "DROPMALFORMED")
        .csv(str(folder / load / "orders"))
        .dropDuplicates(["id"])
    )
    if load == "load":
        rows.writeTo("glue_catalog.hand.orders").using("iceberg").create()
    else:
        rows.createOrReplaceTempView("incoming")
        spark.sql(
            "MERGE INTO glue_catalog.hand.orders t USING incoming s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )
    seconds = time.monotonic() - began
    return seconds, list(spark.sql(f"{DIGEST} FROM glue_catalog.hand.orders").head())


def duckdb(folder: Path, load: str) -> tuple[float, list]:
    """One process, one file."""
    import duckdb as engine

    database = engine.connect(str(folder / "orders.duckdb"))
    types = ", ".join(
        f"'{name}': '{'VARCHAR' if kind == 'string' else kind}'" for name, kind in COLUMNS.items()
    )
    file = folder / load / "orders" / "orders.csv"
    began = time.monotonic()
    incoming = (
        f"(SELECT DISTINCT ON (id) * FROM read_csv('{file}', header = true, columns = {{{types}}}))"
    )
    if load == "load":
        database.sql(f"CREATE TABLE orders AS FROM {incoming}")
    else:
        database.sql(
            f"MERGE INTO orders USING {incoming} AS incoming USING (id) "
            "WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT"
        )
    seconds = time.monotonic() - began
    answer = list(database.execute(f"{DIGEST} FROM orders").fetchone())
    database.close()
    return seconds, answer


def session(folder: Path):
    """A session like the one on Glue, with as many cores as the machine and a catalog on disk."""
    from local_spark import jars
    from pyspark.sql import SparkSession

    catalog = "spark.sql.catalog.glue_catalog"
    iceberg = sorted(jars().glob("iceberg-spark-runtime-3.5_2.12-*.jar"))
    if not iceberg:
        sys.exit(f"no Iceberg jar in {jars()}: `make tools` puts it there")
    builder = SparkSession.builder.master("local[*]").appName("tarn bench")
    for key, value in {
        "spark.jars": str(iceberg[-1]),
        "spark.driver.memory": os.environ["TARN_BENCH_SPARK_MEMORY"],
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.local.dir": str(folder / "spill"),
        "spark.scheduler.mode": "FAIR",
        "spark.sql.shuffle.partitions": "16",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        # A catalog on disk, so that the second process sees the first one's table. It is a Hive
        # metastore within the process: Iceberg's JDBC catalog cannot speak to Derby, and its
        # Hadoop catalog refuses tables at a place of their own.
        f"{catalog}.type": "hive",
        f"{catalog}.warehouse": f"file://{folder}/warehouse",
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={folder}/metastore;create=true"
        ),
        "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
        "spark.hadoop.hive.metastore.schema.verification": "false",
        "spark.hadoop.iceberg.engine.hive.lock-enabled": "false",
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={folder}/derby.log",
        "spark.sql.warehouse.dir": str(folder / "spark-warehouse"),
    }.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


if __name__ == "__main__":
    run = {"tarn": tarn, "pyspark": pyspark, "duckdb": duckdb}[sys.argv[1]]
    took, digest = run(Path(sys.argv[3]), sys.argv[2])
    print(json.dumps({"seconds": took, "answer": " ".join(str(value) for value in digest)}))
