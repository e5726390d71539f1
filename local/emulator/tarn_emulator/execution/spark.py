"""The spark-submit command and the environment of a Glue job run on this machine.

Glue's worker model has no meaning on one machine: whatever WorkerType and NumberOfWorkers the job
asks for, it runs as ``local[N]`` in one JVM of the memory the emulator was started with.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GLUE_CATALOG = "org.apache.iceberg.aws.glue.GlueCatalog"
EMPTY_AWS_FILE = "aws-config"
S3A_JARS = ("hadoop-aws-*.jar", "aws-java-sdk-bundle-*.jar")
FORMAT_JARS = {"iceberg": ("iceberg-spark-runtime-*.jar", "iceberg-aws-bundle-*.jar")}

# Glue's error stream at its default level is thousands of lines for a trivial job; warnings are
# what a person reads. A job can still raise the level with SparkContext.setLogLevel.
LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.console.type = Console
appender.console.name = stderr
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
# Both only say that this is a laptop and not a cluster.
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.metrics.name = org.apache.hadoop.metrics2
logger.metrics.level = error
"""


class SparkUnavailable(RuntimeError):
    """Spark cannot be started on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Credentials:
    """AWS credentials of the job's role."""

    access_key: str
    secret_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class LocalSpark:
    """What the emulator knows about the Spark of this machine."""

    endpoint: str
    region: str
    jars_dir: Path
    cores: int
    memory: str


def iceberg_glue_catalogs(conf: Mapping[str, str]) -> list[str]:
    """Return the names of the Iceberg catalogs in ``conf`` that live in the Glue catalog."""
    prefix = "spark.sql.catalog."
    names = []
    for key, value in conf.items():
        if not key.startswith(prefix):
            continue
        name, _, setting = key.removeprefix(prefix).partition(".")
        if (setting, value) in (("catalog-impl", GLUE_CATALOG), ("type", "glue")):
            names.append(name)
    return names


def local_conf(spark: LocalSpark, job_conf: Mapping[str, str]) -> dict[str, str]:
    """Return the job's Spark settings with those that lead to this machine put over them."""
    s3a = "spark.hadoop.fs.s3a."
    defaults = {
        # A laptop's data set in Spark's default 200 shuffle partitions is 200 tiny tasks.
        "spark.sql.shuffle.partitions": str(max(4, spark.cores * 2)),
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    }
    forced = {
        "spark.driver.memory": spark.memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Hadoop's other interface to file systems, AbstractFileSystem, has one of S3 that takes s3a://
        # alone. Without it Spark keeps the checkpoints of streams through this one.
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        s3a + "endpoint": spark.endpoint,
        s3a + "endpoint.region": spark.region,
        s3a + "path.style.access": "true",
        s3a + "connection.ssl.enabled": "false",
        s3a + "bucket.probe": "0",
        # A refused call must fail the job at once, as it would on AWS, not after minutes.
        s3a + "attempts.maximum": "2",
        s3a + "retry.limit": "2",
        # From the environment, so that no secret stands in the process list. The class is
        # the SDK's: Hadoop's own one of that name does not know session tokens.
        s3a + "aws.credentials.provider": (
            "com.amazonaws.auth.EnvironmentVariableCredentialsProvider"
        ),
    }
    for name in iceberg_glue_catalogs(job_conf):
        catalog = f"spark.sql.catalog.{name}."
        forced[catalog + "glue.endpoint"] = spark.endpoint
        forced[catalog + "s3.endpoint"] = spark.endpoint
        forced[catalog + "s3.path-style-access"] = "true"
    return {**defaults, **job_conf, **forced}


def class_path(jars_dir: Path, formats: frozenset[str]) -> str:
    """Return the jars a job of these --datalake-formats sees; a missing one is an error."""
    patterns = list(S3A_JARS)
    for name in sorted(formats):
        patterns.extend(FORMAT_JARS[name])
    jars = []
    for pattern in patterns:
        found = sorted(jars_dir.glob(pattern))
        if not found:
            raise SparkUnavailable(f"no {pattern} in {jars_dir}: the Spark jars are not installed")
        jars.append(str(found[-1]))
    return os.pathsep.join(jars)


def submit_command(
    script: Path,
    arguments: Sequence[str],
    *,
    spark: LocalSpark,
    conf: Mapping[str, str],
    py_files: Sequence[Path],
    jars: Sequence[Path] = (),
    files: Sequence[Path] = (),
) -> list[str]:
    """Return the spark-submit command line of a run."""
    command = [str(spark_home() / "bin" / "spark-submit"), "--master", f"local[{spark.cores}]"]
    for key, value in sorted(conf.items()):
        command += ["--conf", f"{key}={value}"]
    for option, paths in (("--py-files", py_files), ("--jars", jars), ("--files", files)):
        if paths:
            command += [option, ",".join(map(str, paths))]
    return [*command, str(script), *arguments]


def spark_home() -> Path:
    """Return the Spark inside the pyspark package of this interpreter."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SparkUnavailable(f"pyspark is not installed for {sys.executable}")
    return Path(spec.origin).parent


def jars_environment(jars_dir: Path, formats: frozenset[str]) -> dict[str, str]:
    """Return the variable by which Spark's start script finds the extra jars.

    Not --jars, which makes Spark copy 400 MB into the work folder of every run, and not
    --driver-class-path, which puts the classes bundled in them before Spark's own.
    """
    return {"SPARK_DIST_CLASSPATH": class_path(jars_dir, formats)}


def environment(
    base: Mapping[str, str], *, spark: LocalSpark, credentials: Credentials, work_dir: Path
) -> dict[str, str]:
    """Return the environment of a job: this machine's, without anything of its AWS set-up."""
    env = {k: v for k, v in base.items() if not k.startswith(("AWS_", "SPARK_", "PYSPARK_"))}
    env.pop("PYTHONPATH", None)
    env.update(
        AWS_ACCESS_KEY_ID=credentials.access_key,
        AWS_SECRET_ACCESS_KEY=credentials.secret_key,
        AWS_REGION=spark.region,
        AWS_DEFAULT_REGION=spark.region,
        AWS_ENDPOINT_URL=spark.endpoint,
        AWS_EC2_METADATA_DISABLED="true",
        # Empty files: the user's own ~/.aws must not reach a job.
        AWS_CONFIG_FILE=str(work_dir / EMPTY_AWS_FILE),
        AWS_SHARED_CREDENTIALS_FILE=str(work_dir / EMPTY_AWS_FILE),
        PYSPARK_PYTHON=sys.executable,
        PYSPARK_DRIVER_PYTHON=sys.executable,
        PYTHONUNBUFFERED="1",
        SPARK_CONF_DIR=str(work_dir / "conf"),
        SPARK_LOCAL_IP="127.0.0.1",
        SPARK_LOCAL_DIRS=str(work_dir / "spark"),
    )
    if credentials.session_token:
        env["AWS_SESSION_TOKEN"] = credentials.session_token
    return env


def require_java(env: Mapping[str, str]) -> None:
    """Raise SparkUnavailable unless a Java can be found the way spark-submit finds it."""
    home = env.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").exists():
        return
    if shutil.which("java", path=env.get("PATH")) is None:
        raise SparkUnavailable("no Java found: install Java 17, or set JAVA_HOME")


def prepare(work_dir: Path) -> None:
    """Make the work folder of a run with the files that environment() names."""
    conf = work_dir / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "log4j2.properties").write_text(LOG4J)
    # It must exist: the Java SDK logs a stack trace about one that does not.
    (work_dir / EMPTY_AWS_FILE).touch()
