"""Tables get smaller and faster, and stay the same: real tables in a folder of this machine."""

import os
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import table_maintenance
from tarn_jobs import maintenance, maintenance_branches, publish
from tarn_jobs.errors import JobFailed
from tarn_jobs.maintenance import Target
from tarn_jobs.manifest import Maintenance
from tarn_jobs.retention import Limit

DAY = timedelta(days=1)
WANTED = Maintenance(snapshot_days=7, orphan_days=7)
TABLE = "glue_catalog.`lake`.`events`"


@pytest.fixture(scope="module")
def disk(spark, tmp_path_factory):
    """A session whose catalog keeps its files in a folder; the tests' usual one is in memory."""
    session = spark.newSession()
    catalog = "spark.sql.catalog.glue_catalog"
    session.conf.set(f"{catalog}.catalog-impl", "org.apache.iceberg.hadoop.HadoopCatalog")
    session.conf.set(f"{catalog}.warehouse", f"file://{tmp_path_factory.mktemp('disk')}")
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.sql("CREATE NAMESPACE glue_catalog.lake")
    return session


@pytest.fixture
def events(disk):
    """A table of twelve files in two partitions, one snapshot each."""
    disk.sql(f"DROP TABLE IF EXISTS {TABLE} PURGE")
    disk.sql(
        f"CREATE TABLE {TABLE} (id int, day date, kind string) USING iceberg "
        "PARTITIONED BY (kind) TBLPROPERTIES ('format-version' = '2')"
    )
    for number in range(12):
        kind = "ab"[number % 2]
        disk.sql(f"INSERT INTO {TABLE} VALUES ({number}, DATE '2013-01-{number + 1}', '{kind}')")
    return disk


def keep(session, days=0, outdated="", where="", rewrite=True, wanted=WANTED):
    """Keep the table as it would be kept in some days."""
    target = Target("staged", "lake", "events", outdated, where)
    now = datetime.now(UTC) + days * DAY
    # Iceberg goes by its own clock: to it, files of today are young.
    wanted = replace(wanted, orphan_days=wanted.orphan_days + days)
    return maintenance.keep(session, target, wanted, rewrite=rewrite, now=now)


def rows(session):
    return sorted(tuple(row) for row in session.table(TABLE).collect())


def files(session):
    return session.sql(f"SELECT file_path FROM {TABLE}.files").count()


def snapshots(session):
    return session.sql(f"SELECT * FROM {TABLE}.snapshots").count()


def folder(session):
    location = session.sql(f"SELECT file_path FROM {TABLE}.files").head()[0]
    return Path(location.removeprefix("file:").split("/lake/events/")[0]) / "lake" / "events"


def test_many_small_files_become_few(events):
    before = rows(events)
    result = keep(events)
    assert (result.compacted_files, result.error, result.note) == (12, None, "")
    assert files(events) == 2  # one in each partition
    assert rows(events) == before
    # Nothing is old yet: yesterday's state can still be read.
    assert (result.expired_snapshots, result.orphans) == (0, 0)
    assert snapshots(events) == 13

    # Nothing to do is no commit.
    assert keep(events).compacted_files == 0
    assert snapshots(events) == 13


def test_a_partition_is_compacted_alone(events):
    assert keep(events, where="kind = 'a'").compacted_files == 6
    assert files(events) == 7


def test_old_snapshots_go_with_their_files(events):
    keep(events)
    first = events.sql(f"SELECT snapshot_id FROM {TABLE}.snapshots ORDER BY committed_at").head()[0]
    assert events.table(publish.at_snapshot(TABLE, first)).count() == 1
    before = rows(events)
    on_disk = len(list(folder(events).glob("data/**/*.parquet")))
    result = keep(events, days=6)
    assert result.expired_snapshots == 0
    result = keep(events, days=8)
    assert result.expired_snapshots == 12
    assert rows(events) == before
    # One is kept however old it is.
    assert snapshots(events) == 1
    with pytest.raises(Exception, match=str(first)):
        events.table(publish.at_snapshot(TABLE, first)).count()
    assert on_disk == 14
    assert len(list(folder(events).glob("data/**/*.parquet"))) == 2


def test_forgotten_files_go_when_they_are_old(events):
    data = folder(events) / "data" / "kind=a"
    other = folder(events).parent / "other" / "data"
    other.mkdir(parents=True, exist_ok=True)
    orphans = [data / "old.parquet", data / "young.parquet", other / "old.parquet"]
    for path, days in zip(orphans, (8, 2, 8), strict=True):
        path.write_bytes(b"left by a job that died")
        at = time.time() - days * 86400
        os.utime(path, (at, at))
    before = rows(events)
    assert keep(events).orphans == 1
    # Neither what may still be written nor what is another table's.
    assert [path.exists() for path in orphans] == [False, True, True]
    assert rows(events) == before
    # However short the time is set, it is three days.
    assert keep(events, wanted=Maintenance(orphan_days=1)).orphans == 0
    assert orphans[1].exists()


