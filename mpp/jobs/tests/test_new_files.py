"""Data sets that read new files only, ranges of dates, and the newest record of a key."""

from datetime import date
from itertools import count

import boto3
import pytest
from tarn_jobs import raw_files, run_properties
from tarn_jobs.errors import JobError, JobFailed
from tarn_jobs.run_properties import RunProperties

pytest_plugins = ["aws_emulator"]

COLUMNS = {"id": "int!", "name": "string", "version": "int"}
HEADER = "id,name,version\n"


@pytest.fixture
def items(pipeline):
    pipeline.define("items", COLUMNS, ["id"], read="new", dates="day=%Y-%m-%d")
    return pipeline


def seen(entry):
    return tuple(entry[name] for name in ("files", "read", "inserted", "updated", "total"))


def test_each_version_of_a_file_is_read_once(items):
    assert seen(items.stage()["items"]) == (0, 0, 0, 0, 0)  # no files yet is no error
    items.put("items/day=2024-01-01/a.csv", HEADER + "1,one,1\n2,two,1\nx,bad,1\n")
    items.put("items/day=2024-01-01/_SUCCESS", "")
    assert seen(items.stage()["items"]) == (1, 3, 2, 0, 2)
    before = items.snapshots()
    assert seen(items.stage()["items"]) == (0, 0, 0, 0, 2)
    assert items.snapshots() == before
    items.put("items/day=2024-01-02/b.csv", HEADER + "2,TWO,2\n3,three,2\n")
    assert seen(items.stage()["items"]) == (1, 2, 1, 1, 3)
    # Replaced: another size or time is another version.
    items.put("items/day=2024-01-01/a.csv", HEADER + "1,ONE,1\n")
    assert seen(items.stage()["items"]) == (1, 1, 0, 1, 3)
    assert items.rows("items") == [(1, "ONE", 1), (2, "TWO", 2), (3, "three", 2)]
    ledger = items.table("ingested_files", "quarantine").where("published_at IS NOT NULL")
    found = [(row.path[-5:], row.run_id) for row in ledger.orderBy("entered_at").collect()]
    assert found == [("a.csv", "wr_2"), ("b.csv", "wr_4"), ("a.csv", "wr_5")]


def test_a_table_that_was_dropped_is_filled_again(items):
    items.put("items/a.csv", HEADER + "1,one,1\n")
    items.stage()
    items.spark.sql(f"DROP TABLE glue_catalog.{items.databases['staged']}.items")
    assert seen(items.stage()["items"]) == (1, 1, 1, 0, 1)


def test_files_that_did_not_pass_the_gate_are_read_again(items):
    items.put("items/a.csv", HEADER + "1,one,1\n")
    items.stage()
    items.define("items", COLUMNS, ["id"], read="new", quality="strict")
    items.manifest["rulesets"] = {"strict": {"rules": []}}
    items.put("items/b.csv", HEADER + "2,two,1\n")
    assert not items.stage()["items"]["published"]
    entry = items.stage()["items"]
    assert seen(entry) == (1, 1, 1, 0, 2)
    assert items.rows("items") == [(1, "one", 1)]
    table = f"glue_catalog.{items.databases['staged']}.items"
    assert items.spark.table(f"{table}.branch_tarn_{items.run_id}").count() == 2


@pytest.fixture(scope="module")
def flows(endpoint):
    """Workflows of one job, which does nothing: in a real emulator, as all AWS of this file."""
    names = (f"flow_{number}" for number in count(1))

    def start(properties):
        glue, name = boto3.client("glue"), next(names)
        glue.create_workflow(Name=name)
        glue.create_trigger(
            Name=name, WorkflowName=name, Type="ON_DEMAND", Actions=[{"JobName": "nothing"}]
        )
        run = glue.start_workflow_run(Name=name, RunProperties=properties)
        return {"WORKFLOW_NAME": name, "WORKFLOW_RUN_ID": run["RunId"]}

    return start


@pytest.fixture
def start(aws, flows):
    """Return what starts a workflow run with properties; it returns arguments of its jobs."""
    s3, iam = boto3.client("s3"), boto3.client("iam")
    if not s3.list_buckets()["Buckets"]:
        s3.create_bucket(Bucket="scripts")
        s3.put_object(Bucket="scripts", Key="nothing.py", Body=b"")
        trust = '{"Version": "2012-10-17", "Statement": []}'
        role = iam.create_role(RoleName="nothing", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        command = {
            "Name": "pythonshell",
            "ScriptLocation": "s3://scripts/nothing.py",
            "PythonVersion": "3.9",
        }
        boto3.client("glue").create_job(
            Name="nothing", Role=role, Command=command, MaxCapacity=0.0625
        )
    return flows


def test_a_run_of_a_range_of_dates(items, start):
    for day in (1, 2, 3):
        items.put(f"items/day=2024-01-0{day}/a.csv", HEADER + f"{day},n,1\n")
    items.put("items/undated.csv", HEADER + "9,n,1\n")
    arguments = start({"tarn_from": "2024-01-02", "tarn_to": "2024-01-02", "other": "x"})
    assert seen(items.stage(**arguments)["items"]) == (1, 1, 1, 0, 1)
    arguments = start({"tarn_from": "2024-01-02"})
    assert seen(items.stage(**arguments)["items"]) == (1, 1, 1, 0, 2)
    arguments = start({"tarn_from": "2024-01-02", "tarn_full": "true"})
    assert seen(items.stage(**arguments)["items"]) == (2, 2, 0, 0, 2)
    items.define("items", COLUMNS, ["id"])
    with pytest.raises(JobFailed, match=r"items: .* source\.dates does not say .* set it"):
        items.stage(**arguments)


def test_messages_of_arrivals_go_when_their_files_are_in(items, aws):
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
    for _ in range(13):
        sqs.send_message(QueueUrl=queue, MessageBody="{}")

    def waiting():
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return [int(found[name]) for name in names]

    items.put("items/a.csv", "wrong\n1\n")
    with pytest.raises(JobFailed):
        items.stage(arrivals_queue=queue)
    assert waiting() == [13, 0]
    items.put("items/a.csv", HEADER + "1,one,1\n")
    items.stage(arrivals_queue=queue)
    assert waiting() == [0, 0]


def test_files_are_listed_from_s3_as_from_a_folder(aws):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="listed")
    for key in ("items/a.csv", "items/x=1/_b=2/c d%20.csv", "items/folder/", "items2/a.csv"):
        s3.put_object(Bucket="listed", Key=key, Body=b"12345"[: 0 if key.endswith("/") else 5])
    found = list(raw_files._list("s3://listed/items/"))
    assert [(file.path, file.bytes) for file in found] == [
        ("s3://listed/items/a.csv", 5),
        ("s3://listed/items/x=1/_b=2/c d%20.csv", 5),
    ]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"tarn_from": "yesterday"}, "tarn_from is 'yesterday': want a date like"),
        ({"tarn_from": "2024-02-01", "tarn_to": "2024-01-01"}, "is after"),
        ({"tarn_full": "yes"}, "want true or false"),
    ],
)
def test_run_properties_that_are_wrong(properties, message):
    with pytest.raises(JobError, match=message):
        run_properties.parse(properties)


