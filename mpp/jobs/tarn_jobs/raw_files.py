"""Lists the raw files of a data set and selects those that a run has to read."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import LongType, StringType, StructField, StructType, TimestampType

from tarn_jobs import storage
from tarn_jobs.errors import JobError
from tarn_jobs.ledger import Ledger
from tarn_jobs.manifest import Dataset
from tarn_jobs.run_properties import RunProperties

_SCHEMA = StructType(
    [
        StructField("path", StringType()),
        StructField("bytes", LongType()),
        StructField("modified", TimestampType()),
    ]
)


@dataclass(frozen=True)
class RawFile:
    """A version of a raw file, as ledger.FILE has it."""

    path: str
    bytes: int
    modified: datetime


@dataclass(frozen=True)
class Selection:
    """The files a run reads. `folder` is set when these are all there are."""

    files: tuple[RawFile, ...]
    folder: str | None = None

    @property
    def patterns(self) -> list[str]:
        """What to pass to Spark to read exactly these files."""
        return [self.folder] if self.folder else [escaped(file.path) for file in self.files]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)

    def frame(self, spark: SparkSession) -> DataFrame:
        """Return the files as rows."""
        return as_frame(spark, self.files)


def as_frame(spark: SparkSession, files: Iterable[RawFile]) -> DataFrame:
    """Return files as the rows the ledger knows."""
    rows = [(file.path, file.bytes, file.modified) for file in files]
    return spark.createDataFrame(rows, _SCHEMA)


def escaped(path: str) -> str:
    """Return the pattern that matches this path alone: Spark takes paths for patterns."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", path)


def select(
    spark: SparkSession,
    dataset: Dataset,
    raw_uri: str,
    properties: RunProperties,
    unread: Ledger | None,
) -> Selection:
    """List the folder of a data set once and return the files to read.

    With `unread`, a ledger, only files whose rows are not in the table yet.
    """
    folder = f"{raw_uri}/{dataset.source.path}/"
    files = [file for file in _list(folder) if not _is_hidden(file.path[len(folder) :])]
    if not files and dataset.source.read != "new":
        raise JobError(f"no files under {folder}")
    found = len(files)
    if properties.has_range and files:
        files = _in_range(files, folder, dataset, properties)
    if unread is not None and files:
        new = unread.unread(dataset.name, as_frame(spark, files)).select("path")
        paths = {row.path for row in new.collect()}
        files = [file for file in files if file.path in paths]
    # The whole folder is one path for Spark, which lists it in one go. A file that arrives
    # meanwhile is read as well then, which the ledger could not know.
    whole = len(files) == found and dataset.source.read != "new"
    return Selection(tuple(files), folder if whole else None)


def _list(folder: str) -> Iterator[RawFile]:
    for path, size, modified in storage.list_files(folder):
        yield RawFile(path, size, modified.astimezone(UTC))


def _is_hidden(path: str) -> bool:
    """Tell whether Spark leaves a file out: _SUCCESS, .part, _temporary/…"""
    return any(
        part.startswith(".") or (part.startswith("_") and "=" not in part)
        for part in path.split("/")
    )


def _in_range(
    files: list[RawFile], folder: str, dataset: Dataset, properties: RunProperties
) -> list[RawFile]:
    if not dataset.source.dates:
        raise JobError(
            "the run is limited to dates, but source.dates does not say how a path tells the "
            "date of a file: set it, for example to dt=%Y-%m-%d, or run without dates"
        )
    pattern = date_pattern(dataset.source.dates)
    dated = [(file, period(pattern, file.path[len(folder) :])) for file in files]
    if not any(days for _, days in dated):
        example = files[0].path[len(folder) :]
        raise JobError(
            f"no path has a date as source.dates {dataset.source.dates} says, for example {example}"
        )
    return [file for file, days in dated if days and properties.includes(*days)]


_DIRECTIVES = {
    "%Y": r"(?P<year>[0-9]{4})",
    "%m": r"(?P<month>[0-9]{2})",
    "%d": r"(?P<day>[0-9]{2})",
    "%H": r"[0-9]{2}",
    "%%": "%",
}


def date_pattern(dates: str) -> re.Pattern[str]:
    """Return the expression that finds the date in a path: %Y, %m, %d and %H are known."""
    parts = []
    for part in re.split(r"(%.)", dates):
        if part.startswith("%"):
            if part not in _DIRECTIVES:
                raise JobError(f"source.dates {dates}: {part} is not one of %Y, %m, %d, %H")
            parts.append(_DIRECTIVES[part])
        else:
            parts.append(re.escape(part))
    try:
        return re.compile("".join(parts))
    except re.error:
        raise JobError(f"source.dates {dates}: each of %Y, %m, %d can be there once") from None


def period(pattern: re.Pattern[str], path: str) -> tuple[date, date] | None:
    """Return the first and last day a path speaks of: a day, a month or a year."""
    match = pattern.search(path)
    if not match:
        return None
    parts = {name: int(text) for name, text in match.groupdict().items()}
    year, month, day = parts.get("year"), parts.get("month"), parts.get("day")
    try:
        if year is None:
            return None
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        first = date(year, month, day or 1)
    except ValueError:  # 2024-02-31
        return None
    if day:
        return first, first
    following = date(year + month // 12, month % 12 + 1, 1)
    return first, following - timedelta(days=1)