@pytest.mark.parametrize("column", ["day", "at"])
def test_rows_go_after_their_time(events, column):
    events.sql(f"ALTER TABLE {TABLE} ADD COLUMN at timestamp")
    events.sql(f"UPDATE {TABLE} SET at = CAST(day AS timestamp) + INTERVAL '23' HOUR")
    events.sql(f"INSERT INTO {TABLE} VALUES (99, NULL, 'a', NULL)")
    old = Limit(column, date(2013, 1, 10)).too_old
    result = keep(events, outdated=old, rewrite=False)
    assert result.deleted_rows == 9  # before the tenth; that day's rows are exactly as old
    assert [row[0] for row in rows(events)] == [9, 10, 11, 99]
    assert result.compacted_files == 0
    before = snapshots(events)
    assert keep(events, outdated=old, rewrite=False).deleted_rows == 0
    assert snapshots(events) == before


def test_a_table_that_a_run_writes_to_is_left_alone(events):
    base = publish.head(events, TABLE)
    branch = publish.branch_name("wr_alive")
    # Made, and not written to yet.
    target = publish.open_branch(events, TABLE, branch, base)
    result = keep(events, outdated="day < current_date()")
    assert result.note == "left for the next time: tarn_wr_alive is in use"
    assert (result.compacted_files, result.deleted_rows, result.error) == (0, 0, None)
    # Written to: the run publishes as if nothing had been.
    events.sql(f"INSERT INTO {target} VALUES (99, DATE '2013-02-01', 'a')")
    assert keep(events).note
    publish.publish(events, TABLE, branch)
    assert len(rows(events)) == 13
    assert keep(events).compacted_files == 13


def test_branches_of_dead_runs_go(events):
    base = publish.head(events, TABLE)
    publish.open_branch(events, TABLE, "tarn_empty", base)
    refused = publish.open_branch(events, TABLE, "tarn_refused", base)
    events.sql(f"INSERT INTO {refused} VALUES (99, DATE '2013-02-01', 'a')")
    events.sql(f"ALTER TABLE {TABLE} CREATE BRANCH somebodys")

    def branches():
        found = events.sql(f"SELECT name FROM {TABLE}.refs ORDER BY name").collect()
        return [row[0] for row in found]

    result = keep(events, days=2)
    assert (result.note, result.dropped_branches) == ("", 1)
    # What a quality rule has refused can be looked at for a week.
    assert branches() == ["main", "somebodys", "tarn_refused"]
    assert keep(events, days=8).dropped_branches == 1
    assert branches() == ["main", "somebodys"]
    assert len(rows(events)) == 12


def test_a_branch_made_by_a_run_that_lost_is_not_in_use_for_ever(events):
    publish.open_branch(events, TABLE, "tarn_lost", publish.head(events, TABLE))
    events.sql(f"INSERT INTO {TABLE} VALUES (99, DATE '2013-02-01', 'a')")
    now = datetime.now(UTC)
    assert maintenance_branches.in_use(events, TABLE, now) == "tarn_lost"
    assert maintenance_branches.in_use(events, TABLE, now + DAY) is None


@pytest.fixture
def sales(pipeline):
    pipeline.define("sales", {"id": "int", "shop": "string"}, ["id"])
    pipeline.define("empty", {"id": "int"}, ["id"])
    pipeline.put("sales/a.csv", "id,shop\n1,a\nx,b\n")
    pipeline.put("empty/a.csv", "id\n")
    pipeline.manifest["tables"] = [
        {"name": "sales", "sql": "SELECT id, shop FROM sales", "key": ["id"], "partition_by": []}
    ]
    pipeline.stage()
    pipeline.build_analytics()
    pipeline.manifest["tables"].append(
        {"name": "later", "sql": "SELECT 1 AS id", "key": ["id"], "partition_by": []}
    )
    # The catalog of these tests keeps files in memory, but orphans are looked for in folders.
    for place in ("staged/flights/sales", "staged/flights/empty", "analytics/flights/sales"):
        (pipeline.folder / place).mkdir(parents=True)
    (pipeline.folder / "quarantine" / "rejected_rows").mkdir(parents=True)
    return pipeline


def test_the_job_keeps_every_table_of_the_pipeline(sales):
    before = {zone: sales.rows("sales", zone) for zone in ("staged", "analytics")}
    table_maintenance.main(sales._arguments())
    document = sales.document("table-maintenance")
    assert document["ok"] and document["job"] == "table-maintenance"
    notes = {entry["name"]: entry["note"] for entry in document["tables"]}
    assert notes == {
        "staged.sales": "",
        "staged.empty": "",
        "analytics.sales": "",
        "analytics.later": "the table is not there yet",
        "quarantine.rejected_rows": "",
        "quarantine.ingested_files": "the table is not there yet",
    }
    assert before == {zone: sales.rows("sales", zone) for zone in ("staged", "analytics")}
    assert len(sales.rejected("sales")) == 1


def test_one_table_that_fails_is_named_and_the_others_go_on(sales):
    for entry in sales.manifest["datasets"]:
        if entry["name"] == "empty":
            entry["retention"] = {"column": "nothing", "days": 1}
    with pytest.raises(JobFailed, match=r"1 of 6 tables failed: staged.empty: .*nothing"):
        table_maintenance.main(sales._arguments())
    entries = {entry["name"]: entry for entry in sales.document("table-maintenance")["tables"]}
    assert entries["staged.empty"]["error"] and not entries["analytics.sales"]["error"]


