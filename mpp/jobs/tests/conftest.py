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

import local_spark  # noqa: E402
from pipeline import Pipeline, sample_manifest  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

SAMPLE = JOBS / "tests" / "data"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session like the one on Glue, except for where the catalog and the files are."""
    folders = (str(tmp_path_factory.mktemp(name)) for name in ("warehouse", "spark-warehouse"))
    builder = SparkSession.builder.master("local[2]").appName("tarn tests")
    for key, value in (local_spark.settings(*folders) | local_spark.IN_MEMORY).items():
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
