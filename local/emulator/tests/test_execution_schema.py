"""What a crawler infers from files and how it groups them. Pure functions."""

from __future__ import annotations

import gzip

import pytest
from tarn_emulator.execution.crawler import excluded
from tarn_emulator.execution.grouping import DataFile, FoundTable, Policy, find_tables
from tarn_emulator.execution.schema import Column, Schema, infer, union


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"id,name\n1,a\n2,b\n", [("id", "bigint"), ("name", "string")]),
        (b"id|price\n1|1.5\n2|3\n", [("id", "bigint"), ("price", "double")]),
        (b"id,at\n1,NA\n2,5\n", [("id", "bigint"), ("at", "string")]),
        (b'id,text\n1,"a,b"\n2,"c"\n', [("id", "bigint"), ("text", "string")]),
        (b"a,b\nx,y\n", [("col0", "string"), ("col1", "string")]),
        (b"1,2\n3,4\n", [("col0", "bigint"), ("col1", "bigint")]),
        (b"Flight No,ok\n1,true\n", [("flight_no", "bigint"), ("ok", "boolean")]),
        (b"n,empty\n99999999999999999999,\n1,\n", [("n", "double"), ("empty", "string")]),
    ],
)
def test_csv(body: bytes, expected: list[tuple[str, str]]) -> None:
    found = infer("x.csv", body)
    assert found is not None and found.classification == "csv"
    assert [(c.name, c.type) for c in found.columns] == expected


@pytest.mark.parametrize(
    "body", [b"", b"one column\nonly\n", b"\xff\xfe\x00\x01", b'{"a": 1}\n[2]\n', b"a,b\n1\n2,3\n"]
)
def test_unknown(body: bytes) -> None:
    assert infer("x", body) is None


def test_gzip_and_a_cut_sample() -> None:
    found = infer("x.csv.gz", gzip.compress(b"id,name\n1,a\n"))
    assert found is not None and found.parameters["compressionType"] == "gzip"
    cut = infer("x.csv", b"id,name\n1,a\n2,", size=1000)
    assert cut is not None and [c.type for c in cut.columns] == ["bigint", "string"]


def schema(*columns: str, kind: str = "csv") -> Schema:
    """A schema of text columns."""
    return Schema(kind, tuple(Column(name, "string") for name in columns))


def found(*files: tuple[str, Schema], policy: Policy | None = None) -> list[FoundTable]:
    """The tables in bucket b under raw/."""
    data = [DataFile(f"raw/{key}", 1, one) for key, one in files]
    return find_tables("b", "raw/", data, policy)


ONE, TWO, NEAR = schema("a", "b", "c"), schema("x", "y"), schema("a", "b", "c", "d")


def test_grouping() -> None:
    names = {t.name: t.prefix for t in found(("one/1.csv", ONE), ("two/1.csv", TWO))}
    assert names == {"one": "raw/one/", "two": "raw/two/"}

    (table,) = found(("t/1.csv", ONE), ("t/2.csv", NEAR))
    assert (table.name, [c.name for c in table.schema.columns]) == ("t", ["a", "b", "c", "d"])

    files = found(("t/1.csv", ONE), ("t/2.csv", TWO))
    assert [t.name for t in files] == ["1_csv", "2_csv"]

    (table,) = found(("x/1.csv", ONE), ("y/1.csv", ONE))
    assert table.name == "raw"
    assert [k.name for k in table.partition_keys] == ["partition_0"]
    assert [p.values for p in table.partitions] == [("x",), ("y",)]

    (table,) = found(("t/y=1/m=1/1.csv", ONE), ("t/y=1/m=2/1.csv", ONE))
    assert (table.name, [k.name for k in table.partition_keys]) == ("t", ["y", "m"])
    assert [p.values for p in table.partitions] == [("1", "1"), ("1", "2")]


def test_grouping_policy() -> None:
    files = [("t/y=1/1.csv", ONE), ("t/y=2/1.csv", TWO)]
    assert len(found(*files)) == 2
    (table,) = found(*files, policy=Policy(combine=True))
    assert [c.name for c in table.schema.columns] == ["a", "b", "c", "x", "y"]

    deep = [("t/x/1.csv", ONE), ("t/y/1.csv", ONE), ("u/x/1.csv", ONE), ("u/y/1.csv", ONE)]
    assert [t.name for t in found(*deep)] == ["raw"]
    level = found(*deep, policy=Policy(combine=True, table_level=3))
    assert [t.name for t in level] == ["t", "u"]


def test_union_widens_types() -> None:
    one = Schema("csv", (Column("a", "bigint"), Column("b", "bigint")))
    two = Schema("csv", (Column("a", "double"), Column("b", "boolean"), Column("c", "date")))
    assert [c.type for c in union([one, two]).columns] == ["double", "string", "date"]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a.csv", "*.csv", True),
        ("x/a.csv", "*.csv", False),
        ("x/a.csv", "**.csv", True),
        ("x/y/a.csv", "x/**", True),
        ("x/a.csv", "*/a.{csv,json}", True),
        ("x/b.txt", "*/?.{csv,json}", False),
        ("x/b+c.txt", "x/b+c.txt", True),
    ],
)
def test_exclusions(path: str, pattern: str, expected: bool) -> None:
    assert excluded(path, pattern) is expected
