"""Crawlers over HTTP: what they find in S3, what they write, and when they write nothing."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from conftest import Endpoint, wait_for
from pyiceberg.catalog.glue import GlueCatalog
from test_execution_workflow import make_crawler

FLIGHTS = b"year,carrier,delay\n2013,UA,2.5\n2013,AA,\n"
FLIGHTS_CHANGED = b"year,carrier,delay,origin\n2013,UA,2.5,JFK\n2013,AA,,LGA\n"
AIRLINES = b"carrier,name\nUA,United\nAA,American\n"


def parquet(**columns: list[Any]) -> bytes:
    """A Parquet file."""
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def put(emulator: Endpoint, bucket: str, **files: bytes) -> None:
    """Write objects; the database and bucket are made on first use."""
    s3, glue = emulator.client("s3"), emulator.client("glue")
    if bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket)
        glue.create_database(DatabaseInput={"Name": bucket})
    for key, body in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def crawl(emulator: Endpoint, name: str) -> dict[str, Any]:
    """Run a crawler to its end; return its LastCrawl."""
    glue = emulator.client("glue")
    before = len(glue.list_crawls(CrawlerName=name)["Crawls"])
    glue.start_crawler(Name=name)

    def ended() -> dict[str, Any] | None:
        found = glue.get_crawler(Name=name)["Crawler"]
        return found["LastCrawl"] if found["State"] == "READY" else None

    last = wait_for(ended, "the crawl's end", 60)
    assert len(glue.list_crawls(CrawlerName=name)["Crawls"]) == before + 1
    return last


def tables(emulator: Endpoint, database: str) -> dict[str, dict[str, Any]]:
    """The tables of a database by name."""
    found = emulator.client("glue").get_tables(DatabaseName=database)["TableList"]
    return {table["Name"]: table for table in found}


def columns(table: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and type of a table's columns."""
    return [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]]


def metrics(emulator: Endpoint, name: str) -> tuple[int, int, int]:
    """Tables created, updated and deleted by the last crawl."""
    answer = emulator.client("glue").get_crawler_metrics(CrawlerNameList=[name])
    (found,) = answer["CrawlerMetricsList"]
    return found["TablesCreated"], found["TablesUpdated"], found["TablesDeleted"]


def versions(emulator: Endpoint, database: str, table: str) -> int:
    """How often a table was written."""
    answer = emulator.client("glue").get_table_versions(DatabaseName=database, TableName=table)
    return len(answer["TableVersions"])


def test_folders_of_different_schemas_become_tables(emulator: Endpoint, name: str) -> None:
    put(
        emulator,
        name,
        **{
            "raw/flights/flights.csv": FLIGHTS,
            "raw/airlines/airlines.csv": AIRLINES,
            "raw/planes/a.parquet": parquet(tailnum=["N1", "N2"], seats=[1, None]),
            "raw/feed/x.json": b'{"Id": 1, "at": {"lat": 1.5}}\n{"Id": 3000000000, "tags": ["a"]}',
            "raw/skipped/notes.txt": b"just some words\n",
            "raw/_temporary/x.csv": FLIGHTS,
            "raw/empty/": b"",
        },
    )
    make_crawler(emulator, name, f"s3://{name}/raw", TablePrefix="p_", Target={"Exclusions": []})
    last = crawl(emulator, name)
    assert last["Status"] == "SUCCEEDED", last
    found = tables(emulator, name)
    assert set(found) == {"p_flights", "p_airlines", "p_planes", "p_feed"}

    flights = found["p_flights"]
    assert columns(flights) == [("year", "bigint"), ("carrier", "string"), ("delay", "double")]
    parameters = flights["Parameters"]
    assert parameters["classification"] == "csv"
    assert parameters["skip.header.line.count"] == "1"
    assert (parameters["recordCount"], parameters["objectCount"]) == ("2", "1")
    assert parameters["sizeKey"] == str(len(FLIGHTS))
    assert parameters["CrawlerSchemaDeserializerVersion"] == "1.0"
    assert parameters["UPDATED_BY_CRAWLER"] == name
    storage = flights["StorageDescriptor"]
    assert storage["Location"] == f"s3://{name}/raw/flights/"
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("LazySimpleSerDe")
    # All text: Glue's classifier sees no difference between the first row and the data.
    assert columns(found["p_airlines"]) == [("col0", "string"), ("col1", "string")]
    assert columns(found["p_planes"]) == [("tailnum", "string"), ("seats", "bigint")]
    assert found["p_planes"]["Parameters"]["recordCount"] == "2"
    assert columns(found["p_feed"]) == [
        ("id", "bigint"),
        ("at", "struct<lat:double>"),
        ("tags", "array<string>"),
    ]
    assert metrics(emulator, name) == (4, 0, 0)
    events = emulator.client("logs").get_log_events(
        logGroupName="/aws-glue/crawlers", logStreamName=name
    )["events"]
    assert any("UNKNOWN" in event["message"] for event in events)


def test_a_crawl_without_change_writes_nothing_and_a_change_once(
    emulator: Endpoint, name: str
) -> None:
    put(emulator, name, **{"raw/flights/a.csv": FLIGHTS})
    make_crawler(emulator, name, f"s3://{name}/raw/flights/")
    crawl(emulator, name)
    crawl(emulator, name)
    assert metrics(emulator, name) == (0, 0, 0)
    assert versions(emulator, name, "flights") == 1
    put(emulator, name, **{"raw/flights/a.csv": FLIGHTS_CHANGED})
    crawl(emulator, name)
    assert metrics(emulator, name) == (0, 1, 0)
    assert versions(emulator, name, "flights") == 2
    assert columns(tables(emulator, name)["flights"])[-1] == ("origin", "string")


