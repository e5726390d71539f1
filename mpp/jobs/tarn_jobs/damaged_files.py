"""Names the files that Spark could not read: its own message seldom does.

A compressed or a Parquet file can be whole as far as its header and footer tell, and damaged in
its middle, which shows only once that is read.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from tarn_jobs.errors import JobError, summary
from tarn_jobs.manifest import Dataset
from tarn_jobs.raw_files import RawFile, escaped
from tarn_jobs.raw_records import shown

# What Spark throws, whatever went wrong: in its JVM, or brought over to Python.
SPARK_ERRORS = (Py4JJavaError, PySparkException)
# Written when a page is, and looked at only on request.
CHECKSUMS = {"parquet.page.verify-checksum.enabled": "true"}

_READING = re.compile(r"IOException|EOFException|ZipException|parquet|FileNotFound|reading file")
_AT_ONCE = 8


def named(
    spark: SparkSession, dataset: Dataset, files: Sequence[RawFile], error: Exception
) -> JobError | None:
    """Return an error that names the damaged files; None when they are not what is wrong."""
    if not _READING.search(str(error)):
        return None
    form = "parquet" if dataset.source.format == "parquet" else "text"

    def problem(file: RawFile) -> str:
        reader = spark.read.format(form).options(**CHECKSUMS)
        try:
            reader.load(escaped(file.path)).write.format("noop").mode("overwrite").save()
        except SPARK_ERRORS as found:
            return f"{file.path} ({_cause(found)})"
        return ""

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe") as pool:
        problems = [text for text in pool.map(problem, files) if text]
    if not problems:
        return None
    return JobError(
        f"cannot be read, nothing was staged: {shown(problems)}: put a whole file in its place, "
        "or take it away"
    )


def _cause(error: Exception) -> str:
    """Return the innermost cause, the one that says what is wrong with the bytes."""
    if not isinstance(error, Py4JJavaError):
        return summary(error, 200)
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return summary(JobError(f"{cause.getClass().getSimpleName()}: {cause.getMessage()}"), 200)
