"""Tables that read other tables, tables without a key, and runs that have nothing to do."""

import pytest
from tarn_jobs.errors import JobFailed

SALES = {"id": "int", "shop": "string", "amount": "int"}
BY_SHOP = "SELECT shop, sum(amount) AS total FROM sales GROUP BY shop"


def table(name, sql, key=(), **more):
    return {"name": name, "sql": sql, "key": list(key), "partition_by": [], **more}


@pytest.fixture
def sales(pipeline):
    pipeline.define("sales", SALES, ["id"])
    pipeline.put("sales/a.csv", "id,shop,amount\n1,a,1\n2,a,2\n3,b,3\n4,c,4\n")
    pipeline.stage()
    return pipeline


def builds(pipeline):
    return {name: entry["build"] for name, entry in pipeline.build_analytics().items()}


def next_run(pipeline):
    pipeline.runs += 1
    return builds(pipeline)


def test_a_table_reads_another_one_by_its_bare_name(sales):
    sales.manifest["tables"] = [
        # Before those it reads, once in a subquery.
        table(
            "top",
            "SELECT shop FROM by_shop WHERE total = (SELECT max(total) FROM by_shop)"
            " AND shop NOT IN (SELECT shop FROM closed)",
            ["shop"],
        ),
        table("by_shop", BY_SHOP, ["shop"]),
        # What a query itself defines is not a table, nor is what stands in a comment or text.
        table(
            "closed",
            "WITH top AS (SELECT shop FROM sales) /* FROM by_shop */"
            " SELECT shop, 'FROM by_shop' AS note FROM top WHERE shop = 'a' GROUP BY shop",
            ["shop"],
        ),
    ]
    assert builds(sales) == {"top": "full", "by_shop": "full", "closed": "full"}
    assert sales.rows("by_shop", "analytics") == [("a", 3), ("b", 3), ("c", 4)]
    assert sales.rows("top", "analytics") == [("c",)]

    before = sales.snapshots()
    assert set(next_run(sales).values()) == {"unchanged"}
    assert sales.snapshots() == before

    sales.put("sales/a.csv", "id,shop,amount\n1,a,1\n2,a,2\n3,b,9\n4,c,4\n")
    sales.stage()
    assert builds(sales) == {"top": "full", "by_shop": "full", "closed": "full"}
    assert sales.rows("top", "analytics") == [("b",)]


def test_a_staged_table_wins_over_a_table_of_the_same_name(sales):
    sales.manifest["tables"] = [
        table("sales", "SELECT id, 'analytics' AS shop, amount FROM sales", ["id"]),
        table("shops", "SELECT DISTINCT shop FROM sales", ["shop"]),
    ]
    builds(sales)
    assert sales.rows("shops", "analytics") == [("a",), ("b",), ("c",)]
    assert len(sales.rows("sales", "analytics")) == 4


def test_tables_that_read_each_other_fail_and_the_others_do_not(sales):
    sales.manifest["tables"] = [
        table("a", "SELECT * FROM b", ["shop"]),
        table("b", "SELECT * FROM c", ["shop"]),
        table("c", "SELECT * FROM a", ["shop"]),
        table("d", "SELECT * FROM d", ["shop"]),
        table("shops", "SELECT DISTINCT shop FROM sales", ["shop"]),
    ]
    with pytest.raises(JobFailed, match="4 of 5 tables failed") as failed:
        sales.build_analytics()
    assert "a: tables read each other: a reads b reads c reads a" in str(failed.value)
    assert "d: tables read each other: d reads d" in str(failed.value)
    assert len(sales.rows("shops", "analytics")) == 3


def test_what_reads_a_failed_table_is_not_built(sales):
    sales.manifest["tables"] = [
        table("by_shop", BY_SHOP, ["shop"]),
        table("top", "SELECT max(total) AS total FROM by_shop"),
        table("over", "SELECT total FROM top"),
    ]
    sales.build_analytics()
    before = sales.rows("top", "analytics")
    # Fails when it is understood, and when it is built.
    for wrong in ("SELECT nothing FROM sales", "SELECT 'a' AS shop, amount AS total FROM sales"):
        sales.put("sales/a.csv", "id,shop,amount\n1,a,100\n")
        sales.stage()
        sales.manifest["tables"][0]["sql"] = wrong
        with pytest.raises(JobFailed, match="3 of 3 tables failed"):
            sales.build_analytics()
        report = sales.report("staged-to-analytics")
        assert report["top"]["error"] == "it reads by_shop, which failed"
        assert report["over"]["error"] == "it reads top, which failed"
    assert sales.rows("top", "analytics") == before


