"""The quality gate: what it publishes, what it keeps back, and that it can be run again."""

import contextlib

import pytest
import quality_gate
from tarn_jobs import publish
from tarn_jobs.errors import JobFailed
from test_quality import rule

HEADER = "id,name,grp\n"


@pytest.fixture
def gated(pipeline):
    """Three data sets with rules of their own, and the codes they refer to, without rules."""
    columns = {"id": "int", "name": "string", "grp": "string"}
    for name in ("one", "two", "three"):
        pipeline.define(name, columns, ["id"], quality=name)
    pipeline.define("other", {"code": "string", "number": "int"}, ["code"])
    pipeline.manifest["rulesets"] = {
        name: {"rules": [rule(text) for text in ('IsUnique "id"', 'IsComplete "name"')]}
        for name in ("one", "two", "three")
    }
    pipeline.put("other/o.csv", "code,number\na,1\nb,2\n")
    return pipeline


def put(pipeline, name, *rows, file="1.csv"):
    """Write a raw file of rows like 1,x,a."""
    pipeline.put(f"{name}/{file}", HEADER + "".join(f"{row}\n" for row in rows))


def fill(pipeline, *rows):
    """Write the same rows for the three data sets."""
    for name in ("one", "two", "three"):
        put(pipeline, name, *rows)


def judge(pipeline):
    """Run the gate in the run of the last raw-to-staged; return its report by data set."""
    with contextlib.suppress(JobFailed):
        quality_gate.main(pipeline._arguments())
    return pipeline.report("quality-gate")


def table_of(pipeline, name):
    return f"glue_catalog.`{pipeline.databases['staged']}`.`{name}`"


def branches(pipeline, name):
    refs = pipeline.spark.sql(f"SELECT name FROM {table_of(pipeline, name)}.refs").collect()
    return {row.name for row in refs} - {"main"}


def test_what_passes_is_published(gated):
    fill(gated, "1,x,a", "2,y,b")
    staged = gated.stage()
    assert not staged["one"]["published"]
    assert gated.rows("one") == []
    assert staged["other"]["published"]
    assert len(gated.rows("other")) == 2

    quality_gate.main(gated._arguments())
    report = gated.report("quality-gate")
    assert gated.rows("one") == [(1, "x", "a"), (2, "y", "b")]
    assert branches(gated, "one") == set()
    assert set(report) == {"one", "two", "three"}
    assert report["one"]["published"] and report["one"]["error"] is None
    assert report["one"]["rules"] == [
        {"rule": 'IsUnique "id"', "passed": True, "observed": "2 of 2 values occur once"},
        {"rule": 'IsComplete "name"', "passed": True, "observed": "2 of 2 rows"},
    ]
    assert gated.document("quality-gate")["ok"]


def test_what_fails_is_kept_back_until_it_is_right(gated):
    fill(gated, "1,x,a")
    gated.stage()
    judge(gated)
    before = publish.head(gated.spark, table_of(gated, "two"))

    put(gated, "two", "2,NA,b", file="2.csv")
    gated.stage()
    with pytest.raises(JobFailed) as failure:
        quality_gate.main(gated._arguments())
    assert str(failure.value) == (
        "1 of 3 data sets did not pass and were not published: two: 1 of 2 rules do not hold: "
        'IsComplete "name" (observed: 1 of 2 rows)'
    )
    assert gated.rows("two") == [(1, "x", "a")]
    assert publish.head(gated.spark, table_of(gated, "two")) == before
    branch = publish.branch_name(gated.run_id)
    kept = gated.spark.table(publish.branch_table(table_of(gated, "two"), branch))
    assert kept.count() == 2
    document = gated.document("quality-gate")
    assert not document["ok"]
    entry = gated.report("quality-gate")["two"]
    assert not entry["published"] and entry["rules"][0]["passed"]

    put(gated, "two", "2,z,b", file="2.csv")
    gated.stage()
    quality_gate.main(gated._arguments())
    assert gated.rows("two") == [(1, "x", "a"), (2, "z", "b")]


