"""Creates Iceberg tables and lets their schema grow."""

import re
from collections.abc import Mapping, Sequence

from pyspark.sql import SparkSession

from tarn_jobs.errors import JobError

# What Iceberg can do to a column without rewriting its files.
_WIDENINGS = {("int", "bigint"), ("float", "double")}

_PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    # Large enough to scan well, small enough that changing one row rewrites little.
    "write.target-file-size-bytes": str(128 * 1024 * 1024),
    # A run each day makes a metadata file each day; without this they stay for ever.
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "100",
}


def ensure(
    spark: SparkSession,
    table: str,
    location: str,
    columns: Mapping[str, str],
    partition_by: Sequence[str] = (),
    comments: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
) -> None:
    """Create a table if it is absent; else add new columns and widen types.

    Anything else that differs is an error that names the column: it would lose data or
    rewrite the table, which is for a person to decide.
    """
    if not spark.catalog.tableExists(table):
        _create(spark, table, location, columns, partition_by, comments or {}, properties or {})
        return
    present = {field.name: field.dataType.simpleString() for field in spark.table(table).schema}
    _check_partitions(spark, table, partition_by)
    _check_columns(table, present, columns)
    for name, kind in columns.items():
        if name not in present:
            spark.sql(f"ALTER TABLE {table} ADD COLUMN `{name}` {kind}")
        elif present[name] != kind:
            spark.sql(f"ALTER TABLE {table} ALTER COLUMN `{name}` TYPE {kind}")


def _create(
    spark: SparkSession,
    table: str,
    location: str,
    columns: Mapping[str, str],
    partition_by: Sequence[str],
    comments: Mapping[str, str],
    properties: Mapping[str, str],
) -> None:
    definitions = []
    for name, kind in columns.items():
        comment = f" COMMENT '{_escaped(comments[name])}'" if comments.get(name) else ""
        definitions.append(f"`{name}` {kind}{comment}")
    # One task per partition writes few large files; without partitions there is nothing to
    # shuffle for.
    distribution = {"write.distribution-mode": "hash" if partition_by else "none"}
    listed = ", ".join(
        f"'{key}'='{value}'" for key, value in (_PROPERTIES | distribution | properties).items()
    )
    partitioned = f"PARTITIONED BY ({', '.join(partition_by)})" if partition_by else ""
    spark.sql(
        # Another run may create it at the same moment.
        f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(definitions)}) USING iceberg "
        f"{partitioned} LOCATION '{_escaped(location)}' TBLPROPERTIES ({listed})"
    )


def _check_columns(table: str, present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    for name, kind in present.items():
        if name not in wanted:
            raise JobError(
                f"{table} has the column {name}, which is no longer defined: "
                "define it again, or drop it from the table"
            )
        if kind != wanted[name] and not _can_widen(kind, wanted[name]):
            raise JobError(f"{table}: column {name} is {kind} and cannot become {wanted[name]}")


def _can_widen(old: str, new: str) -> bool:
    if (old, new) in _WIDENINGS:
        return True
    pair = re.fullmatch(r"decimal\((\d+),(\d+)\)>decimal\((\d+),(\d+)\)", f"{old}>{new}")
    return bool(pair) and int(pair[1]) <= int(pair[3]) and pair[2] == pair[4]


def _check_partitions(spark: SparkSession, table: str, wanted: Sequence[str]) -> None:
    present = _partitions(spark, table)
    if [_normalised(part) for part in present] != [_normalised(part) for part in wanted]:
        raise JobError(
            f"{table} is partitioned by ({', '.join(present)}), "
            f"not by ({', '.join(wanted)}): Tarn does not repartition a table"
        )


def _partitions(spark: SparkSession, table: str) -> list[str]:
    """Return the transforms of a table, from the section DESCRIBE ends with."""
    rows = [(row[0], row[1]) for row in spark.sql(f"DESCRIBE TABLE {table}").collect()]
    titles = [row[0] for row in rows]
    if "# Partitioning" in titles:  # Part 0 | months(time_hour)
        start = titles.index("# Partitioning")
        return [value for title, value in rows[start:] if title.startswith("Part ")]
    if "# Partition Information" in titles:  # Columns only, below a line of headings.
        return titles[titles.index("# Partition Information") + 2 :]
    return []


def _normalised(transform: str) -> str:
    return re.sub(r"[\s`]", "", transform).lower()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
