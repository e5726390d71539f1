"""Athena over HTTP: real SQL over Iceberg, Parquet and CSV tables of the catalog."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from conftest import Endpoint, wait_for
from pyiceberg.catalog.glue import GlueCatalog
from tarn_emulator.execution.projection import allowed
from tarn_emulator.execution.resultset import ResultColumn, ResultSet, quoted, text
from tarn_emulator.execution.views import MAX_DEPTH, View, kind_of, stale
from test_execution_crawler import FLIGHTS, crawl, parquet, put

DATABASE = "athena_tests"
BUCKET = "athena-tests"


@dataclass
class Query:
    """An ended execution and its rows."""

    execution: dict[str, Any]
    rows: list[list[str | None]]
    types: list[str]

    @property
    def reason(self) -> str:
        """Why it failed."""
        return self.execution["Status"].get("StateChangeReason", "")


@pytest.fixture(scope="module")
def lake(emulator: Endpoint) -> Iterator[Endpoint]:
    """Two Iceberg tables that refer to each other, a CSV and a partitioned Parquet table."""
    put(emulator, BUCKET)
    emulator.client("glue").create_database(DatabaseInput={"Name": DATABASE})
    options = {"endpoint": emulator.endpoint, "region": "us-east-1", "access-key-id": "k"}
    options["secret-access-key"] = "s"
    catalog = GlueCatalog(
        "lake", **{f"{kind}.{k}": v for kind in ("glue", "s3") for k, v in options.items()}
    )
    contents = {
        "flights": {
            "id": pa.array([1, 2, 3, 4], pa.int64()),
            "carrier": ["UA", "AA", "XX", None],
            "delay": pa.array([2.5, None, 1e8, -0.5], pa.float64()),
            "seats": pa.array([7, 2, 3, 4], pa.int32()),
            "at": pa.array([dt.datetime(2013, 1, 1, 5, 15)] * 4, pa.timestamp("us")),
            "day": pa.array([dt.date(2013, 1, 1)] * 4),
            "price": pa.array([Decimal("1.50")] * 4, pa.decimal128(9, 2)),
            "ok": [True, False, None, True],
        },
        "airlines": {"carrier": ["UA", "AA"], "name": ['United "Air"', "American"]},
    }
    for table, columns in contents.items():
        rows = pa.table(columns)
        location = f"s3://{BUCKET}/iceberg/{table}"
        catalog.create_table((DATABASE, table), rows.schema, location=location).append(rows)
    put(
        emulator,
        BUCKET,
        **{
            "raw/plain/a.csv": FLIGHTS,
            "raw/parts/y=1/a.parquet": parquet(id=[1, 2]),
            "raw/parts/y=2/a.parquet": parquet(id=[3]),
        },
    )
    for name in ("plain", "parts"):
        emulator.client("glue").create_crawler(
            Name=f"athena-{name}",
            Role="glue",
            DatabaseName=DATABASE,
            Targets={"S3Targets": [{"Path": f"s3://{BUCKET}/raw/{name}/"}]},
        )
        crawl(emulator, f"athena-{name}")
    yield emulator


def run(emulator: Endpoint, sql: str, **options: Any) -> Query:
    """Run a query to its end."""
    athena = emulator.client("athena")
    options.setdefault("ResultConfiguration", {"OutputLocation": f"s3://{BUCKET}/results/"})
    started = athena.start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": DATABASE}, **options
    )["QueryExecutionId"]

    def ended() -> dict[str, Any] | None:
        found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        return found if found["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None

    execution = wait_for(ended, "the query", 60)
    if execution["Status"]["State"] != "SUCCEEDED":
        return Query(execution, [], [])
    results = athena.get_query_results(QueryExecutionId=started)["ResultSet"]
    rows = [[value.get("VarCharValue") for value in row["Data"]] for row in results["Rows"]]
    return Query(execution, rows, [c["Type"] for c in results["ResultSetMetadata"]["ColumnInfo"]])


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) FROM flights", [["4"]]),
        ("SELECT 7/2 AS n, 7/2.0 AS d", [["3", "3.5"]]),
        ("SELECT seats/2 FROM flights WHERE id = 1", [["3"]]),
        ("SELECT id FROM flights WHERE carrier IS NULL", [["4"]]),
        (
            "SELECT f.id, a.name FROM flights f LEFT JOIN airlines a ON f.carrier = a.carrier"
            " ORDER BY f.id LIMIT 3",
            [["1", 'United "Air"'], ["2", "American"], ["3", None]],
        ),
        (
            f"SELECT carrier FROM {DATABASE}.flights EXCEPT SELECT carrier FROM airlines"
            " ORDER BY 1 NULLS LAST",
            [["XX"], [None]],
        ),
        (
            "WITH late AS (SELECT * FROM flights WHERE delay > 0) SELECT count(*), sum(seats)"
            f" FROM late WHERE id IN (SELECT id FROM {DATABASE}.flights)",
            [["2", "10"]],
        ),
        (
            f'SELECT airlines.name FROM "AwsDataCatalog"."{DATABASE}"."airlines"'
            f" WHERE {DATABASE}.airlines.carrier = 'UA'",
            [['United "Air"']],
        ),
        ("SELECT date_trunc('month', at), date_add('day', 1, day) FROM flights LIMIT 1", None),
        ("SELECT approx_distinct(carrier), max_by(id, seats) FROM flights", [["3", "1"]]),
        ("SELECT year, carrier, delay FROM plain", [["2013", "UA", "2.5"], ["2013", "AA", None]]),
        ("SELECT y, sum(id) FROM parts GROUP BY y ORDER BY y", [["1", "3"], ["2", "3"]]),
        ("SELECT id, y FROM parts WHERE y = '2'", [["3", "2"]]),
        ("SELECT x FROM UNNEST(ARRAY[1, 2]) AS t(x) ORDER BY x", [["1"], ["2"]]),
        ("SHOW TABLES", [["airlines"], ["flights"], ["parts"], ["plain"]]),
        ("SHOW TABLES 'a*'", [["airlines"]]),
        ("SHOW PARTITIONS parts", [["y=1"], ["y=2"]]),
        ("SHOW COLUMNS IN airlines", [["carrier"], ["name"]]),
        ("DESCRIBE airlines;", [["carrier", "string", ""], ["name", "string", ""]]),
    ],
)
def test_select_and_show(lake: Endpoint, sql: str, rows: list[list[str | None]] | None) -> None:
    query = run(lake, sql)
    assert query.execution["Status"]["State"] == "SUCCEEDED", query.reason
    has_header = sql.startswith(("SELECT", "WITH"))
    if rows is not None:
        assert (query.rows[1:] if has_header else query.rows) == rows


def test_types_values_and_the_result_file(lake: Endpoint) -> None:
    query = run(lake, "SELECT * FROM flights WHERE id IN (1, 3) ORDER BY id")
    assert query.types == [
        "bigint",
        "varchar",
        "double",
        "integer",
        "timestamp",
        "date",
        "decimal",
        "boolean",
    ]
    first = ["1", "UA", "2.5", "7", "2013-01-01 05:15:00.000", "2013-01-01", "1.50", "true"]
    assert query.rows[0] == ["id", "carrier", "delay", "seats", "at", "day", "price", "ok"]
    assert query.rows[1] == first
    assert query.rows[2][2] == "1.0E8"
    assert query.rows[2][7] is None
    location = query.execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{BUCKET}/results/{query.execution['QueryExecutionId']}.csv"
    body = lake.client("s3").get_object(Bucket=BUCKET, Key=location.split("/", 3)[3])["Body"].read()
    lines = body.decode().splitlines()
    assert lines[0] == '"id","carrier","delay","seats","at","day","price","ok"'
    assert lines[2].endswith('"1.50",')
    statistics = query.execution["Statistics"]
    assert statistics["DataScannedInBytes"] > 0
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM nothing", "TABLE_NOT_FOUND: Table 'awsdatacatalog.athena_tests.nothing'"),
        ("SELECT nothing FROM flights", "COLUMN_NOT_FOUND"),
        ("SELECT FROM WHERE", "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", "Only one sql statement"),
        ("SELECT cast(carrier AS integer) FROM flights", "INVALID_CAST_ARGUMENT"),
        ("SELECT no_such_function(id) FROM flights", "FUNCTION_NOT_FOUND"),
        ("SELECT * FROM elsewhere.x.y", "CATALOG_NOT_FOUND"),
        ("SELECT * FROM read_csv('/etc/passwd')", "FAILED"),
        ("INSERT INTO flights SELECT * FROM flights", "NOT_SUPPORTED: INSERT"),
        ("CREATE TABLE t AS SELECT 1 AS x", "NOT_SUPPORTED: CREATE"),
        ("DROP TABLE flights", "NOT_SUPPORTED: DROP"),
        ("DESCRIBE nothing", "Table not found"),
        ("SELECT ? AS x", "INVALID_PARAMETER_USAGE"),
    ],
)
def test_a_failing_query_says_why(lake: Endpoint, sql: str, reason: str) -> None:
    query = run(lake, sql)
    assert query.execution["Status"]["State"] == "FAILED"
    if reason != "FAILED":
        assert reason in query.reason
    with pytest.raises(ClientError, match="did not finish successfully"):
        lake.client("athena").get_query_results(
            QueryExecutionId=query.execution["QueryExecutionId"]
        )


def make_view(lake: Endpoint, name: str, sql: str, columns: dict[str, str], **changes: Any) -> None:
    """Make a view in the form that Athena's CREATE VIEW writes."""
    text = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": changes.pop("schema", DATABASE),
        "columns": [{"name": n, "type": kind} for n, kind in columns.items()],
    }
    encoded = base64.b64encode(json.dumps(text).encode()).decode()
    hive = {"varchar": "string", "integer": "int", "timestamp(6)": "timestamp"}
    table = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": n, "Type": hive.get(k, k)} for n, k in columns.items()],
            "SerdeInfo": {"Name": "-", "SerializationLibrary": "-"},
        },
    }
    database = changes.pop("database", VIEWS)
    lake.client("glue").create_table(DatabaseName=database, TableInput={**table, **changes})


