"""What goes wrong while a job runs: killed drivers and executors, and two runs at once.

Nothing may be lost and nothing be there twice: the rows of the table, what is in quarantine and
what was superseded are together the records of the files, and each key is there once.

TARN_KILLS=50 kills that many drivers instead of two; TARN_SEED chooses where.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import job_process
import pyspark
import pytest
import raw_to_staged
from tarn_jobs import publish

COLUMNS = {"id": "int!", "name": "string", "version": "int"}
HEADER = "id,name,version\n"
# Long enough for a machine that does many other things.
SECONDS = 600


class Shop:
    """Raw files that grow, and what the table must be once all of them were read."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder = folder
        self.rows = rows
        self.newest: dict[int, tuple[int, str]] = {}
        self.rejected: list[list[str]] = []
        self.files: list[list[str]] = []
        self.records = 0
        (folder / "raw" / "items").mkdir(parents=True)
        columns = [
            {"name": name, "type": kind.rstrip("!"), "required": kind.endswith("!")}
            for name, kind in COLUMNS.items()
        ]
        dataset = {
            "name": "items",
            "source": {"format": "csv", "path": "items/", "options": {}, "read": "new"},
            "columns": columns,
            "key": ["id"],
            "newest_by": "version",
            "partition_by": ["truncate(1000, id)"],
        }
        manifest = {"version": 2, "pipeline": job_process.PIPELINE, "datasets": [dataset]}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def add_file(self) -> None:
        """Add a file with new keys, newer and older versions of old ones, and bad records."""
        number = len(self.files) + 1
        first = (number - 1) * self.rows // 2
        lines = []
        for key in range(first, first + self.rows):
            # An even key gets newer from file to file, an odd one comes late.
            version = number if key % 2 == 0 else 1000 - number
            name = f"{key} of {number}"
            lines.append(f"{key},{name},{version}")
            self.newest[key] = max(self.newest.get(key, (0, "")), (version, name))
        bad = f"x{number},bad,1"
        lines.append(bad)
        self.rejected.append([bad, f"column id: 'x{number}' is not an int"])
        self.records += len(lines)
        name = f"{number:04}.csv"
        self.files.append([name])
        path = self.folder / "raw" / "items" / name
        path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")

    def start(self, run_id: str, master: str = "local[2]") -> subprocess.Popen:
        """Start the job as the leader of a process group of its own."""
        command = [sys.executable, job_process.__file__, str(self.folder), run_id, master]
        log = (self.folder / f"{run_id}.log").open("w")
        environment = os.environ | {"SPARK_HOME": str(self.spark_home())}
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
            start_new_session=True,
        )

    def spark_home(self) -> Path:
        """Return a Spark home in the folder: a local cluster writes to `work` in it."""
        home = self.folder / "spark"
        if not home.exists():
            home.mkdir()
            for path in Path(pyspark.__file__).parent.iterdir():
                (home / path.name).symlink_to(path)
        return home

    def finish(self, process: subprocess.Popen) -> dict:
        """Wait for the job and return what it printed last."""
        output, _ = process.communicate(timeout=SECONDS)
        log = "".join(path.read_text() for path in self.folder.glob("*.log"))
        assert process.returncode == 0, output + log[-3000:]
        return json.loads(output.splitlines()[-1])

    def check(self, found: dict) -> None:
        """Check that the tables are what all files together must give."""
        rows = [[key, name, version] for key, (version, name) in self.newest.items()]
        assert found["rows"] == sorted(rows)
        assert found["rejected"] == sorted(self.rejected)
        assert found["ingested"] == sorted(self.files)
        superseded = self.records - len(found["rows"]) - len(found["rejected"])
        assert superseded == (len(self.files) - 1) * (self.rows // 2)

    def count(self, pattern: str) -> int:
        """Count files of the catalog."""
        return sum(1 for _ in (self.folder / "warehouse").glob(pattern))


# What the driver has just done when it is killed: files of the catalog that appear. A staged
# table gets a metadata file for each of: created, branch made, rows written, main moved to the
# branch, branch dropped.
KILL_AT = {
    "table written": ("shop/items/data/**/*.parquet", 1),
    "table created or branch made": ("shop/items/metadata/v*.metadata.json", 1),
    "rows committed to the branch": ("shop/items/metadata/v*.metadata.json", 2),
    "published": ("shop/items/metadata/v*.metadata.json", 3),
    "branch dropped": ("shop/items/metadata/v*.metadata.json", 4),
    "quarantine written": ("quarantine/rejected_rows/data/**/*.parquet", 1),
    "quarantine committed": ("quarantine/rejected_rows/metadata/v*.metadata.json", 1),
    "ledger written": ("quarantine/ingested_files/data/**/*.parquet", 1),
    "ledger committed": ("quarantine/ingested_files/metadata/v*.metadata.json", 1),
    "ledger confirmed": ("quarantine/ingested_files/metadata/v*.metadata.json", 2),
}


def kill_when(shop: Shop, process: subprocess.Popen, pattern: str, more: int) -> None:
    """Kill driver and JVM as soon as there are so many more files."""
    before = shop.count(pattern)
    until = time.monotonic() + SECONDS
    while process.poll() is None and shop.count(pattern) < before + more:
        assert time.monotonic() < until, "the job neither ended nor came to where it is killed"
        time.sleep(0.002)
    # The group has this job's processes only.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_a_killed_driver_loses_nothing_and_doubles_nothing(tmp_path):
    seed = int(os.environ.get("TARN_SEED") or time.time())
    choice = random.Random(seed)
    shop = Shop(tmp_path, 200)
    places = list(KILL_AT)
    for number in range(int(os.environ.get("TARN_KILLS") or 2)):
        # Each place once before any comes again.
        if number % len(places) == 0:
            choice.shuffle(places)
        place = places[number % len(places)]
        print(f"TARN_SEED={seed}: kill {number + 1} at: {place}", flush=True)
        shop.add_file()
        kill_when(shop, shop.start(f"killed_{number}"), *KILL_AT[place])
    shop.add_file()
    shop.check(shop.finish(shop.start("last")))


def executors(group: int) -> list[int]:
    """Return the processes of a group that are executors of Spark."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
            if b"CoarseGrainedExecutorBackend" in command and os.getpgid(int(path.name)) == group:
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds executors in /proc")
def test_a_killed_executor_loses_nothing_and_doubles_nothing(tmp_path):
    shop = Shop(tmp_path, 5_000)
    shop.add_file()
    shop.add_file()
    process = shop.start("executor", "local-cluster[2,1,1024]")
    try:
        until = time.monotonic() + SECONDS
        while not shop.count("shop/items/data/**/*.parquet"):
            assert process.poll() is None and time.monotonic() < until, "no data was written"
            time.sleep(0.002)
        killed = executors(process.pid)[0]
        os.kill(killed, signal.SIGKILL)
        found = shop.finish(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    shop.check(found)


def test_two_runs_at_once_write_each_row_once(pipeline):
    """Both start at the same moment, three times, over files that the other one sees as well."""
    pipeline.define("items", COLUMNS, ["id"], read="new", newest_by="version")
    keys = 0
    for number in range(1, 4):
        lines = [f"{key},n{number},{number}" for key in range(keys + 50)]
        keys += 50
        pipeline.put(f"items/{number}.csv", HEADER + "\n".join([*lines, f"x{number},bad,1"]) + "\n")
        barrier = Barrier(2)

        def run(name, number=number, barrier=barrier):
            more = {"WORKFLOW_RUN_ID": f"{name}_{number}"}
            arguments = pipeline._arguments(more)
            barrier.wait()
            raw_to_staged.main(arguments)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, ("a", "b")))
        assert pipeline.rows("items") == sorted(
            ((key, f"n{number}", number) for key in range(keys)), key=repr
        )
        bad = [row.raw_record for row in pipeline.rejected("items")]
        assert bad == [f"x{n},bad,1" for n in range(1, number + 1)]
    table = f"glue_catalog.{pipeline.databases['staged']}.items"
    branches = pipeline.spark.sql(f"SELECT name FROM {table}.refs").collect()
    assert [row.name for row in branches] == ["main"]


def test_the_second_of_two_runs_is_told_that_main_has_moved(pipeline):
    pipeline.define("items", COLUMNS, ["id"])
    pipeline.put("items/a.csv", HEADER + "1,a,1\n")
    spark = pipeline.spark
    table = f"glue_catalog.`{pipeline.databases['staged']}`.`items`"
    pipeline.stage()
    base = publish.head(spark, table)
    row = spark.createDataFrame([(2, "b", 1)], "id int, name string, version int")
    for branch in ("tarn_first", "tarn_second"):
        row.writeTo(publish.open_branch(spark, table, branch, base)).append()
    publish.publish(spark, table, "tarn_first")
    with pytest.raises(publish.Moved, match="another run has published"):
        publish.publish(spark, table, "tarn_second")
    with pytest.raises(publish.Moved, match="another run has published"):
        publish.open_branch(spark, table, "tarn_third", base)
    assert pipeline.rows("items") == [(1, "a", 1), (2, "b", 1)]
    # The run that lost starts over under the same name.
    target = publish.open_branch(spark, table, "tarn_second", publish.head(spark, table))
    assert spark.table(target).count() == 2
    publish.drop_branch(spark, table, "tarn_second")
    assert publish.head(spark, table, "tarn_third") is None


def test_the_first_of_all_runs_at_once(pipeline):
    """Without any snapshot there is nothing to compare main with but its absence."""
    spark = pipeline.spark
    table = f"glue_catalog.`{pipeline.databases['staged']}`.`items`"
    spark.sql(f"CREATE TABLE {table} (id int) USING iceberg LOCATION '{pipeline.folder}/items'")
    for branch in ("tarn_first", "tarn_second"):
        target = publish.open_branch(spark, table, branch, None)
        spark.sql(f"INSERT INTO {target} VALUES (1)")
    publish.publish(spark, table, "tarn_second")
    with pytest.raises(publish.Moved):
        publish.publish(spark, table, "tarn_first")
    with pytest.raises(publish.Moved):
        publish.open_branch(spark, table, "tarn_first", None)
    assert pipeline.rows("items") == [(1,)]
