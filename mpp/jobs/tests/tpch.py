"""The lake of examples/tpch for tests: its files, its data, and what DuckDB makes of both.

As a program it generates data, and compares what `tarn run tpch --json` has printed with DuckDB.
"""

import json
import math
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml

LAKE = Path(__file__).resolve().parents[3] / "examples" / "tpch"
DATASETS = {path.stem: yaml.safe_load(path.read_text()) for path in LAKE.glob("datasets/*.yaml")}
TABLES = {path.stem: yaml.safe_load(path.read_text()) for path in LAKE.glob("analytics/*.yaml")}


def sql_of(table: str) -> str:
    """Return the query of an analytics table."""
    return (LAKE / "analytics" / f"{table}.sql").read_text()


def manifest() -> dict[str, Any]:
    """Return the pipeline as the deployment renders it, without rules: DQDL is parsed in Go."""
    datasets = [
        {name: value for name, value in DATASETS[dataset].items() if name != "quality"}
        for dataset in sorted(DATASETS)
    ]
    tables = [TABLES[table] | {"sql": sql_of(table)} for table in sorted(TABLES)]
    return {"version": 2, "pipeline": "tpch", "datasets": datasets, "tables": tables}


def generate(raw: Path, scale: str) -> None:
    """Fill a raw zone: each table in the format its data set has."""
    generator = Path(sys.executable).parent / "tpchgen-cli"
    if not generator.exists():
        sys.exit(f"there is no {generator}: `tarn doctor --fix` makes the Python environment")
    with tempfile.TemporaryDirectory() as folder:
        for form in ("csv", "parquet"):
            wanted = [name for name, entry in DATASETS.items() if entry["source"]["format"] == form]
            command = [generator, form, "--quiet", "-s", scale, "-o", folder]
            subprocess.run([*command, "-T", ",".join(wanted)], check=True)
            for name in wanted:
                target = raw / DATASETS[name]["source"]["path"]
                target.mkdir(parents=True)
                shutil.move(Path(folder) / f"{name}.{form}", target)


def connect(raw: Path) -> duckdb.DuckDBPyConnection:
    """Return DuckDB with the raw files as tables, and the tables that queries read as views."""
    connection = duckdb.connect()
    for name, entry in DATASETS.items():
        files = f"{raw}/{entry['source']['path']}*"
        types = ", ".join(f"'{c['name']}': '{c['type']}'" for c in entry["columns"])
        source = f"read_parquet('{files}')"
        if entry["source"]["format"] == "csv":
            source = f"read_csv('{files}', header = true, columns = {{{types}}}, quote = '\"')"
        connection.execute(f"CREATE TABLE {name} AS FROM {source}")
    connection.execute(
        f"CREATE VIEW q15_supplier_revenue AS {sql_of('q15_supplier_revenue').rstrip()}"
    )
    return connection


def in_order(row: tuple[Any, ...]) -> list[str]:
    """Return what rows are sorted by: not by floating point, whose last digit may differ."""
    return [
        format(Decimal(value).normalize(), "f") if isinstance(value, int | Decimal) else str(value)
        for value in row
        if not isinstance(value, float)
    ]


def same(one: Any, other: Any) -> bool:
    """Compare exactly, except for floating point."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other


def typed(text: str | None, example: Any) -> Any:
    """Read a value that Athena gave as text as what DuckDB has in its place."""
    if text is None or example is None:
        return text
    if isinstance(example, date):
        return date.fromisoformat(text)
    return type(example)(text)


def differences(raw: Path, answers: dict[str, Any]) -> list[str]:
    """Compare the tables that a run has shown, all their rows, with DuckDB."""
    oracle = connect(raw)
    problems = [f"{name} was not shown" for name in sorted(set(TABLES) - set(answers))]
    for name, answer in sorted(answers.items()):
        expected = sorted(oracle.execute(sql_of(name)).fetchall(), key=in_order)
        columns = [column[0] for column in oracle.description]
        if answer["columns"] != columns or len(answer["rows"]) != len(expected):
            problems.append(f"{name}: {len(answer['rows'])} rows, DuckDB has {len(expected)}")
            continue
        example = [
            next((row[i] for row in expected if row[i] is not None), None)
            for i in range(len(columns))
        ]
        rows = [tuple(map(typed, row, example)) for row in answer["rows"]]
        for row, wanted in zip(sorted(rows, key=in_order), expected, strict=True):
            if not all(map(same, row, wanted)):
                problems.append(f"{name}: {row}, DuckDB has {wanted}")
                break
    return problems


if __name__ == "__main__":
    if sys.argv[1] == "generate":
        generate(Path(sys.argv[2]), sys.argv[3])
    else:
        report = json.loads(Path(sys.argv[3]).read_text())
        if found := differences(Path(sys.argv[2]), report["answers"]):
            sys.exit("\n".join(found))