@pytest.fixture
def kept(pipeline):
    """A data set that keeps ten days, with records of this day and of older ones."""

    def define(**more):
        retention = {"column": "at", "days": 10}
        columns = {"id": "int!", "at": "timestamp", "name": "string"}
        pipeline.define("kept", columns, ["id"], retention=retention, **more)

    def put(name, *records):
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0)
        lines = [
            f"{key},{'NA' if age is None else f'{today - age * DAY:%Y-%m-%d %H:%M:%S}'},{text}"
            for key, age, text in records
        ]
        pipeline.put(f"kept/{name}.csv", "\n".join(["id,at,name", *lines]) + "\n")

    def names():
        return [(row[0], row[2]) for row in pipeline.rows("kept")]

    pipeline.put_kept, pipeline.names, pipeline.define_kept = put, names, define
    for place in ("staged/flights/kept", "quarantine/rejected_rows", "quarantine/ingested_files"):
        (pipeline.folder / place).mkdir(parents=True)
    return pipeline


def parts(entry):
    fields = ("read", "valid", "expired", "quarantined", "superseded", "inserted", "updated")
    return tuple(entry[field] for field in fields)


@pytest.mark.parametrize("read", ["all", "new"])
def test_what_was_deleted_for_its_age_does_not_come_back(kept, read, capsys):
    kept.define_kept(read=read)
    kept.put_kept("a", (1, 0, "a"), (2, 10, "a"), (3, 11, "a"), (4, None, "a"), ("x", 20, "a"))
    assert parts(kept.stage()["kept"]) == (5, 3, 1, 1, 0, 3, 0)
    assert "expired 1, " in capsys.readouterr().out
    assert kept.names() == [(1, "a"), (2, "a"), (4, "a")]
    # A row that the table has is kept up to date, also when that makes it too old ...
    kept.put_kept("a", (1, 12, "b"), (2, 10, "a"), (3, 11, "b"), (4, None, "a"), (5, 30, "b"))
    assert parts(kept.stage()["kept"]) == (5, 3, 2, 0, 0, 0, 1)
    assert kept.names() == [(1, "b"), (2, "a"), (4, "a")]
    table_maintenance.main(kept._arguments())
    deleted = kept.report("table-maintenance")["staged.kept"]["deleted_rows"]
    assert (deleted, kept.names()) == (1, [(2, "a"), (4, "a")])
    # ... and once it was deleted, the files do not bring it back.
    before = kept.snapshots()
    kept.put_kept("b", (6, 11, "c"))
    entry = kept.stage()["kept"]
    assert parts(entry) == ((6, 2, 4, 0, 0, 0, 0) if read == "all" else (1, 0, 1, 0, 0, 0, 0))
    staged = f"glue_catalog.{kept.databases['staged']}.kept"
    assert kept.snapshots()[staged] == before[staged]
    assert kept.stage()["kept"]["files"] == (2 if read == "all" else 0)


def test_everything_is_too_old(kept):
    kept.define_kept()
    kept.put_kept("a", (1, 11, "a"), (2, 400, "a"))
    assert parts(kept.stage()["kept"]) == (2, 0, 2, 0, 0, 0, 0)
    assert parts(kept.stage()["kept"]) == (2, 0, 2, 0, 0, 0, 0)
    assert kept.names() == []


def test_the_ledger_forgets_files_that_were_never_published(kept):
    kept.define_kept(read="new")
    kept.put_kept("published", (1, 0, "a"))
    kept.stage()
    ledger = f"glue_catalog.{kept.databases['quarantine']}.ingested_files"
    main = publish.head(kept.spark, f"glue_catalog.{kept.databases['staged']}.kept")
    # One that only was not confirmed, two that were not published, and one of another pipeline.
    for pipeline, name, snapshot, days in (
        ("flights", "confirmed", main, 8),
        ("flights", "refused", 1, 8),
        ("flights", "young", 1, 6),
        ("others", "refused", 1, 8),
    ):
        kept.spark.sql(
            f"INSERT INTO {ledger} SELECT '{pipeline}', 'kept', '{name}', 1, now(), "
            f"'wr_{name}', {snapshot}, now() - INTERVAL '{days}' DAY, NULL"
        )
    table_maintenance.main(kept._arguments())
    assert kept.report("table-maintenance")["quarantine.ingested_files"]["deleted_rows"] == 1
    left = kept.spark.sql(
        f"SELECT pipeline, run_id, published_at IS NOT NULL FROM {ledger} ORDER BY ALL"
    )
    assert [tuple(row) for row in left.collect()] == [
        ("flights", "wr_1", True),
        ("flights", "wr_confirmed", True),
        ("flights", "wr_young", False),
        ("others", "wr_refused", False),
    ]


def test_optimizers_need_a_role(sales):
    sales.manifest["maintenance"] = {"by": "optimizer"}
    with pytest.raises(JobFailed, match="the job has no --optimizer_role"):
        table_maintenance.main(sales._arguments())
