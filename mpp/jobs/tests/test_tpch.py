"""The lake of examples/tpch, added by files alone, gives what DuckDB gives over the same files."""

import math
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import JOBS
from pipeline import Pipeline

LAKE = JOBS.parent.parent / "examples" / "tpch"
# The smallest at which every query has a result.
SCALE = "0.02"

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


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """The raw zone: each table in the format its data set has."""
    generator = Path(sys.executable).parent / "tpchgen-cli"
    if not generator.exists():
        pytest.fail(f"there is no {generator}: `tarn doctor --fix` makes the Python environment")
    folder = tmp_path_factory.mktemp("tpch")
    for form in ("csv", "parquet"):
        wanted = [name for name, entry in DATASETS.items() if entry["source"]["format"] == form]
        output = folder / form
        command = [generator, form, "--quiet", "-s", SCALE, "-o", output, "-T", ",".join(wanted)]
        subprocess.run(command, check=True)
        for name in wanted:
            target = folder / "raw" / DATASETS[name]["source"]["path"]
            target.mkdir(parents=True)
            shutil.move(output / f"{name}.{form}", target)
    return folder / "raw"


@pytest.fixture(scope="session")
def lake(spark, raw) -> Pipeline:
    """The pipeline after one run."""
    lake = Pipeline(spark, raw.parent, manifest())
    lake.stage()
    lake.build_analytics()
    return lake


@pytest.fixture(scope="session")
def oracle(raw) -> duckdb.DuckDBPyConnection:
    """DuckDB with the raw files as tables, and the tables that queries read as views."""
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


def test_the_lake_is_of_another_shape():
    assert len(DATASETS) == 8
    assert {entry["source"]["format"] for entry in DATASETS.values()} == {"csv", "parquet"}
    assert {name[:3] for name in TABLES} == {f"q{number:02}" for number in range(1, 23)}


def test_every_record_is_staged(lake):
    for name, entry in lake.report("raw-to-staged").items():
        assert entry["read"] == entry["valid"] == entry["total"] > 0, name
        assert entry["quarantined"] == 0, name


@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_a_staged_table_equals_its_files(lake, oracle, dataset, tmp_path):
    lake.table(dataset).write.parquet(str(tmp_path / "staged"))
    columns = ", ".join(column["name"] for column in DATASETS[dataset]["columns"])
    staged = f"SELECT {columns} FROM read_parquet('{tmp_path}/staged/*.parquet')"
    raw = f"SELECT {columns} FROM {dataset}"
    for one, other in ((staged, raw), (raw, staged)):
        assert oracle.execute(f"{one} EXCEPT ALL {other} LIMIT 3").fetchall() == []
    types = {column["name"]: column["type"] for column in DATASETS[dataset]["columns"]}
    assert dict(lake.table(dataset).dtypes) == types


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_query_equals_duckdb(lake, oracle, table):
    oracle.execute(sql_of(table))
    columns = [column[0] for column in oracle.description]
    expected = oracle.fetchall()
    found = lake.table(table, "analytics")
    assert found.columns == columns
    rows = [tuple(row) for row in found.collect()]
    assert len(rows) == len(expected) > 0
    for row, wanted in zip(sorted(rows, key=in_order), sorted(expected, key=in_order), strict=True):
        assert all(map(same, row, wanted)), (row, wanted)
    assert any(value is not None for value in rows[0])


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


def test_a_second_run_has_nothing_to_do(lake):
    before = lake.snapshots()
    assert {entry["build"] for entry in lake.build_analytics().values()} == {"unchanged"}
    assert lake.snapshots() == before
