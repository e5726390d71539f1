"""Which branches of runs are still needed, and which runs may be writing to a table now.

A branch does not say whether its run is alive. What tells is time: no run takes a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import SparkSession

from tarn_jobs import publish

_LONGEST_RUN = timedelta(days=1)
# As long as publish.open_branch lets Iceberg keep them, which does not count those on main.
_LOOKED_AT = timedelta(days=7)
_PREFIX = "tarn_"


@dataclass(frozen=True)
class _Branch:
    name: str
    touched: datetime  # the latest time its run is known to have done anything
    empty: bool  # has nothing that main does not have


def in_use(spark: SparkSession, table: str, now: datetime) -> str | None:
    """Return a branch of a run that may be writing to the table."""
    for branch in _branches(spark, table):
        if now - branch.touched < _LONGEST_RUN:
            return branch.name
    return None


def drop_stale(spark: SparkSession, table: str, now: datetime) -> int:
    """Drop branches of dead runs; return how many.

    One with rows that were not published, those a quality rule refused, stays to be looked at
    for a week.
    """
    stale = [
        branch.name
        for branch in _branches(spark, table)
        if now - branch.touched >= (_LONGEST_RUN if branch.empty else _LOOKED_AT)
    ]
    for name in stale:
        publish.drop_branch(spark, table, name)
    return len(stale)


def _branches(spark: SparkSession, table: str) -> list[_Branch]:
    spark.sql(f"REFRESH TABLE {table}")
    refs = {
        row.name: row.snapshot_id
        for row in spark.sql(
            f"SELECT name, snapshot_id FROM {table}.refs WHERE type = 'BRANCH'"
        ).collect()
    }
    ours = {name: at for name, at in refs.items() if name.startswith(_PREFIX)}
    if not ours:
        return []
    # As seconds: a timestamp would come in the time zone of this machine.
    times = spark.sql(
        f"SELECT snapshot_id, parent_id, unix_timestamp(committed_at) FROM {table}.snapshots"
    ).collect()
    made = {row[0]: datetime.fromtimestamp(row[2]).astimezone() for row in times}
    parents = {row[0]: row[1] for row in times}
    # Making a branch is a change of the table, too, but no snapshot.
    changed = spark.sql(
        f"SELECT max(unix_timestamp(timestamp)) FROM {table}.metadata_log_entries"
    ).head()
    last_change = datetime.fromtimestamp(changed[0]).astimezone()
    main = refs.get(publish.MAIN)
    of_main = set()
    at = main
    while at is not None and at not in of_main:
        of_main.add(at)
        at = parents.get(at)
    found = []
    for name, at in ours.items():
        # On main's head: perhaps it was made just now. Behind it: before main moved on.
        empty = at in of_main
        touched = last_change if at == main else made[main] if empty else made[at]
        found.append(_Branch(name, touched, empty))
    return found