VIEWS = "athena_views"


@pytest.fixture(scope="module")
def views(lake: Endpoint) -> Endpoint:
    """A view over two tables, views over it, and views with every mistake."""
    lake.client("glue").create_database(DatabaseInput={"Name": VIEWS})
    named = "SELECT f.id, f.at, a.name, f.price FROM flights f JOIN airlines a USING (carrier)"
    kinds = {"id": "bigint", "at": "timestamp(6)", "name": "varchar", "price": "decimal(12,4)"}
    make_view(lake, "named", named, kinds)
    shadowing = "WITH flights AS (SELECT * FROM named) SELECT count(*) n, max(id) id FROM flights"
    make_view(lake, "counted", shadowing, {"n": "bigint", "id": "bigint"}, schema=VIEWS)
    make_view(lake, "star", "SELECT * FROM airlines", {"carrier": "varchar", "name": "varchar"})
    for depth in range(MAX_DEPTH):
        below = f"deep_{depth - 1}" if depth else "star"
        sql = f"SELECT carrier FROM {below}"
        make_view(lake, f"deep_{depth}", sql, {"carrier": "varchar"}, schema=VIEWS)
    make_view(lake, "self", "SELECT * FROM self", {"x": "bigint"}, schema=VIEWS)
    make_view(lake, "ping", "SELECT x FROM pong", {"x": "bigint"}, schema=VIEWS)
    make_view(lake, "pong", "SELECT x FROM ping", {"x": "bigint"}, schema=VIEWS)
    make_view(lake, "fewer", "SELECT 1 AS a, 2 AS b", {"a": "integer"})
    make_view(lake, "renamed", "SELECT 1 AS a", {"b": "integer"})
    make_view(lake, "mistyped", "SELECT 'x' AS a", {"a": "bigint"})
    make_view(lake, "orphan", "SELECT a FROM gone", {"a": "bigint"})
    make_view(lake, "unreadable", "SELECT FROM", {"a": "bigint"})
    make_view(lake, "garbled", "", {"a": "bigint"}, ViewOriginalText="/* Presto View: ! */")
    make_view(lake, "hive", "", {"a": "bigint"}, Parameters={})
    make_view(lake, "bare", "SELECT 1 AS a", {"a": "integer"}, StorageDescriptor={"Columns": []})
    return lake


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (
            f"SELECT id, name FROM {VIEWS}.named ORDER BY id",
            [["1", 'United "Air"'], ["2", "American"]],
        ),
        (
            f"SELECT price, at FROM {VIEWS}.named n WHERE n.id = 1",
            [["1.5000", "2013-01-01 05:15:00.000"]],
        ),
        (f"SELECT named.id FROM {VIEWS}.named WHERE {VIEWS}.named.name LIKE 'A%'", [["2"]]),
        (f"SELECT * FROM {VIEWS}.counted", [["2", "2"]]),
        (f'SELECT count(*) FROM "awsdatacatalog"."{VIEWS}"."STAR"', [["2"]]),
        (f"SELECT s.name FROM {VIEWS}.star AS s(code, name) WHERE code = 'AA'", [["American"]]),
        (
            f"SELECT f.id, v.id, s.name FROM flights f LEFT JOIN {VIEWS}.named v ON v.id = f.id"
            f" LEFT JOIN {VIEWS}.star s ON s.carrier = f.carrier ORDER BY f.id LIMIT 3",
            [["1", "1", 'United "Air"'], ["2", "2", "American"], ["3", None, None]],
        ),
        (
            f"SELECT id FROM flights WHERE carrier IN (SELECT carrier FROM {VIEWS}.star)"
            " ORDER BY 1",
            [["1"], ["2"]],
        ),
        (
            f"WITH named AS (SELECT 7 AS id) SELECT v.id, named.id FROM {VIEWS}.counted v, named",
            [["2", "7"]],
        ),
        (f"SELECT count(carrier) FROM {VIEWS}.deep_{MAX_DEPTH - 2}", [["2"]]),
        (f"DESCRIBE {VIEWS}.star", [["carrier", "string", ""], ["name", "string", ""]]),
        (f"SHOW VIEWS IN {VIEWS} 'n*'", [["named"]]),
        ("SHOW VIEWS", []),
        (f"SHOW TABLES IN {VIEWS} 'named|star'", [["named"], ["star"]]),
    ],
)
def test_a_view_is_asked_like_a_table(
    views: Endpoint, sql: str, rows: list[list[str | None]]
) -> None:
    query = run(views, sql)
    assert query.execution["Status"]["State"] == "SUCCEEDED", query.reason
    has_header = sql.startswith(("SELECT", "WITH"))
    assert (query.rows[1:] if has_header else query.rows) == rows


