"""The deployed pipeline over real data, compared with DuckDB over the same files."""

import pytest
from conftest import SAMPLE
from expected_analytics import ANALYTICS_KEYS, expected, plain


def test_staged_tables_hold_every_record(sample):
    report = sample.report("raw-to-staged")
    assert {name: entry["total"] for name, entry in report.items()} == expected(SAMPLE)["staged"]
    for entry in report.values():
        assert entry["read"] == entry["valid"] == entry["inserted"]
        assert entry["quarantined"] == 0 and entry["error"] is None
    document = sample.document("raw-to-staged")
    assert document["ok"] and document["job_run_id"] == "jr_1"


@pytest.mark.parametrize("table", ANALYTICS_KEYS)
def test_analytics_table_equals_duckdb(sample, table):
    rows = [
        {name: plain(value) for name, value in row.asDict().items()}
        for row in sample.table(table, "analytics").collect()
    ]
    rows.sort(key=lambda row: [row[name] for name in ANALYTICS_KEYS[table]])
    assert rows == expected(SAMPLE)["analytics"][table]
    assert sample.report("staged-to-analytics")[table]["rows"] == len(rows) > 1


def test_sample_has_the_rough_edges(sample):
    """The comparison above says something only if the hard cases are in the sample."""
    assert sample.table("flights").where("dep_time IS NULL").count() > 10
    assert sample.table("worst_routes", "analytics").where("dest_name IS NULL").count() == 0
    assert sample.table("flights").where("dest = 'SJU'").count() > 10
    assert sample.table("weather").where("wind_speed > 1000").count() == 1
    assert sample.table("airports").where("faa = 'S46'").head()["name"] == (
        "Port O\\\\'Connor Airfield"
    )


def test_tables_are_iceberg_v2_with_their_partitions(sample):
    staged = sample.databases["staged"]
    created = sample.spark.sql(f"SHOW CREATE TABLE glue_catalog.{staged}.flights").head()[0]
    assert "PARTITIONED BY (months(time_hour))" in created
    assert "'format-version' = '2'" in created
    assert "'write.parquet.compression-codec' = 'zstd'" in created
    assert f"{sample.folder}/staged/flights/flights'" in created
    partitions = sample.spark.sql(f"SELECT * FROM glue_catalog.{staged}.flights.partitions")
    assert partitions.count() == 2


def test_second_run_changes_nothing(sample):
    before = sample.snapshots()
    staged = sample.stage()
    analytics = sample.build_analytics()
    assert sample.snapshots() == before
    assert len(before) == 9
    for entry in [*staged.values(), *analytics.values()]:
        assert (entry["inserted"], entry["updated"], entry["deleted"]) == (0, 0, 0)
        assert entry["unchanged"] == entry["total"]
