"""Parquet files: types compared by file, values by row."""

import io
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tarn_jobs.errors import JobFailed
from tarn_jobs.parquet_records import can_become

COLUMNS = {"id": "bigint!", "name": "string!", "price": "double", "amount": "decimal(12,4)"}


def parquet(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def items(ids, **more):
    columns = {
        "id": pa.array(ids, pa.int64()),
        "name": [f"n{i}" for i in ids],
        "price": [float(i or 0) for i in ids],
        "amount": pa.array([Decimal("1.5")] * len(ids), pa.decimal128(12, 4)),
    }
    return parquet(columns | more)


@pytest.fixture
def lake(pipeline):
    pipeline.define("items", COLUMNS, ["id"], format="parquet")
    return pipeline


@pytest.mark.parametrize(
    ("found", "wanted", "can"),
    [
        ("int", "bigint", True),
        ("int", "double", True),
        ("int", "float", False),
        ("bigint", "double", False),
        ("bigint", "int", False),
        ("float", "double", True),
        ("double", "float", False),
        ("int", "decimal(12,2)", True),
        ("int", "decimal(11,2)", False),
        ("decimal(10,2)", "decimal(12,4)", True),
        ("decimal(10,2)", "decimal(11,4)", False),
        ("decimal(10,4)", "decimal(12,2)", False),
        ("timestamp_ntz", "timestamp", True),
        ("timestamp", "date", False),
        ("date", "timestamp", False),
        ("binary", "string", False),
        ("int", "string", False),
        ("array<int>", "string", False),
        ("string", "string", True),
    ],
)
def test_which_types_can_become_which(found, wanted, can):
    assert can_become(found, wanted) is can


def test_types_rows_and_duplicates(pipeline):
    columns = {"id": "bigint", "d": "date", "at": "timestamp", "ok": "boolean", "f": "double"}
    columns |= {"amount": "decimal(12,4)"}
    pipeline.define("items", columns, ["id"], format="parquet")
    moment = datetime(2024, 1, 31, 10, 0, 0, 123456)
    pipeline.put(
        "items/2024/a b%20[1].parquet",
        parquet(
            {  # in another order, with narrower types
                "ok": [True, None],
                "id": pa.array([1, 2], pa.int32()),
                "f": pa.array([1.5, None], pa.float32()),
                "at": pa.array([moment, None], pa.timestamp("us")),
                "d": [date(2024, 1, 31), None],
                "amount": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            }
        ),
    )
    pipeline.put(
        "items/b.parquet",
        parquet(
            {
                "id": pa.array([2, 3, 3], pa.int64()),
                "d": [date(2024, 1, 31)] * 3,
                "at": pa.array([moment] * 3, pa.timestamp("us", tz="UTC")),
                "ok": [False] * 3,
                "f": [2.5, 3.5, 4.5],
                "amount": pa.array([Decimal("2.5")] * 3, pa.decimal128(12, 4)),
            }
        ),
    )
    report = pipeline.stage()["items"]
    assert (report["read"], report["valid"], report["quarantined"]) == (5, 3, 2)
    rows = pipeline.rows("items")
    moments = [
        row[2]
        for row in pipeline.table("items")
        .orderBy("id")
        .selectExpr("id", "d", "date_format(at, 'yyyy-MM-dd HH:mm:ss.SSSSSS')")
        .collect()
    ]
    assert moments == ["2024-01-31 10:00:00.123456", None, "2024-01-31 10:00:00.123456"]
    assert [(r[0], r[1], r[3], r[4], r[5]) for r in rows] == [
        (1, date(2024, 1, 31), True, 1.5, Decimal("1.5000")),
        (2, None, None, None, None),
        (3, date(2024, 1, 31), False, 3.5, Decimal("2.5000")),
    ]
    texts = sorted(pipeline.reasons("items"))
    assert texts[0].startswith('{"id":2,"d":"2024-01-31","at":"2024-01-31T10:00:00.123')
    assert texts[1].startswith('{"id":3,') and '"f":4.5' in texts[1]
    before = pipeline.snapshots()
    assert pipeline.stage()["items"]["unchanged"] == 3
    assert pipeline.snapshots() == before


def test_values_that_do_not_fit(lake):
    lake.put(
        "items/a.parquet",
        items(
            [1, 2, 3, None],
            name=["a", None, "c", "d"],
            price=[float("nan"), 1.0, float("-inf"), None],
        ),
    )
    report = lake.stage()["items"]
    assert (report["read"], report["valid"], report["quarantined"]) == (4, 0, 4)
    assert sorted(lake.reasons("items").values()) == [
        "column name: required, but empty",
        "column price: '-Infinity' is not a double",
        "column price: 'NaN' is not a double",
        "key column id: empty",
    ]
    assert '{"id":2,"name":null,"price":1.0,"amount":1.5000}' in lake.reasons("items")


def test_files_that_are_no_parquet_are_one_record_each(lake):
    whole = items(range(1000))
    lake.put("items/good.parquet", whole)
    lake.put("items/cut.parquet", whole[: len(whole) // 2])
    lake.put("items/no tail.parquet", whole[:-4])
    lake.put("items/footer.parquet", whole[:-60] + b"\xff" * 52 + whole[-8:])
    lake.put("items/text.parquet", "id,name\n1,a\n")
    lake.put("items/empty.parquet", "")
    report = lake.stage()["items"]
    assert (report["files"], report["read"], report["valid"]) == (6, 1005, 1000)
    rejected = {row.source_file.rsplit("/", 1)[1]: row for row in lake.rejected("items")}
    assert sorted(rejected) == [
        "cut.parquet", "empty.parquet", "footer.parquet", "no%20tail.parquet", "text.parquet",
    ]  # fmt: skip
    assert all(row.reason.startswith("not a Parquet file") for row in rejected.values())
    assert rejected["text.parquet"].raw_record == "the whole file, 12 bytes"
    before = lake.snapshots()
    assert lake.stage()["items"]["quarantined"] == 5
    assert lake.snapshots() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"id": ["1"]},
            r"b\.parquet: column id is string, which cannot become bigint without loss",
        ),
        ({"price": pa.array([1], pa.int64())}, "column price is bigint, which cannot become"),
        ({"more": [1]}, r"b\.parquet: columns not expected: more .*evolution.new_columns: ignore"),
    ],
)
def test_another_schema_is_an_error_that_names_file_and_column(lake, change, message):
    lake.put("items/a.parquet", items([1]))
    lake.put("items/b.parquet", items([2], **change))
    with pytest.raises(JobFailed, match=message):
        lake.stage()
    assert not lake.spark.catalog.tableExists(f"glue_catalog.{lake.databases['staged']}.items")


def test_evolution(lake):
    evolution = {"new_columns": "ignore", "missing_columns": "null"}
    lake.define("items", COLUMNS, ["id"], format="parquet", evolution=evolution)
    lake.put("items/a.parquet", items([1], more=[[1, 2]]))
    lake.put("items/b.parquet", parquet({"name": ["b"], "id": pa.array([2], pa.int64())}))
    lake.stage()
    assert lake.rows("items") == [(1, "n1", 1.0, Decimal("1.5000")), (2, "b", None, None)]
    lake.put("items/c.parquet", parquet({"id": pa.array([3], pa.int64())}))
    with pytest.raises(JobFailed, match=r"c\.parquet: columns missing: name, price, amount"):
        lake.stage()