def test_a_view_has_the_types_it_promises(views: Endpoint) -> None:
    query = run(views, f"SELECT * FROM {VIEWS}.named LIMIT 1")
    assert query.rows[0] == ["id", "at", "name", "price"]
    assert query.types == ["bigint", "timestamp", "varchar", "decimal"]
    assert query.execution["Statistics"]["DataScannedInBytes"] > 0


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ("self", f"VIEW_IS_RECURSIVE: View 'awsdatacatalog.{VIEWS}.self' is recursive"),
        ("ping", f"VIEW_IS_RECURSIVE: View 'awsdatacatalog.{VIEWS}.ping' is recursive"),
        (f"deep_{MAX_DEPTH - 1}", "NOT_SUPPORTED: view athena_views.star is the"),
        ("fewer", "VIEW_IS_STALE: .* stored view column count \\(1\\) does not match .* \\(2\\)"),
        ("renamed", "VIEW_IS_STALE: .* column \\[a\\] .* a different name from column \\[b\\]"),
        ("mistyped", "VIEW_IS_STALE: .* cannot be coerced to column \\[a\\] of type bigint"),
        ("orphan", "TABLE_NOT_FOUND: Table 'awsdatacatalog.athena_tests.gone' does not exist"),
        (
            "unreadable",
            f"INVALID_VIEW: Failed analyzing stored view 'awsdatacatalog.{VIEWS}.unread",
        ),
        ("garbled", "HIVE_METASTORE_ERROR: .* its text cannot be decoded"),
        ("hive", "HIVE_METASTORE_ERROR: view athena_views.hive was not made by Athena"),
        ("bare", "HIVE_METASTORE_ERROR: Table storage descriptor is missing SerDe info"),
    ],
)
def test_a_broken_view_says_why(views: Endpoint, view: str, reason: str) -> None:
    query = run(views, f"SELECT * FROM {VIEWS}.{view}")
    assert query.execution["Status"]["State"] == "FAILED"
    assert re.search(reason, query.reason), query.reason


