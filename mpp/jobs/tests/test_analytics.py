"""An analytics table equals its query, after every run."""

import pytest
from tarn_jobs.errors import JobFailed


@pytest.fixture
def sales(pipeline):
    pipeline.define("sales", {"id": "int", "shop": "string", "amount": "int"}, ["id"])
    pipeline.put("sales/a.csv", "id,shop,amount\n1,a,1\n2,a,2\n3,b,3\n4,c,4\n")
    pipeline.manifest["tables"] = [
        {
            "name": "by_shop",
            "sql": "SELECT shop, sum(amount) AS total FROM sales WHERE amount > 0 GROUP BY shop",
            "key": ["shop"],
            "partition_by": [],
        }
    ]
    pipeline.stage()
    pipeline.build_analytics()
    return pipeline


def test_rows_come_change_and_go(sales):
    assert sales.rows("by_shop", "analytics") == [("a", 3), ("b", 3), ("c", 4)]
    sales.put("sales/a.csv", "id,shop,amount\n1,a,1\n2,a,5\n3,b,-3\n4,c,4\n5,d,5\n")
    sales.stage()
    entry = sales.build_analytics()["by_shop"]
    assert sales.rows("by_shop", "analytics") == [("a", 6), ("c", 4), ("d", 5)]
    assert (entry["inserted"], entry["updated"], entry["deleted"], entry["unchanged"]) == (
        1,
        1,
        1,
        1,
    )
    before = sales.snapshots()
    sales.build_analytics()
    assert sales.snapshots() == before


def test_an_empty_result_empties_the_table(sales):
    sales.put("sales/a.csv", "id,shop,amount\n1,a,0\n2,a,0\n3,b,0\n4,c,0\n")
    sales.stage()
    assert sales.build_analytics()["by_shop"]["deleted"] == 3
    assert sales.rows("by_shop", "analytics") == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT shop, id AS total FROM sales", "the result has 2 rows with the key shop=a"),
        ("SELECT string(null) AS shop, 1L AS total", r"key \(shop\) is not complete"),
        ("SELECT amount AS total FROM sales", "key column shop is not in the result"),
        ("SELECT shop, nothing FROM sales", "nothing"),
        ("SELECT shop, 'x' AS total FROM sales WHERE id > 2", "total is bigint and cannot become"),
    ],
)
def test_one_wrong_query_fails_alone(sales, sql, message):
    sales.manifest["tables"][0]["sql"] = sql
    sales.manifest["tables"].append(
        {"name": "shops", "sql": "SELECT DISTINCT shop FROM sales", "key": ["shop"]}
    )
    before = sales.rows("by_shop", "analytics")
    with pytest.raises(JobFailed, match=f"1 of 2 tables failed: by_shop: .*{message}"):
        sales.build_analytics()
    assert sales.rows("by_shop", "analytics") == before
    report = sales.report("staged-to-analytics")
    assert report["shops"]["error"] is None and report["shops"]["rows"] == 3
