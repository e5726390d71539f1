"""Jobs and crawlers with IAM enforced: they may do what their role may do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from authorization_support import ACCOUNT, Account, allow, allowed, trust
from conftest import wait_for

REGION = f"us-east-1:{ACCOUNT}"
GLUE = {"Service": "glue.amazonaws.com"}
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}

COPY = """
import boto3
s3 = boto3.client("s3")
body = s3.get_object(Bucket="NAME", Key="in/rows.csv")["Body"].read()
s3.put_object(Bucket="NAME", Key="out/rows.csv", Body=body)
print(boto3.client("sts").get_caller_identity()["Arn"])
"""

ICEBERG_CONF = (
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    " --conf spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog"
    " --conf spark.sql.catalog.lake.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog"
    " --conf spark.sql.catalog.lake.io-impl=org.apache.iceberg.aws.s3.S3FileIO"
)

ICEBERG = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.read.option("header", "true").csv("s3://NAME/in/").createOrReplaceTempView("rows")
spark.sql("CREATE TABLE lake.NAME.items (id int) USING iceberg LOCATION 's3://NAME/items'")
spark.sql("INSERT INTO lake.NAME.items SELECT cast(id AS int) FROM rows")
"""


def deploy(account: Account, name: str, script: str, role: str, **more: Any) -> None:
    """A bucket with the data and the script, and a job with the role."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="code/job.py", Body=script.replace("NAME", name).encode())
    s3.put_object(Bucket=name, Key="in/rows.csv", Body=b"id\n1\n2\n")
    kind = "glueetl" if more else "pythonshell"
    account.client("glue").create_job(
        Name=name,
        Role=role,
        Command={"Name": kind, "ScriptLocation": f"s3://{name}/code/job.py"},
        GlueVersion="5.1",
        **more,
    )


def run(account: Account, name: str) -> dict[str, Any]:
    """Run the job to its end."""
    glue = account.client("glue")
    run_id = glue.start_job_run(JobName=name)["JobRunId"]

    def ended() -> dict[str, Any] | None:
        found = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return found if found["JobRunState"] in ENDED else None

    return wait_for(ended, "the end of the run", 180)


def test_a_job_may_do_what_its_role_may(account: Account, name: str) -> None:
    arn = f"arn:aws:s3:::{name}"
    reads = allow("s3:GetObject", [f"{arn}/code/*", f"{arn}/in/*"])
    role = account.role(name, trust(GLUE), reads)
    deploy(account, name, COPY, role)
    ended = run(account, name)
    assert ended["JobRunState"] == "FAILED"
    assert "s3:PutObject" in ended["ErrorMessage"]
    assert f"assumed-role/{name}/GlueJobRunnerSession" in ended["ErrorMessage"]
    account.iam.put_role_policy(
        RoleName=name,
        PolicyName="write",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": allow("s3:PutObject", f"{arn}/out/*")}
        ),
    )
    ended = run(account, name)
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")


def test_the_script_is_read_with_the_role(account: Account, name: str) -> None:
    role = account.role(name, trust(GLUE))
    deploy(account, name, COPY, role)
    ended = run(account, name)
    assert ended["JobRunState"] == "FAILED"
    assert "s3:GetObject" in ended["ErrorMessage"]


@pytest.mark.parametrize(
    ("principal", "condition", "trusted"),
    [
        (GLUE, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        (GLUE, {"ArnLike": {"aws:SourceArn": f"arn:aws:glue:{REGION}:job/NAME"}}, True),
        (GLUE, {"StringEquals": {"aws:SourceAccount": "999999999999"}}, False),
        (GLUE, {"ArnLike": {"aws:SourceArn": f"arn:aws:glue:{REGION}:job/other"}}, False),
        ({"Service": "ec2.amazonaws.com"}, {}, False),
    ],
)
def test_the_role_must_trust_glue(
    account: Account, name: str, principal: Any, condition: Any, trusted: bool
) -> None:
    condition = json.loads(json.dumps(condition).replace("NAME", name))
    trusting = trust(principal, Condition=condition)
    role = account.role(name, trusting, allow("s3:*", f"arn:aws:s3:::{name}/*"))
    deploy(account, name, COPY, role)
    ended = run(account, name)
    if trusted:
        assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")
    else:
        assert ended["JobRunState"] == "FAILED"
        assert "assume role permissions for Glue" in ended["ErrorMessage"]


def test_spark_uses_the_session_of_the_role(account: Account, name: str) -> None:
    """Hadoop's S3A reads the CSV, Iceberg's own client writes, and its catalog commits."""
    account.client("glue").create_database(DatabaseInput={"Name": name})
    catalog = [
        f"arn:aws:glue:{REGION}:catalog",
        f"arn:aws:glue:{REGION}:database/{name}",
        f"arn:aws:glue:{REGION}:table/{name}/*",
    ]
    arn = f"arn:aws:s3:::{name}"
    role = account.role(
        name,
        trust(GLUE),
        # Without the slash: Hadoop first looks whether the folder is an object.
        allow("s3:GetObject", [f"{arn}/code/*", f"{arn}/in*", f"{arn}/items/*"]),
        allow(["s3:PutObject", "s3:DeleteObject"], f"{arn}/items/*"),
        allow("s3:ListBucket", arn),
        allow(["glue:GetDatabase", "glue:GetTable", "glue:CreateTable"], catalog),
    )
    deploy(
        account,
        name,
        ICEBERG,
        role,
        DefaultArguments={"--datalake-formats": "iceberg", "--conf": ICEBERG_CONF},
    )
    ended = run(account, name)
    assert ended["JobRunState"] == "FAILED"
    # Iceberg keeps what Glue said to itself: it may not call UpdateTable.
    assert "Cannot commit" in ended["ErrorMessage"]
    assert "Glue cannot access the requested resources" in ended["ErrorMessage"]
    account.client("glue").delete_table(DatabaseName=name, Name="items")
    account.iam.put_role_policy(
        RoleName=name,
        PolicyName="commit",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": allow("glue:UpdateTable", catalog)}
        ),
    )
    ended = run(account, name)
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")


def test_a_crawler_may_do_what_its_role_may(account: Account, name: str) -> None:
    s3, glue = account.client("s3"), account.client("glue")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="rows/a.csv", Body=b"id,label\n1,a\n2,b\n")
    glue.create_database(DatabaseInput={"Name": name})
    arn = f"arn:aws:s3:::{name}"
    role = account.role(
        name, trust(GLUE), allow("s3:ListBucket", arn), allow("s3:GetObject", f"{arn}/*")
    )
    glue.create_crawler(
        Name=name,
        Role=role,
        DatabaseName=name,
        Targets={"S3Targets": [{"Path": f"s3://{name}/rows/"}]},
    )

    def crawl() -> dict[str, Any]:
        glue.start_crawler(Name=name)

        def ended() -> dict[str, Any] | None:
            found = glue.get_crawler(Name=name)["Crawler"]
            return found["LastCrawl"] if found["State"] == "READY" else None

        return wait_for(ended, "the end of the crawl")

    last = crawl()
    assert last["Status"] == "FAILED"
    assert "glue:" in last["ErrorMessage"]
    account.iam.put_role_policy(
        RoleName=name,
        PolicyName="catalog",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow("glue:*")}),
    )
    assert crawl()["Status"] == "SUCCEEDED"
    assert glue.get_tables(DatabaseName=name)["TableList"]


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("ResumeWorkflowRun", {"RunId": "wr_none", "NodeIds": ["wnode_none"]}),
        ("GetWorkflowRuns", {}),
        ("GetWorkflowRunProperties", {"RunId": "wr_none"}),
        ("PutWorkflowRunProperties", {"RunId": "wr_none", "RunProperties": {"a": "b"}}),
    ],
)
def test_runs_of_a_workflow_are_allowed_by_its_name(
    account: Account, name: str, action: str, more: dict[str, Any]
) -> None:
    account.client("glue").create_workflow(Name=name)
    account.client("glue").create_workflow(Name=f"{name}x")
    user = account.user(name, allow(f"glue:{action}", f"arn:aws:glue:{REGION}:workflow/{name}"))
    operation = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
    call = getattr(user.client("glue"), operation)
    assert allowed(call, Name=name, **more)
    assert not allowed(call, Name=f"{name}x", **more)
