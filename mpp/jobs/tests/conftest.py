"""One local Spark session with an Iceberg catalog on disk, and pipelines to run in it."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

JOBS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(JOBS), str(JOBS / "tests")]
# Spark's Python workers import tarn_jobs too; on Glue --extra-py-files sees to that.
os.environ["PYTHONPATH"] = os.pathsep.join([str(JOBS), os.environ.get("PYTHONPATH", "")])

from pipeline import Pipeline, sample_manifest  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

SAMPLE = JOBS / "tests" / "data"


def jars() -> Path:
    """Return the folder `tarn` keeps Spark's jars in."""
    cache = os.environ.get("TARN_CACHE")
    if not cache:
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")) + "/tarn"
    return Path(cache) / "jars"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session like the one on Glue, except for where the catalog and the files are."""
    iceberg = sorted(jars().glob("iceberg-spark-runtime-3.5_2.12-*.jar"))
    if not iceberg:
        pytest.fail(f"no Iceberg jar in {jars()}: `tarn local up` puts it there")
    catalog = "spark.sql.catalog.glue_catalog"
    builder = SparkSession.builder.master("local[2]").appName("tarn tests")
    for key, value in {
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
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        # Not the Hadoop catalog: that one refuses tables at a place of their own, and the
        # jobs give each table one.
        f"{catalog}.catalog-impl": "org.apache.iceberg.inmemory.InMemoryCatalog",
        f"{catalog}.io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
        f"{catalog}.warehouse": str(tmp_path_factory.mktemp("warehouse")),
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark-warehouse")),
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture
def pipeline(spark: SparkSession, tmp_path: Path) -> Pipeline:
    """A pipeline without any data set, with zones of its own."""
    return Pipeline(spark, tmp_path, {"version": 2, "pipeline": "flights", "datasets": []})


@pytest.fixture(scope="session")
def sample(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The deployed pipeline over the sample of the real data, run once. Do not change it."""
    folder = tmp_path_factory.mktemp("sample")
    sample = Pipeline(spark, folder, sample_manifest(JOBS.parent))
    for name in ("airlines", "airports", "planes", "weather", "flights"):
        target = folder / "raw" / "nycflights13" / name / f"{name}.csv"
        target.parent.mkdir(parents=True)
        shutil.copyfile(SAMPLE / f"{name}.csv", target)
    sample.stage()
    sample.build_analytics()
    return sample
