"""A table that is built in parts equals the same table built whole."""

import random
from datetime import date, timedelta

import pytest
from tarn_jobs.errors import JobFailed

ORDERS = {"id": "int", "day": "date", "shop": "string", "amount": "int"}
DAILY = (
    "SELECT o.day, s.region, sum(o.amount) AS total, count(*) AS orders "
    "FROM orders o LEFT JOIN shops s ON s.shop = o.shop "
    "WHERE o.amount > 0 GROUP BY o.day, s.region"
)


def daily(name, incremental=True, key=("day", "region"), sql=DAILY):
    entry = {"name": name, "sql": sql, "key": list(key), "partition_by": []}
    if incremental:
        entry["incremental"] = {"source": "orders", "changed": "day", "column": "day"}
    return entry


@pytest.fixture
def shop(pipeline):
    pipeline.define("orders", ORDERS, ["id"], partition_by=["months(day)"])
    pipeline.define("shops", {"shop": "string", "region": "string"}, ["shop"])
    pipeline.put("shops/a.csv", "shop,region\na,north\nb,south\n")
    pipeline.put(
        "orders/a.csv",
        "id,day,shop,amount\n1,2013-01-01,a,1\n2,2013-01-01,b,2\n"
        "3,2013-01-02,a,3\n4,2013-02-01,b,4\n",
    )
    # A null in a key is refused, so the region is one of the group only.
    sql = DAILY.replace("s.region", "coalesce(s.region, 'none')", 1)
    sql = sql.replace("'none')", "'none') AS region")
    pipeline.manifest["tables"] = [daily("daily", sql=sql)]
    pipeline.stage()
    assert pipeline.build_analytics()["daily"]["build"] == "full"
    return pipeline


def run(pipeline, name="daily"):
    pipeline.runs += 1
    return pipeline.build_analytics()[name]


def staged(pipeline, table="orders"):
    return f"glue_catalog.{pipeline.databases['staged']}.{table}"


def test_only_what_changed_is_built(shop):
    shop.put("orders/b.csv", "id,day,shop,amount\n5,2013-01-02,b,5\n6,2013-03-01,a,6\n")
    shop.stage()
    entry = shop.build_analytics()["daily"]
    assert entry["build"] == "incremental"
    assert (entry["inserted"], entry["updated"], entry["deleted"], entry["rows"]) == (2, 0, 0, 6)
    assert run(shop)["build"] == "unchanged"

    # A row that moves to another day changes both.
    shop.spark.sql(f"UPDATE {staged(shop)} SET day = DATE '2013-01-01' WHERE id = 6")
    entry = run(shop)
    assert entry["build"] == "incremental"
    assert (entry["inserted"], entry["updated"], entry["deleted"]) == (0, 1, 1)

    shop.spark.sql(f"DELETE FROM {staged(shop)} WHERE id = 4")
    entry = run(shop)
    assert (entry["build"], entry["deleted"]) == ("incremental", 1)


def test_compaction_of_the_source_changes_nothing(shop):
    shop.spark.sql(
        "CALL glue_catalog.system.rewrite_data_files(table => "
        f"'{shop.databases['staged']}.orders', options => map('rewrite-all', 'true'))"
    )
    entry = run(shop)
    assert (entry["build"], entry["unchanged"]) == ("unchanged", entry["rows"])
    # What comes after it is still found.
    shop.spark.sql(f"UPDATE {staged(shop)} SET amount = 9 WHERE id = 3")
    entry = run(shop)
    assert (entry["build"], entry["updated"]) == ("incremental", 1)


