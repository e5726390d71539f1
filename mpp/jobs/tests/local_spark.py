"""How the tests start Spark: like on Glue, except for where the catalog and the files are."""

import os
from pathlib import Path

import pytest

JOBS = Path(__file__).resolve().parent.parent
_CATALOG = "spark.sql.catalog.glue_catalog"


def jars() -> Path:
    """Return the folder `tarn` keeps Spark's jars in."""
    cache = os.environ.get("TARN_CACHE")
    if not cache:
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")) + "/tarn"
    return Path(cache) / "jars"


def settings(warehouse: str, spark_warehouse: str) -> dict[str, str]:
    """Return the settings of a session, but for the kind of catalog."""
    iceberg = sorted(jars().glob("iceberg-spark-runtime-3.5_2.12-*.jar"))
    if not iceberg:
        pytest.fail(f"no Iceberg jar in {jars()}: `tarn local up` puts it there")
    return {
        "spark.jars": str(iceberg[-1]),
        "spark.driver.memory": os.environ.get("TARN_TEST_SPARK_MEMORY", "2g"),
        # Compiling well takes longer than the tests run.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.scheduler.mode": "FAIR",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        "spark.sql.warehouse.dir": spark_warehouse,
        _CATALOG: "org.apache.iceberg.spark.SparkCatalog",
        f"{_CATALOG}.io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
        f"{_CATALOG}.warehouse": warehouse,
    }


# Not the Hadoop catalog: that one refuses tables at a place of their own, and the jobs give
# each table one.
IN_MEMORY = {
    f"{_CATALOG}.catalog-impl": "org.apache.iceberg.inmemory.InMemoryCatalog",
    # Two runs in one process stand for two processes, which do not share what they remember of
    # a table either.
    f"{_CATALOG}.cache-enabled": "false",
}
# On disk, so that a process sees what the one before it has left. The places of the tables
# must be the ones it would choose itself.
ON_DISK = {f"{_CATALOG}.type": "hadoop"}