@pytest.mark.parametrize(
    ("dates", "path", "first", "last"),
    [
        ("dt=%Y-%m-%d", "x/dt=2024-02-29/a.csv", date(2024, 2, 29), date(2024, 2, 29)),
        ("%Y/%m/%d/%H", "2024/02/28/23/a.csv", date(2024, 2, 28), date(2024, 2, 28)),
        ("%Y/%m", "2024/12/a.csv", date(2024, 12, 1), date(2024, 12, 31)),
        ("year=%Y", "year=2024/a.csv", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_dates_of_paths(dates, path, first, last):
    assert raw_files.period(raw_files.date_pattern(dates), path) == (first, last)
    inside = RunProperties(first, last)
    assert inside.includes(first, last)
    assert not RunProperties(last=date(2023, 12, 31)).includes(first, last)
    assert not RunProperties(first=date(2025, 1, 1)).includes(first, last)


def test_paths_without_a_date():
    pattern = raw_files.date_pattern("dt=%Y-%m-%d")
    assert raw_files.period(pattern, "dt=2024-02-30/a.csv") is None
    assert raw_files.period(pattern, "a.csv") is None
    with pytest.raises(JobError, match="%S is not one of"):
        raw_files.date_pattern("%S")


@pytest.mark.parametrize("read", ["all", "new"])
def test_the_newest_record_wins_whenever_it_comes(pipeline, read):
    pipeline.define("items", COLUMNS, ["id"], read=read, newest_by="version")
    pipeline.put("items/b.csv", HEADER + "1,b2,2\n2,b1,1\n3,b0,NA\n4,b5,5\n4,b5,5\n")
    pipeline.put("items/a.csv", HEADER + "1,a1,1\n2,a1,1\n3,a1,1\n5,a9,9\n")
    entry = pipeline.stage()["items"]
    # Superseded: a1 of 1, b0 of 3. In quarantine: b1 of 2 and the second b5 of 4.
    assert (entry["read"], entry["valid"], entry["superseded"], entry["quarantined"]) == (
        9,
        5,
        2,
        2,
    )
    first = [(1, "b2", 2), (2, "a1", 1), (3, "a1", 1), (4, "b5", 5), (5, "a9", 9)]
    assert pipeline.rows("items") == first
    # Late: older than what the table has.
    pipeline.put("items/c.csv", HEADER + "1,c1,1\n2,c2,2\n5,late,NA\n")
    entry = pipeline.stage()["items"]
    assert entry["superseded"] == (2 if read == "new" else 6)
    assert entry["updated"] == 1
    assert pipeline.rows("items") == [first[0], (2, "c2", 2), *first[2:]]
    before = pipeline.snapshots()
    assert pipeline.stage()["items"]["updated"] == 0
    assert pipeline.snapshots() == before


def test_csv_columns_are_found_by_name_where_that_is_allowed(pipeline):
    evolution = {"new_columns": "ignore", "missing_columns": "null"}
    pipeline.define("items", COLUMNS, ["id"], evolution=evolution)
    pipeline.put("items/a.csv", HEADER + "1,one,1\n")
    pipeline.put("items/b.csv", 'version,"x, y",id\n2,extra,2\n3,"a\nb",3\nversion,"x, y",id\n')
    pipeline.put("items/c.csv", "id\n4\nx\n")
    entry = pipeline.stage()["items"]
    assert (entry["read"], entry["valid"]) == (6, 4)
    assert pipeline.rows("items") == [(1, "one", 1), (2, None, 2), (3, None, 3), (4, None, None)]
    assert sorted(pipeline.reasons("items").values()) == [
        "column id: 'x' is not an int",
        "the header line again",
    ]
    pipeline.put("items/d.csv", "name,version\nx,1\n")
    with pytest.raises(JobFailed, match=r"d\.csv: columns missing: id"):
        pipeline.stage()


def test_one_allowance_does_not_give_the_other(pipeline):
    pipeline.define("items", COLUMNS, ["id"], evolution={"new_columns": "ignore"})
    pipeline.put("items/a.csv", "id,more,name,version\n1,x,one,1\n")
    pipeline.stage()
    pipeline.put("items/a.csv", "id,name\n1,one\n")
    with pytest.raises(JobFailed, match=r"missing: version.*set evolution\.missing_columns: null"):
        pipeline.stage()