def test_kinds_of_types() -> None:
    view = View("", "d", (("a", "bigint"), ("b", "timestamp(6)")))
    assert stale(view, [("A", "HUGEINT"), ("b", "TIMESTAMP WITH TIME ZONE")]) is None
    assert stale(view, [("a", "DECIMAL(38,2)"), ("b", "DATE")]) is None
    assert stale(view, [("a", '"NULL"'), ("b", "DATE")]) is None
    assert "column [b]" in (stale(view, [("a", "DOUBLE"), ("b", "VARCHAR")]) or "")
    assert kind_of("array(bigint)") == "array"


def test_parameters_and_pages(lake: Endpoint) -> None:
    sql = "SELECT id FROM flights WHERE carrier <> ? AND id > ? ORDER BY id"
    query = run(lake, sql, ExecutionParameters=["'AA'", "0"])
    assert query.rows == [["id"], ["1"], ["3"]]
    athena = lake.client("athena")
    name = query.execution["QueryExecutionId"]
    first = athena.get_query_results(QueryExecutionId=name, MaxResults=2)
    assert len(first["ResultSet"]["Rows"]) == 2
    rest = athena.get_query_results(QueryExecutionId=name, NextToken=first["NextToken"])
    assert len(rest["ResultSet"]["Rows"]) == 1
    assert "NextToken" not in rest
    many = athena.batch_get_query_execution(QueryExecutionIds=[name, "none"])
    assert len(many["QueryExecutions"]) == len(many["UnprocessedQueryExecutionIds"]) == 1


