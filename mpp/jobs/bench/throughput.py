"""Measures rows per second and peak memory of Tarn's jobs, beside what one would write by hand.

Two loads: the first one of a CSV file into an empty table, and a merge of the same file, in which
one row in twenty has changed and one in twenty is new. Three contenders do both on the same files
and end with the same rows: Tarn's raw-to-staged job, plain PySpark writing Iceberg, and DuckDB
with a table of its own. Each load is a process of its own; its memory is that of all processes
below it. `make bench` runs it; --rows and --contender choose.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

JOBS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(JOBS), str(JOBS / "tests"), str(JOBS / "bench")]

CONTENDERS = ("tarn", "pyspark", "duckdb")
LOADS = ("load", "merge")
_MEMORY = os.environ.get("TARN_BENCH_SPARK_MEMORY", "6g")


def main() -> None:
    """Run every contender over every size and print the table, last as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="1000000,5000000,20000000", help="sizes, with commas")
    parser.add_argument("--contender", choices=CONTENDERS, action="append")
    chosen = parser.parse_args()
    results = []
    for rows in (int(size) for size in chosen.rows.split(",")):
        with tempfile.TemporaryDirectory(prefix="tarn-bench-") as folder:
            generate(Path(folder), rows)
            answers = {}
            for contender in chosen.contender or CONTENDERS:
                for load in LOADS:
                    result = measure(contender, load, rows, Path(folder))
                    results.append(result)
                    show(result)
                    answers.setdefault(load, {})[contender] = result["answer"]
            for load, answer in answers.items():
                if len(set(answer.values())) != 1:
                    sys.exit(f"{load} of {rows:,} rows: the contenders disagree: {answer}")
    print(json.dumps(results))


def generate(folder: Path, rows: int) -> None:
    """Write the two versions of the file; DuckDB makes both from the row number."""
    import duckdb

    for load, first, changed in (("load", 0, "0"), ("merge", rows // 20, "i % 20 = 0")):
        target = folder / load / "orders" / "orders.csv"
        target.parent.mkdir(parents=True)
        duckdb.sql(f"""
            COPY (
              SELECT i AS id, i % 100003 AS customer,
                CASE WHEN {changed} THEN 'changed' ELSE ['new', 'paid', 'sent'][1 + i % 3] END
                  AS state,
                CAST((i * 7919 % 1000000) / 100 AS DECIMAL(10, 2)) AS amount,
                CAST(i % 5 = 0 AS INT) AS express,
                strftime(TIMESTAMP '2024-01-01' + INTERVAL (i % 31536000) SECOND,
                  '%Y-%m-%d %H:%M:%S') AS ordered_at,
                'order number ' || i AS note
              FROM range({first}, {first + rows}) AS numbers(i)
            ) TO '{target}' (HEADER, DELIMITER ',')""")


COLUMNS = {
    "id": "bigint",
    "customer": "bigint",
    "state": "string",
    "amount": "decimal(10,2)",
    "express": "int",
    "ordered_at": "timestamp",
    "note": "string",
}


def measure(contender: str, load: str, rows: int, folder: Path) -> dict:
    """Run one load in a process of its own."""
    command = [sys.executable, str(JOBS / "bench" / "contender.py"), contender, load, str(folder)]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(JOBS), str(JOBS / "tests"), str(JOBS / "bench")]),
        "TARN_BENCH_SPARK_MEMORY": _MEMORY,
    }
    with (folder / f"{contender}-{load}.log").open("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment)
        peak = Peak(process.pid)
        out = process.communicate()[0].decode()
        memory = peak.stop()
        if process.returncode:
            log.seek(0)
            sys.exit(f"{contender} {load} failed:\n{out[-2000:]}\n{log.read()[-4000:]}")
    answer = json.loads(out.splitlines()[-1])
    return {
        "contender": contender,
        "load": load,
        "rows": rows,
        "seconds": round(answer["seconds"], 1),
        "rows_per_second": round(rows / answer["seconds"]),
        "peak_mb": round(memory / 1e6),
        "answer": answer["answer"],
    }


class Peak:
    """The most memory that a process and all those below it held at one time."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        """Return the peak in bytes."""
        self._done.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self._most = max(self._most, sum(_memory(pid) for pid in _family(self._pid)))


def _family(pid: int) -> list[int]:
    family = [pid]
    for one in family:  # grows while it is walked
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                family.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue  # it has just ended
    return family


def _memory(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def show(result: dict) -> None:
    """Print one result."""
    print(
        f"{result['rows']:>12,} rows  {result['load']:<6} {result['contender']:<8} "
        f"{result['seconds']:>8.1f} s  {result['rows_per_second']:>10,} rows/s  "
        f"{result['peak_mb']:>7,} MB",
        flush=True,
    )


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"all: {time.monotonic() - began:.0f} s", file=sys.stderr)
