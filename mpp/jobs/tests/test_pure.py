"""The parts that need no Spark."""

import json

import pytest
from tarn_jobs import arguments, csv_text, manifest
from tarn_jobs.errors import JobError, summary


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (b"", []),
        (b"\n\r\n", []),
        (b"a,b", [b"a,b"]),
        (b"a\r\nb\n", [b"a", b"b"]),
        (b'"a\nb",c\nd', [b'"a\nb",c', b"d"]),
        (b'"a""\n""b",c\nd\n', [b'"a""\n""b",c', b"d"]),
        (b'x,"",""""\ny\n', [b'x,"",""""', b"y"]),
        (b'5" pipe,a\nb\n', [b'5" pipe,a', b"b"]),
        (b'"a"x,"b\nc"\nd\n', [b'"a"x,"b\nc"', b"d"]),
        (b'a,"open\nb,c\n', [b'a,"open\nb,c']),
        (b'"\r\n",x\r\n', [b'"\r\n",x']),
    ],
)
def test_split_records(content, records):
    assert list(csv_text.split_records(content, ",")) == records


def test_header_names():
    assert csv_text.header_names('\ufeffa,"b"\r', ",") == ["a", "b"]
    assert csv_text.header_names("", ",") == []


ARGUMENTS = {
    "manifest_uri": "s3://artifacts/m.json",
    "raw_uri": "s3://raw/",
    "staged_uri": "s3://staged",
    "analytics_uri": "s3://analytics",
    "quarantine_uri": "s3://quarantine",
    "report_uri": "s3://artifacts/reports",
    "staged_database": "staged",
    "analytics_database": "analytics",
    "quarantine_database": "quarantine",
    "JOB_RUN_ID": "jr_1",
}


def test_arguments():
    argv = [part for key, value in ARGUMENTS.items() for part in (f"--{key}", value)]
    job = arguments.parse([*argv, "--conf", "a=b --conf c=d", "--raw", "x"])
    assert (job.raw_uri, job.run_id) == ("s3://raw", "jr_1")
    job = arguments.parse([*argv, "--WORKFLOW_RUN_ID", "wr_1"])
    assert (job.run_id, job.job_run_id) == ("wr_1", "jr_1")
    with pytest.raises(SystemExit):
        arguments.parse(argv[2:])


def dataset(**changes):
    entry = {
        "name": "orders",
        "source": {"format": "csv", "path": "shop/orders/", "options": {"nullValue": "NA"}},
        "columns": [{"name": "id", "type": "decimal(9, 2)", "required": True}],
        "key": ["id"],
        "partition_by": [],
    }
    return json.loads(json.dumps(entry | changes))


def test_manifest_is_read():
    found = manifest.parse({"version": 2, "pipeline": "p", "datasets": [dataset()]})
    assert found.datasets[0].columns[0].type == "decimal(9,2)"
    assert found.datasets[0].source == manifest.Source("shop/orders", "NA", ",")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"version": 1, "pipeline": "p"}, "version 1 is not 2"),
        ({"version": 2}, "pipeline is missing"),
        ({"datasets": [dataset(), dataset()]}, "data set orders is defined twice"),
        ({"datasets": [dataset(key=["no"])]}, "key column no is not one of its columns"),
        ({"datasets": [dataset(key=[])]}, "data set orders: key is missing"),
        ({"datasets": [dataset(partition_by=["days(x)"])]}, "names no column"),
        ({"datasets": [dataset(partition_by=["id; DROP"])]}, "is not an Iceberg transform"),
        ({"datasets": [dataset(columns=[{"name": "Id", "type": "int"}])]}, "lower-case"),
        ({"datasets": [dataset(source={"format": "xml", "path": "x"})]}, "is not one of csv, json"),
        (
            {"datasets": [dataset(source={"format": "csv", "path": "x", "options": {"x": "1"}})]},
            "source.options.x is not one of header, nullValue, sep",
        ),
        ({"tables": [{"name": "t", "key": ["a"]}]}, "table t: sql is missing"),
    ],
)
def test_manifest_errors_name_the_place(document, message):
    with pytest.raises(JobError, match=message):
        manifest.parse(
            document if "version" in document else {"version": 2, "pipeline": "p"} | document
        )


def test_summary_keeps_the_message_only():
    assert summary(JobError("a\nb")) == "a b"
    error = ValueError("[NO_TABLE] not found.; line 1 pos 2;\n'Project [*]\n+- 'Relation")
    assert summary(error) == "ValueError: [NO_TABLE] not found.; line 1 pos 2;"
    assert len(summary(JobError("x" * 5000))) == 1000
