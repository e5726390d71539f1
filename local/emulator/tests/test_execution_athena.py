"""Athena over HTTP: real SQL over Iceberg, Parquet and CSV tables of the catalog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from conftest import Endpoint, wait_for
from pyiceberg.catalog.glue import GlueCatalog
from tarn_emulator.execution.resultset import ResultColumn, ResultSet, quoted, text
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
