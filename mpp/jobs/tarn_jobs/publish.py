"""Write-audit-publish: rows go to a branch of an Iceberg table, and to main once they are right.

Nobody who reads the table sees a branch. Publishing moves main to the head of the branch, which
Iceberg does only while main is where the branch began: of two runs at the same time one
publishes, the other is told that main has `Moved` and starts over. So no row is written twice.
"""

import re
import time
from collections.abc import Callable

from py4j.protocol import Py4JJavaError
from pyspark.errors import IllegalArgumentException
from pyspark.sql import SparkSession

from tarn_jobs.errors import JobError

MAIN = "main"

# For how long a branch that was never published can be looked at, before the expiry of
# snapshots takes it away.
_RETAIN_DAYS = 7
# Another run may change another branch of the table at the same moment: only one of the two
# commits, the other has to be made again on what the first one left.
_ATTEMPTS = 10
_LONGEST_PAUSE = 5.0


class Moved(JobError):
    """Somebody else has changed main since the branch was made."""


def branch_name(run_id: str) -> str:
    """Return the branch of a run: the same for all jobs of one workflow run."""
    return "tarn_" + re.sub(r"[^A-Za-z0-9_]", "_", run_id)


def branch_table(table: str, branch: str) -> str:
    """Return the name under which SQL reads and writes a branch."""
    return f"{table}.`branch_{branch}`"


def at_snapshot(table: str, snapshot: int) -> str:
    """Return what FROM reads to get the table as it was at a snapshot."""
    return f"{table}.`snapshot_id_{snapshot}`"


def head(spark: SparkSession, table: str, branch: str = MAIN) -> int | None:
    """Return the newest snapshot of a branch, None when there is no such branch yet."""
    # The catalog of the session remembers tables; what others have done has to be seen here.
    spark.sql(f"REFRESH TABLE {table}")
    rows = spark.sql(
        f"SELECT snapshot_id FROM {table}.refs WHERE name = '{branch}' AND type = 'BRANCH'"
    )
    found = rows.head()
    return found[0] if found else None


def open_branch(spark: SparkSession, table: str, branch: str, base: int | None = None) -> str:
    """Make a branch of main, replacing what a killed run left; return the name to write to.

    `base` is the snapshot of main that the changes were worked out from, None for a table
    without any. Main must still be there: raises Moved when it is not.
    """
    if base is None:
        drop_branch(spark, table, branch)  # Nothing can replace it without a snapshot.
    version = f"AS OF VERSION {base}" if base is not None else ""
    _committed(
        lambda: spark.sql(
            f"ALTER TABLE {table} CREATE OR REPLACE BRANCH `{branch}` {version} "
            f"RETAIN {_RETAIN_DAYS} DAYS"
        )
    )
    # Looked at after the branch was made: without a base, the branch could have been made
    # from what somebody else has published in between.
    if head(spark, table) != base:
        drop_branch(spark, table, branch)
        raise Moved(f"{table}: another run has published since this one began")
    return branch_table(table, branch)


def publish(spark: SparkSession, table: str, branch: str) -> None:
    """Move main to the head of the branch and drop the branch; raises Moved when it cannot."""
    if head(spark, table, branch) is None:
        raise JobError(f"{table} has no branch {branch}: it was published or has expired")
    catalog, _, name = table.partition(".")

    def fast_forward() -> None:
        try:
            spark.sql(
                f"CALL {catalog}.system.fast_forward('{name}', '{MAIN}', '{branch}')"
            ).collect()
        except IllegalArgumentException as error:
            if "not an ancestor" not in str(error):
                raise
            raise Moved(f"{table}: another run has published since {branch} was made") from None

    def refreshed() -> None:
        head(spark, table)
        fast_forward()

    _committed(refreshed)
    drop_branch(spark, table, branch)


def drop_branch(spark: SparkSession, table: str, branch: str) -> None:
    """Drop a branch if it is there."""
    _committed(lambda: spark.sql(f"ALTER TABLE {table} DROP BRANCH IF EXISTS `{branch}`"))


def _committed(change: Callable[[], object]) -> None:
    """Make a change of a table's metadata, again when somebody else's came first."""
    for attempt in range(_ATTEMPTS):
        try:
            change()
            return
        except Py4JJavaError as error:
            # CommitStateUnknownException too: each of these changes can be made twice.
            name = error.java_exception.getClass().getSimpleName()
            last = attempt == _ATTEMPTS - 1
            if last or name not in ("CommitFailedException", "CommitStateUnknownException"):
                raise
            time.sleep(min(0.1 * 2**attempt, _LONGEST_PAUSE))