def test_an_enforcing_workgroup_decides_where_results_go(lake: Endpoint) -> None:
    athena = lake.client("athena")
    for workgroup, enforced in (("strict", True), ("lenient", False)):
        athena.create_work_group(
            Name=workgroup,
            Configuration={
                "EnforceWorkGroupConfiguration": enforced,
                "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/{workgroup}"},
            },
        )
        location = run(lake, "SELECT 1", WorkGroup=workgroup).execution["ResultConfiguration"]
        expected = "strict" if enforced else "results"
        assert location["OutputLocation"].startswith(f"s3://{BUCKET}/{expected}/")
    with pytest.raises(ClientError, match="No output location"):
        run(lake, "SELECT 1", ResultConfiguration={})
    with pytest.raises(ClientError, match="is not found"):
        run(lake, "SELECT 1", WorkGroup="nowhere")


def test_a_query_can_be_stopped(lake: Endpoint) -> None:
    athena = lake.client("athena")
    slow = "SELECT count(*) FROM UNNEST(sequence(1, 100000)) a(x)" + "".join(
        f" CROSS JOIN UNNEST(sequence(1, 100000)) {name}(x)" for name in "bcd"
    )
    started = athena.start_query_execution(
        QueryString=slow, ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"}
    )["QueryExecutionId"]

    def state() -> str:
        found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        return found["Status"]["State"]

    wait_for(lambda: state() == "RUNNING", "the start", 20)
    with pytest.raises(ClientError, match="not yet finished"):
        athena.get_query_results(QueryExecutionId=started)
    athena.stop_query_execution(QueryExecutionId=started)
    wait_for(lambda: state() == "CANCELLED", "the stop", 20)
    assert run(lake, "SELECT 1").rows[1] == ["1"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, "true"),
        (1.0, "1.0"),
        (1e7, "1.0E7"),
        (123456789.5, "1.234567895E8"),
        (1.5e-4, "1.5E-4"),
        (-2e20, "-2.0E20"),
        (0.001, "0.001"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (Decimal("1.50"), "1.50"),
        ([1, None, "a"], "[1, null, a]"),
        ({"a": 1, "b": None}, "{a=1, b=null}"),
        (b"\x01\xff", "01 ff"),
        (dt.datetime(2013, 1, 1, tzinfo=dt.UTC), "2013-01-01 00:00:00.000 UTC"),
    ],
)
def test_value_text(value: Any, expected: str | None) -> None:
    assert text(value) == expected


