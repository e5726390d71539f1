"""What later runs do: changed values, new files, failures, growing schemas."""

import pytest
from tarn_jobs.errors import JobFailed

COLUMNS = {"id": "int!", "name": "string"}
HEADER = "id,name\n"


@pytest.fixture
def items(pipeline):
    pipeline.define("items", COLUMNS, ["id"])
    pipeline.put("items/a.csv", HEADER + "1,one\n2,two\n3,NA\n")
    pipeline.stage()
    return pipeline


def counts(entry):
    return tuple(entry[name] for name in ("inserted", "updated", "deleted", "unchanged", "total"))


def test_a_changed_value_updates_one_row(items):
    items.put("items/a.csv", HEADER + "1,one\n2,TWO\n3,NA\n")
    assert counts(items.stage()["items"]) == (0, 1, 0, 2, 3)
    assert items.rows("items") == [(1, "one"), (2, "TWO"), (3, None)]
    # To and from NULL is a change as well.
    items.put("items/a.csv", HEADER + "1,NA\n2,TWO\n3,three\n")
    assert counts(items.stage()["items"]) == (0, 2, 0, 1, 3)
    assert items.rows("items") == [(1, None), (2, "TWO"), (3, "three")]


def test_a_new_file_adds_its_rows(items):
    items.put("items/b.csv", HEADER + "4,four\n")
    assert counts(items.stage()["items"]) == (1, 0, 0, 3, 4)
    assert len(items.rows("items")) == 4


def test_changes_and_additions_are_one_commit(items):
    table = f"glue_catalog.{items.databases['staged']}.items"
    before = items.snapshots()[table]
    items.put("items/a.csv", HEADER + "1,uno\n2,two\n3,NA\n4,four\n")
    assert counts(items.stage()["items"]) == (1, 1, 0, 2, 4)
    assert len(items.snapshots()[table]) == len(before) + 1


def test_rows_that_are_no_longer_in_raw_stay(items):
    items.put("items/a.csv", HEADER + "1,one\n")
    assert counts(items.stage()["items"]) == (0, 0, 0, 3, 3)


def test_one_failing_data_set_fails_alone(items, capsys):
    items.define("broken", {"id": "int", "name": "string", "more": "int"}, ["id"])
    items.put("broken/good.csv", "id,name,more\n1,a,1\n")
    items.put("broken/bad.csv", "id,extra,name\n1,a,b\n")
    items.define("absent", {"id": "int"}, ["id"])
    items.put("items/b.csv", HEADER + "4,four\n")
    with pytest.raises(JobFailed, match=r"2 of 3 data sets failed: broken: .*bad\.csv"):
        items.stage()
    report = items.report("raw-to-staged")
    assert not items.document("raw-to-staged")["ok"]
    assert report["items"]["inserted"] == 1 and report["items"]["error"] is None
    error = report["broken"]["error"]
    assert "broken/bad.csv: columns missing: more and columns not expected: extra" in error
    assert "good.csv" not in error
    assert "no files under" in report["absent"]["error"]
    assert not items.spark.catalog.tableExists(f"glue_catalog.{items.databases['staged']}.broken")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("broken: FAILED after ") for line in lines)
    assert any(line.startswith("items: read 4, staged 4 (1 new), quarantined 0") for line in lines)


def test_columns_in_another_order_are_refused(items):
    items.put("items/b.csv", "name,id\nfour,4\n")
    with pytest.raises(JobFailed, match="columns in another order or repeated: name, id"):
        items.stage()


def test_the_report_tells_of_a_manifest_that_is_wrong(items):
    items.define("items", {"id": "uuid"}, ["id"])
    with pytest.raises(JobFailed, match=r"manifest file:.*: column id: type 'uuid' is not known"):
        items.stage()
    document = items.document("raw-to-staged")
    assert not document["ok"] and "type 'uuid' is not known" in document["error"]


def test_new_columns_and_wider_types(pipeline):
    pipeline.define("grow", {"id": "int", "n": "int", "f": "float", "d": "decimal(4,2)"}, ["id"])
    pipeline.put("grow/a.csv", "id,n,f,d\n1,1,1.5,1.25\n2,2,2.5,2.25\n")
    pipeline.stage()
    wider = {"id": "int", "n": "bigint", "f": "double", "d": "decimal(8,2)", "new": "string"}
    pipeline.define("grow", wider, ["id"])
    pipeline.put("grow/a.csv", "id,n,f,d,new\n1,1,1.5,1.25,NA\n2,8000000000,2.5,2.25,b\n")
    assert counts(pipeline.stage()["grow"]) == (0, 1, 0, 1, 2)
    types = dict(pipeline.table("grow").dtypes)
    assert types == wider
    assert pipeline.rows("grow")[1][1] == 8000000000


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": "int", "name": "int"}, "column name is string and cannot become int"),
        ({"id": "int"}, "has the column name, which is no longer defined"),
    ],
)
def test_other_changes_of_the_schema_fail(items, columns, message):
    items.define("items", columns, ["id"])
    items.put("items/a.csv", ",".join(columns) + "\n")
    before = items.snapshots()
    with pytest.raises(JobFailed, match=message):
        items.stage()
    assert items.snapshots() == before


def test_other_partitions_fail(items):
    items.define("items", COLUMNS, ["id"], partition_by=["bucket(4, id)"])
    with pytest.raises(JobFailed, match=r"is partitioned by \(\), not by \(bucket\(4, id\)\)"):
        items.stage()


def test_partitioned_table_is_recognised(pipeline):
    by = ["bucket(4, id)", "truncate(2, name)", "days(at)", "kind"]
    columns = {"id": "int", "name": "string", "at": "timestamp", "kind": "string"}
    pipeline.define("parts", columns, ["id"], partition_by=by)
    pipeline.put("parts/a.csv", "id,name,at,kind\n1,one,2013-01-01 00:00:00,k\n")
    pipeline.stage()
    assert counts(pipeline.stage()["parts"]) == (0, 0, 0, 1, 1)


def test_other_separator(pipeline):
    pipeline.define("semi", COLUMNS, ["id"], options={"sep": ";"})
    pipeline.put("semi/a.csv", 'id;name\n1;"a;b"\n2;"c\nd"\n')
    pipeline.stage()
    assert pipeline.rows("semi") == [(1, "a;b"), (2, "c\nd")]
