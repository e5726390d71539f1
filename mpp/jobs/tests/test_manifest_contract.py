"""The manifest as the deployment writes it is what the jobs read: pkg/dataset has the same file."""

import json
from pathlib import Path

from tarn_jobs import manifest
from tarn_jobs.manifest import Column, Incremental, Maintenance, Retention, Source

GOLDEN = Path(__file__).parents[3] / "pkg" / "dataset" / "testdata" / "manifest.json"


def test_every_field_arrives() -> None:
    read = manifest.parse(json.loads(GOLDEN.read_text("utf-8")))
    assert (read.pipeline, read.domain) == ("sales", "shop")
    (orders,) = read.datasets
    assert orders.source == Source(
        "sales/orders", "NA", ";", format="csv", read="new", dates="dt=%Y-%m-%d"
    )
    assert orders.columns[1] == Column("price", "decimal(10,2)", False)
    assert orders.columns[0].required
    assert (orders.key, orders.newest_by) == (("id",), "changed")
    assert orders.partition_by == ("months(changed)",)
    assert orders.ignore_new_columns
    assert orders.null_missing_columns
    assert orders.retention == Retention("changed", 30)
    assert (orders.quality, orders.freshness_hours) == ("orders", 26)
    assert orders.classification == "internal"
    (totals,) = read.tables
    assert totals.sql == "SELECT 1"
    assert (totals.key, totals.partition_by) == (("day",), ("months(day)",))
    assert totals.incremental == Incremental("orders", "to_date(changed)", "day")
    assert read.maintenance == Maintenance(
        by="job", snapshot_days=7, orphan_days=3, target_file_mb=128
    )
    assert [rule["type"] for rule in read.rulesets["orders"]["rules"]] == ["IsComplete"]
