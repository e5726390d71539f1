"""The lake of examples/tpch, added by files alone, gives what DuckDB gives over the same files."""

from pathlib import Path

import duckdb
import pytest
import tpch
from pipeline import Pipeline
from tpch import DATASETS, TABLES

# The smallest at which every query has a result.
SCALE = "0.02"


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """The raw zone: each table in the format its data set has."""
    folder = tmp_path_factory.mktemp("tpch")
    tpch.generate(folder / "raw", SCALE)
    return folder / "raw"


@pytest.fixture(scope="session")
def lake(spark, raw) -> Pipeline:
    """The pipeline after one run."""
    lake = Pipeline(spark, raw.parent, tpch.manifest())
    lake.stage()
    lake.build_analytics()
    return lake


@pytest.fixture(scope="session")
def oracle(raw) -> duckdb.DuckDBPyConnection:
    """DuckDB with the raw files as tables."""
    return tpch.connect(raw)


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
    oracle.execute(tpch.sql_of(table))
    columns = [column[0] for column in oracle.description]
    expected = oracle.fetchall()
    found = lake.table(table, "analytics")
    assert found.columns == columns
    rows = [tuple(row) for row in found.collect()]
    assert len(rows) == len(expected) > 0
    for row, wanted in zip(
        sorted(rows, key=tpch.in_order), sorted(expected, key=tpch.in_order), strict=True
    ):
        assert all(map(tpch.same, row, wanted)), (row, wanted)
    assert any(value is not None for value in rows[0])


def test_a_second_run_has_nothing_to_do(lake):
    before = lake.snapshots()
    assert {entry["build"] for entry in lake.build_analytics().values()} == {"unchanged"}
    assert lake.snapshots() == before