@pytest.mark.parametrize("change", ["other source", "query", "expired", "deletions", "table"])
def test_a_full_build_when_the_changes_do_not_say_all(shop, change):
    shop.spark.sql(f"UPDATE {staged(shop)} SET amount = 8 WHERE id = 1")
    if change == "other source":
        shop.spark.sql(f"UPDATE {staged(shop, 'shops')} SET region = 'west' WHERE shop = 'b'")
    elif change == "query":
        shop.manifest["tables"][0]["sql"] += " HAVING count(*) > 0"
    elif change == "expired":
        shop.spark.sql(
            "CALL glue_catalog.system.expire_snapshots(table => "
            f"'{shop.databases['staged']}.orders', "
            "older_than => TIMESTAMP '2999-01-01 00:00:00', retain_last => 1)"
        )
    elif change == "deletions":
        shop.spark.sql(
            f"ALTER TABLE {staged(shop)} SET TBLPROPERTIES ('write.delete.mode'='merge-on-read')"
        )
        # Two rows of one file, of which one goes: a file of deletions, not another data file.
        shop.spark.sql(f"DELETE FROM {staged(shop)} WHERE id = 2")
    else:
        name = f"glue_catalog.{shop.databases['analytics']}.daily"
        shop.spark.sql(f"DELETE FROM {name} WHERE day = DATE '2013-02-01'")
    assert run(shop)["build"] == "full"
    rows = shop.rows("daily", "analytics")
    first = sum(total for day, _, total, _ in rows if day == date(2013, 1, 1))
    assert first == (8 if change == "deletions" else 10)
    assert date(2013, 2, 1) in {row[0] for row in rows}
    assert run(shop)["build"] == "unchanged"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"column": "region"}, r"incremental.changed 'day' is date, but region is string"),
        ({"column": "week"}, "incremental.column week is not in the result"),
        ({"column": "total"}, "incremental.column total must be one of the key's columns"),
        ({"source": "weather"}, "incremental.source: the query does not read"),
        ({"changed": "nothing"}, "incremental.changed 'nothing': .*nothing"),
        ({"changed": "date_add(day, 1)"}, "with day = 2013-01-01 come from rows of orders for"),
    ],
)
def test_a_wrong_definition_is_named(shop, wrong, message):
    shop.manifest["tables"][0]["incremental"] |= wrong
    before = shop.rows("daily", "analytics")
    shop.spark.sql(f"UPDATE {staged(shop)} SET amount = 8 WHERE id = 1")
    with pytest.raises(JobFailed, match=message):
        run(shop)
    assert shop.rows("daily", "analytics") == before


def test_a_source_named_with_its_database_cannot_be_read_in_part(shop):
    definition = shop.manifest["tables"][0]
    definition["sql"] = definition["sql"].replace(
        "FROM orders", f"FROM {shop.databases['staged']}.orders"
    )
    assert run(shop)["build"] == "full"
    shop.spark.sql(f"UPDATE {staged(shop)} SET amount = 8 WHERE id = 1")
    with pytest.raises(JobFailed, match="the query of daily names orders with a database"):
        run(shop)


def test_random_changes_give_what_a_full_build_gives(shop):
    """One query three times: in parts with a key, in parts without, and whole."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    # Rows whose day is missing, too: null is a value like any other.
    shop.spark.sql(f"INSERT INTO {staged(shop)} VALUES (100, NULL, 'a', 1)")
    keyed = shop.manifest["tables"][0]["sql"].replace("WHERE", "WHERE o.day IS NOT NULL AND")
    shop.manifest["tables"] = [
        daily("daily", sql=keyed),
        daily("parts", key=(), sql=DAILY) | {"partition_by": ["months(day)"]},
        daily("whole", incremental=False, key=(), sql=DAILY),
    ]
    run(shop)
    seen = set()
    for step in range(5):
        _change(shop, chance)
        shop.runs += 1
        report = shop.build_analytics()
        seen.add(report["daily"]["build"])
        whole = shop.rows("whole", "analytics")
        assert shop.rows("parts", "analytics") == whole, f"seed {seed}, step {step}"
        expected = {(r[0], r[1] or "none", r[2], r[3]) for r in whole if r[0]}
        assert set(shop.rows("daily", "analytics")) == expected, f"seed {seed}, step {step}"
    assert "incremental" in seen


def _change(pipeline, chance):
    """Several commits: rows come, change, move to other days and go; files are rewritten."""

    def a_day():
        return date(2013, 1, 1) + timedelta(days=chance.randrange(60))

    for _ in range(chance.randrange(1, 4)):
        kind = chance.choice(["insert", "insert", "update", "move", "delete", "compact", "nothing"])
        some = f"id % {chance.randrange(2, 6)} = {chance.randrange(2)}"
        if kind == "insert":
            rows = ", ".join(
                f"({chance.randrange(1000, 10**9)}, {chance.choice(['NULL', repr_day(a_day())])}, "
                f"'{chance.choice('abc')}', {chance.randrange(-1, 9)})"
                for _ in range(chance.randrange(1, 8))
            )
            pipeline.spark.sql(f"INSERT INTO {staged(pipeline)} VALUES {rows}")
        elif kind == "update":
            pipeline.spark.sql(f"UPDATE {staged(pipeline)} SET amount = amount + 1 WHERE {some}")
        elif kind == "move":
            pipeline.spark.sql(
                f"UPDATE {staged(pipeline)} SET day = {repr_day(a_day())} WHERE {some}"
            )
        elif kind == "delete":
            pipeline.spark.sql(f"DELETE FROM {staged(pipeline)} WHERE {some} AND id % 7 = 0")
        elif kind == "compact":
            pipeline.spark.sql(
                "CALL glue_catalog.system.rewrite_data_files(table => "
                f"'{pipeline.databases['staged']}.orders', options => map('rewrite-all', 'true'))"
            )


def repr_day(day):
    return f"DATE '{day.isoformat()}'"
