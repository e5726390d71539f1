"""Which run the gate judges, also when it is resumed: in a real emulator's workflow."""

import boto3
import pytest
from tarn_jobs import quality_run
from tarn_jobs.errors import JobError
from test_metrics import job

pytest_plugins = ["aws_emulator"]


@pytest.fixture
def reports(tmp_path):
    """Return the folder of reports and a function that writes one of raw-to-staged."""

    def write(run):
        path = tmp_path / run / "raw-to-staged.json"
        path.parent.mkdir(parents=True)
        path.write_text("{}", encoding="utf-8")

    return f"file://{tmp_path}", write


@pytest.fixture(scope="module")
def bucket(endpoint):
    return "quality-run-scripts"


def make_workflow(bucket):
    """Make a workflow of one job, which fails."""
    s3, glue = boto3.client("s3"), boto3.client("glue")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="fails.py", Body=b"raise SystemExit(1)\n")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    role = boto3.client("iam").create_role(RoleName="gate", AssumeRolePolicyDocument=trust)
    glue.create_job(
        Name="gate",
        Role=role["Role"]["Arn"],
        Command={
            "Name": "pythonshell",
            "ScriptLocation": f"s3://{bucket}/fails.py",
            "PythonVersion": "3.9",
        },
        MaxCapacity=0.0625,
    )
    glue.create_workflow(Name="flow")
    glue.create_trigger(
        Name="start", WorkflowName="flow", Type="ON_DEMAND", Actions=[{"JobName": "gate"}]
    )


def completed(run, eventually):
    """Return a workflow run when it is over."""
    glue = boto3.client("glue")

    def look():
        found = glue.get_workflow_run(Name="flow", RunId=run, IncludeGraph=True)["Run"]
        return found if found["Status"] == "COMPLETED" else None

    return eventually(look, "the end of the workflow run", 120)


def gate_of(run, uri):
    return job(workflow_name="flow", workflow_run_id=run, report_uri=uri)


def test_a_resumed_gate_judges_what_the_run_before_has_staged(aws, bucket, reports, eventually):
    uri, write = reports
    make_workflow(bucket)
    glue = boto3.client("glue")
    first = glue.start_workflow_run(Name="flow")["RunId"]
    with pytest.raises(JobError, match="raw-to-staged has not run"):
        quality_run.that_staged(gate_of(first, uri))
    write(first)
    assert quality_run.that_staged(gate_of(first, uri)) == first

    run = first
    for _ in range(2):  # resumed, and the resumed run resumed again
        nodes = completed(run, eventually)["Graph"]["Nodes"]
        node = next(node["UniqueId"] for node in nodes if node["Name"] == "gate")
        run = glue.resume_workflow_run(Name="flow", RunId=run, NodeIds=[node])["RunId"]
    assert run != first
    assert quality_run.that_staged(gate_of(run, uri)) == first
    # Resumed at raw-to-staged, the new run has a report of its own.
    write(run)
    assert quality_run.that_staged(gate_of(run, uri)) == run


def test_a_job_outside_of_a_workflow_judges_its_own_run(reports):
    assert quality_run.that_staged(job(workflow_run_id=None, report_uri=reports[0])) == "jr_1"


def test_reports_in_s3(aws, bucket):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=f"{bucket}-reports")
    uri = f"s3://{bucket}-reports/reports"
    assert not quality_run._has_report(gate_of("wr_1", uri), "wr_1")
    s3.put_object(Bucket=f"{bucket}-reports", Key="reports/wr_1/raw-to-staged.json", Body=b"{}")
    assert quality_run._has_report(gate_of("wr_1", uri), "wr_1")