def test_without_a_key_a_table_is_replaced_when_it_differs(sales):
    sales.manifest["tables"] = [table("amounts", "SELECT shop, amount % 2 AS odd FROM sales")]
    entry = sales.build_analytics()["amounts"]
    assert (entry["inserted"], entry["total"], entry["build"]) == (4, 4, "full")

    # Another order of the same rows, and rows that are there twice: [a0 a1 b1 c0] stays.
    before = sales.snapshots()
    sales.put("sales/a.csv", "id,shop,amount\n4,a,1\n3,a,2\n2,b,3\n1,c,4\n")
    sales.stage()
    entry = sales.build_analytics()["amounts"]
    assert (entry["build"], entry["unchanged"], entry["total"]) == ("full", 4, 4)
    name = next(name for name in before if name.endswith(".amounts"))
    assert sales.snapshots()[name] == before[name]

    # One more of a row that is there already.
    sales.put("sales/b.csv", "id,shop,amount\n5,b,3\n")
    sales.stage()
    entry = sales.build_analytics()["amounts"]
    assert (entry["inserted"], entry["deleted"], entry["total"]) == (1, 0, 5)
    assert sales.rows("amounts", "analytics").count(("b", 1)) == 2

    # One instead of another.
    sales.put("sales/b.csv", "id,shop,amount\n5,c,4\n")
    sales.stage()
    entry = sales.build_analytics()["amounts"]
    assert (entry["inserted"], entry["deleted"], entry["total"]) == (1, 1, 5)
    assert sales.rows("amounts", "analytics").count(("c", 0)) == 2
    assert sales.rows("amounts", "analytics").count(("b", 1)) == 1


def test_a_build_is_remembered_only_while_it_holds(sales):
    by_shop = table("by_shop", BY_SHOP, ["shop"])
    today = table("today", "SELECT current_date() AS day, count(*) AS sales FROM sales")
    sales.manifest["tables"] = [by_shop, today]
    builds(sales)
    # The day is not in the snapshots of the sources.
    assert next_run(sales) == {"by_shop": "unchanged", "today": "full"}

    # Somebody else writes into the table: it is put right again.
    name = f"glue_catalog.{sales.databases['analytics']}.by_shop"
    sales.spark.sql(f"UPDATE {name} SET total = 0 WHERE shop = 'a'")
    assert next_run(sales)["by_shop"] == "full"
    assert sales.rows("by_shop", "analytics") == [("a", 3), ("b", 3), ("c", 4)]

    # Compaction writes, too, and changes nothing.
    sales.spark.sql(
        "CALL glue_catalog.system.rewrite_data_files(table => "
        f"'{sales.databases['analytics']}.by_shop', options => map('rewrite-all', 'true'))"
    )
    assert next_run(sales)["by_shop"] == "unchanged"

    by_shop["sql"] += " HAVING sum(amount) > 3"
    assert next_run(sales)["by_shop"] == "full"
    assert sales.rows("by_shop", "analytics") == [("c", 4)]

    # A new column of the source is one of the table's, too, without a new snapshot.
    sales.manifest["tables"] = [table("copy", "SELECT * FROM sales", ["id"])]
    assert next_run(sales) == {"copy": "full"}
    sales.spark.sql(
        f"ALTER TABLE glue_catalog.{sales.databases['staged']}.sales ADD COLUMN more string"
    )
    assert next_run(sales) == {"copy": "full"}
    assert "more" in sales.table("copy", "analytics").columns
    assert next_run(sales) == {"copy": "unchanged"}


def test_no_branch_and_no_view_is_left(sales):
    sales.manifest["tables"] = [
        table("by_shop", BY_SHOP, ["shop"]),
        table("totals", "SELECT total FROM by_shop"),
    ]
    builds(sales)
    for name in ("by_shop", "totals"):
        refs = sales.spark.sql(
            f"SELECT name FROM glue_catalog.{sales.databases['analytics']}.{name}.refs"
        ).collect()
        assert [row[0] for row in refs] == ["main"]
    assert not sales.spark.catalog.tableExists("by_shop")