def test_one_that_fails_does_not_keep_back_the_others(gated):
    fill(gated, "1,x,a")
    put(gated, "two", "1,NA,a")
    gated.stage()
    report = judge(gated)
    assert {name: entry["published"] for name, entry in report.items()} == {
        "one": True,
        "two": False,
        "three": True,
    }
    assert gated.rows("one") == gated.rows("three") == [(1, "x", "a")]
    assert gated.rows("two") == []


def test_a_broken_rule_is_named(gated):
    fill(gated, "1,x,a")
    gated.manifest["rulesets"]["two"] = {"rules": [rule('IsComplete "nothing"')]}
    gated.stage()
    with pytest.raises(JobFailed, match=r'two: .*"nothing".*there is no column nothing'):
        quality_gate.main(gated._arguments())
    assert gated.rows("one") == [(1, "x", "a")]


def test_the_gate_can_be_run_again(gated):
    fill(gated, "1,x,a")
    gated.stage()
    # As if the first attempt had died after the first data set.
    publish.publish(gated.spark, table_of(gated, "one"), publish.branch_name(gated.run_id))
    quality_gate.main(gated._arguments())
    before = gated.snapshots()
    quality_gate.main(gated._arguments())
    assert gated.snapshots() == before
    assert all(entry["published"] for entry in gated.report("quality-gate").values())
    assert gated.rows("one") == gated.rows("two") == [(1, "x", "a")]


def test_a_run_without_changes_makes_no_snapshot(gated):
    fill(gated, "1,x,a")
    gated.stage()
    judge(gated)
    before = gated.snapshots()
    gated.stage()
    quality_gate.main(gated._arguments())
    assert gated.snapshots() == before


def test_rules_look_at_what_the_same_run_has_staged(gated):
    gated.manifest["datasets"][-1]["quality"] = "other"
    gated.manifest["rulesets"]["one"] = {
        "rules": [rule('ReferentialIntegrity "grp" "other.code" = 1.0')]
    }
    gated.manifest["rulesets"]["other"] = {"rules": [rule('ColumnExists "nothing"')]}
    fill(gated, "1,x,a")
    gated.stage()
    # The codes do not pass, so that main has none that the row could refer to.
    report = judge(gated)
    assert not report["other"]["published"] and not report["one"]["published"]
    assert report["one"]["rules"][0]["observed"] == "0 of 1 rows are in other"

    gated.manifest["rulesets"]["other"] = {"rules": [rule("RowCount != 0")]}
    gated.stage()
    report = judge(gated)
    assert report["other"]["published"] and report["one"]["published"]
    assert report["one"]["used"] == ["other"]


def test_files_count_as_read_only_when_they_passed(gated):
    source = next(d for d in gated.manifest["datasets"] if d["name"] == "two")["source"]
    source["read"] = "new"
    fill(gated, "1,x,a")
    put(gated, "two", "1,NA,a")
    assert gated.stage()["two"]["files"] == 1
    judge(gated)
    assert gated.stage()["two"]["files"] == 1
    judge(gated)
    gated.manifest["rulesets"]["two"] = {"rules": [rule('IsUnique "id"')]}
    assert gated.stage()["two"]["files"] == 1
    assert judge(gated)["two"]["published"]
    assert gated.stage()["two"]["files"] == 0
    assert gated.rows("two") == [(1, None, "a")]


def test_main_that_has_moved_is_not_overwritten(gated):
    fill(gated, "1,x,a")
    gated.stage()
    gated.spark.sql(f"INSERT INTO {table_of(gated, 'two')} VALUES (7, 'else', 'z')")
    report = judge(gated)
    assert "another run has published" in report["two"]["error"]
    assert len(report["two"]["rules"]) == 2
    assert gated.rows("two") == [(7, "else", "z")]
    assert report["one"]["published"]

    gated.stage()
    judge(gated)
    assert gated.rows("two") == [(1, "x", "a"), (7, "else", "z")]


def test_a_data_set_without_rules_is_not_judged(gated):
    fill(gated, "1,x,a")
    for dataset in gated.manifest["datasets"]:
        dataset.pop("quality", None)
    gated.stage()
    assert judge(gated) == {}