def test_update_behaviour_log_leaves_the_table(emulator: Endpoint, name: str) -> None:
    put(emulator, name, **{"raw/flights/a.csv": FLIGHTS})
    policy = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    make_crawler(emulator, name, f"s3://{name}/raw/", SchemaChangePolicy=policy)
    crawl(emulator, name)
    put(emulator, name, **{"raw/flights/a.csv": FLIGHTS_CHANGED})
    crawl(emulator, name)
    assert len(columns(tables(emulator, name)["flights"])) == 3
    emulator.client("s3").delete_object(Bucket=name, Key="raw/flights/a.csv")
    crawl(emulator, name)
    assert versions(emulator, name, "flights") == 1


@pytest.mark.parametrize("behaviour", ["DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE"])
def test_delete_behaviour(emulator: Endpoint, name: str, behaviour: str) -> None:
    put(emulator, name, **{"raw/a/a.csv": FLIGHTS, "raw/b/b.csv": AIRLINES})
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": behaviour}
    make_crawler(emulator, name, f"s3://{name}/raw/", SchemaChangePolicy=policy)
    crawl(emulator, name)
    emulator.client("s3").delete_object(Bucket=name, Key="raw/b/b.csv")
    crawl(emulator, name)
    found = tables(emulator, name)
    if behaviour == "DELETE_FROM_DATABASE":
        assert set(found) == {"a"}
        assert metrics(emulator, name) == (0, 0, 1)
    else:
        assert "DEPRECATED_BY_CRAWLER" in found["b"]["Parameters"]
        crawl(emulator, name)
        assert versions(emulator, name, "b") == 2


def test_key_value_folders_are_partitions(emulator: Endpoint, name: str) -> None:
    files = {
        f"raw/events/day={day}/hour={hour}/part.parquet": parquet(id=[day, hour])
        for day in (1, 2)
        for hour in (0, 1)
    }
    put(emulator, name, **files)
    make_crawler(
        emulator,
        name,
        f"s3://{name}/raw/events/",
        RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
    )
    crawl(emulator, name)
    table = tables(emulator, name)["events"]
    assert [(k["Name"], k["Type"]) for k in table["PartitionKeys"]] == [
        ("day", "string"),
        ("hour", "string"),
    ]
    put(emulator, name, **{"raw/events/day=3/hour=0/part.parquet": parquet(id=[1])})
    crawl(emulator, name)
    partitions = emulator.client("glue").get_partitions(DatabaseName=name, TableName="events")
    values = sorted(tuple(p["Values"]) for p in partitions["Partitions"])
    assert values == [("1", "0"), ("1", "1"), ("2", "0"), ("2", "1"), ("3", "0")]
    assert versions(emulator, name, "events") == 1
    crawls = emulator.client("glue").list_crawls(CrawlerName=name)["Crawls"]
    added = [json.loads(c["Summary"])["PARTITION"]["ADD"] for c in crawls]
    assert sorted(added) == [1, 4]


def test_exclusions_and_the_state_of_a_failed_crawl(emulator: Endpoint, name: str) -> None:
    put(emulator, name, **{"raw/a/a.csv": FLIGHTS, "raw/b/deep/b.csv": FLIGHTS})
    make_crawler(emulator, name, f"s3://{name}/raw/", Target={"Exclusions": ["b/**"]})
    crawl(emulator, name)
    assert set(tables(emulator, name)) == {"a"}

    make_crawler(emulator, f"{name}x", "s3://no-such-bucket-anywhere/raw/")
    last = crawl(emulator, f"{name}x")
    assert last["Status"] == "FAILED"
    assert "NoSuchBucket" in last["ErrorMessage"]


def test_what_is_not_running_cannot_be_stopped(emulator: Endpoint, name: str) -> None:
    put(emulator, name)
    make_crawler(emulator, name, f"s3://{name}/raw/")
    with pytest.raises(ClientError) as refused:
        emulator.client("glue").stop_crawler(Name=name)
    assert refused.value.response["Error"]["Code"] == "CrawlerNotRunningException"


def test_iceberg_targets_become_one_table_each(emulator: Endpoint, name: str) -> None:
    put(emulator, name)
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": f"{name}_found"})
    options = {"endpoint": emulator.endpoint, "region": "us-east-1", "access-key-id": "k"}
    options["secret-access-key"] = "s"
    catalog = GlueCatalog(
        "lake", **{f"{kind}.{k}": v for kind in ("glue", "s3") for k, v in options.items()}
    )
    rows = pa.table({"id": pa.array([1], pa.int64()), "day": pa.array(["x"])})
    location = f"s3://{name}/shop/sales/orders"
    table = catalog.create_table((name, "orders"), rows.schema, location=location)
    deep = f"s3://{name}/shop/a/b/c/d/e/deep"
    catalog.create_table((name, "deep"), rows.schema, location=deep)
    glue.create_crawler(
        Name=name,
        Role="glue",
        DatabaseName=f"{name}_found",
        Targets={"IcebergTargets": [{"Paths": [f"s3://{name}/shop/"], "MaximumTraversalDepth": 5}]},
    )
    assert crawl(emulator, name)["Status"] == "SUCCEEDED"
    found = tables(emulator, f"{name}_found")
    assert set(found) == {"orders"}  # the other one is too deep
    assert columns(found["orders"]) == [("id", "bigint"), ("day", "string")]
    assert found["orders"]["Parameters"]["metadata_location"] == table.metadata_location
    table.append(rows)
    assert crawl(emulator, name)["Status"] == "SUCCEEDED"
    again = tables(emulator, f"{name}_found")["orders"]["Parameters"]["metadata_location"]
    assert again == catalog.load_table((name, "orders")).metadata_location
    assert catalog.load_table((f"{name}_found", "orders")).scan().to_arrow().num_rows == 1