def test_result_types_and_quoting() -> None:
    assert ResultColumn.of("x", "DECIMAL(9,2)") == ResultColumn("x", "decimal", 9, 2)
    assert ResultColumn.of("x", "HUGEINT").type == "bigint"
    assert ResultColumn.of("x", "INTEGER[]").type == "array"
    assert ResultColumn.of("x", "TIMESTAMP_NS").type == "timestamp"
    assert quoted('a"b') == '"a""b"'
    lines = ResultSet((ResultColumn("t", "string"),), (("a",), ("b",)), has_header=False)
    assert lines.file() == b"a\nb\n"


def test_a_declared_iceberg_table_is_empty_and_can_be_written(lake: Endpoint) -> None:
    columns = [{"Name": "id", "Type": "bigint"}, {"Name": "name", "Type": "string"}]
    lake.client("glue").create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": "declared",
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {"Columns": columns, "Location": f"s3://{BUCKET}/declared"},
        },
        OpenTableFormatInput={"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}},
    )
    assert run(lake, "SELECT count(*) AS n FROM declared").rows == [["n"], ["0"]]
    options = {"endpoint": lake.endpoint, "region": "us-east-1", "access-key-id": "k"}
    options["secret-access-key"] = "s"
    catalog = GlueCatalog(
        "declared", **{f"{kind}.{k}": v for kind in ("glue", "s3") for k, v in options.items()}
    )
    rows = pa.table({"id": pa.array([7], pa.int64()), "name": ["seven"]})
    catalog.load_table((DATABASE, "declared")).append(rows)
    assert run(lake, "SELECT id, name FROM declared").rows == [["id", "name"], ["7", "seven"]]


PROJECTION = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.format": "yyyy-MM-dd",
    "projection.day.range": "2024-01-01,NOW",
    "projection.shard.type": "integer",
    "projection.shard.range": "0,15",
    "projection.shard.digits": "2",
}


def test_projected_partitions_need_no_entry_in_the_catalog(lake: Endpoint) -> None:
    folder = "projected/day="
    put(
        lake,
        BUCKET,
        **{
            f"{folder}2024-01-01/shard=03/a.parquet": parquet(id=[1, 2]),
            f"{folder}2024-05-01/shard=15/a.parquet": parquet(id=[3]),
            f"{folder}2023-12-31/shard=03/a.parquet": parquet(id=[4]),  # before the range
            f"{folder}2024-01-01/shard=16/a.parquet": parquet(id=[5]),  # behind the range
            f"{folder}2024-01-01/shard=3/a.parquet": parquet(id=[6]),  # one digit
            "projected/other/a.parquet": parquet(id=[7]),
        },
    )
    library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    lake.client("glue").create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": "projected",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": PROJECTION,
            "PartitionKeys": [{"Name": "day", "Type": "string"}, {"Name": "shard", "Type": "int"}],
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "bigint"}],
                "Location": f"s3://{BUCKET}/projected/",
                "SerdeInfo": {"SerializationLibrary": library},
            },
        },
    )
    found = run(lake, "SELECT id, day, shard FROM projected ORDER BY id").rows
    assert found[1:] == [
        ["1", "2024-01-01", "3"],
        ["2", "2024-01-01", "3"],
        ["3", "2024-05-01", "15"],
    ]


@pytest.mark.parametrize(
    ("properties", "value", "expected"),
    [
        ({"type": "enum", "values": "a,b"}, "b", True),
        ({"type": "enum", "values": "a,b"}, "c", False),
        ({"type": "integer", "range": "0,9"}, "9", True),
        ({"type": "integer", "range": "0,9"}, "x", False),
        ({"type": "date", "format": "yyyy/MM", "range": "NOW-2MONTHS,NOW"}, "2024/05", True),
        ({"type": "date", "format": "yyyy/MM", "range": "NOW-2MONTHS,NOW"}, "2024/03", False),
        ({"type": "date", "format": "yyyy/MM", "range": "2024/01,NOW+1YEAR"}, "2025/06", True),
        ({"type": "date", "format": "yyyy/MM", "range": "2024/01,NOW"}, "May", False),
        ({"type": "injected"}, "anything", True),
        ({}, "anything", False),
    ],
)
def test_values_of_projected_columns(
    properties: dict[str, str], value: str, expected: bool
) -> None:
    parameters = {f"projection.k.{name}": text for name, text in properties.items()}
    assert allowed(parameters, "k", value, dt.datetime(2024, 6, 10)) is expected
