"""Files that arrive: S3's events, the rules they match, queues, topics and workflows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from authorization_support import ACCOUNT, Account, allow, policy, trust
from conftest import Endpoint, wait_for
from test_execution_jobs import make_job

R = f"us-east-1:{ACCOUNT}"
EVENTS = "events.amazonaws.com"


@dataclass
class Arrivals:
    """A bucket that tells EventBridge, a rule, its queue, its dead-letter queue and a key."""

    client: Any  # makes the client of a service
    name: str

    @property
    def rule_arn(self) -> str:
        """The ARN of the rule."""
        return f"arn:aws:events:{R}:rule/{self.name}"

    def make(self, *, sender: str = EVENTS, key_user: str = EVENTS, **rule: Any) -> None:
        """Make everything; the rule sends to the queue what is below raw/."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=self.name)
        s3.put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        key = self.key(key_user)
        for queue in (self.name, f"{self.name}-dead"):
            service = sender if queue == self.name else EVENTS
            self.queue(queue, service, key if queue == self.name else self.key(EVENTS))
        pattern = {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [self.name]},
                "object": {"key": [{"prefix": "raw/"}], "size": [{"numeric": [">", 0]}]},
            },
        }
        rule.setdefault("EventPattern", json.dumps(pattern))
        self.client("events").put_rule(Name=self.name, **rule)
        self.target("queue", Arn=f"arn:aws:sqs:{R}:{self.name}")

    def key(self, service: str) -> str:
        """A key that the account and a service may use, the latter for rules of this account."""
        statements = [
            allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
            allow(
                ["kms:GenerateDataKey", "kms:Decrypt"],
                Principal={"Service": service},
                Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            ),
        ]
        return self.client("kms").create_key(Policy=policy(*statements))["KeyMetadata"]["Arn"]

    def queue(self, name: str, service: str, key: str, **attributes: str) -> str:
        """A queue that the rule may send to; returns its address."""
        condition = {
            "ArnEquals": {"aws:SourceArn": self.rule_arn},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        }
        arn = f"arn:aws:sqs:{R}:{name}"
        allowed = allow("sqs:SendMessage", arn, Principal={"Service": service}, Condition=condition)
        given = {"KmsMasterKeyId": key, "Policy": policy(allowed), **attributes}
        return self.client("sqs").create_queue(QueueName=name, Attributes=given)["QueueUrl"]

    def target(self, id_: str, **target: Any) -> None:
        """Add a target whose failures go to the dead-letter queue."""
        dead = {"Arn": f"arn:aws:sqs:{R}:{self.name}-dead"}
        self.client("events").put_targets(
            Rule=self.name, Targets=[{"Id": id_, "DeadLetterConfig": dead, **target}]
        )

    def put(self, key: str, body: bytes = b"1\n") -> None:
        """Put a file into the bucket."""
        self.client("s3").put_object(Bucket=self.name, Key=key, Body=body)

    def receive(self, queue: str = "") -> list[dict[str, Any]]:
        """The messages that are in a queue, which are taken out."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=queue or self.name)["QueueUrl"]
        found = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def keys(self, count: int) -> list[str]:
        """The keys of the objects that so many messages are about, in their order."""
        found: list[str] = []

        def enough() -> bool:
            found.extend(json.loads(m["Body"])["detail"]["object"]["key"] for m in self.receive())
            return len(found) >= count

        wait_for(enough, f"{count} messages", 10)
        return found

    def flow(self, **trigger: Any) -> None:
        """A workflow with one job that the rule starts."""
        glue = self.client("glue")
        glue.create_workflow(Name=self.name)
        glue.create_trigger(
            Name=f"{self.name}-start",
            WorkflowName=self.name,
            Type="EVENT",
            Actions=[{"JobName": f"{self.name}-job"}],
            **trigger,
        )
        self.target(
            "workflow",
            Arn=f"arn:aws:glue:{R}:workflow/{self.name}",
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{self.name}",
        )

    def runs(self) -> list[dict[str, Any]]:
        """The runs of the workflow."""
        return self.client("glue").get_workflow_runs(Name=self.name)["Runs"]


@pytest.fixture
def arrivals(emulator: Endpoint, name: str) -> Arrivals:
    """Nothing made yet."""
    return Arrivals(emulator.client, name)


def test_a_file_below_the_prefix_is_told_and_one_beside_it_is_not(arrivals: Arrivals) -> None:
    arrivals.make()
    arrivals.client("s3").put_bucket_versioning(
        Bucket=arrivals.name, VersioningConfiguration={"Status": "Enabled"}
    )
    arrivals.put("other/a.csv")
    arrivals.put("raw/", b"")  # a folder, as consoles make them
    arrivals.put("raw/empty.csv", b"")
    arrivals.put("raw/a b.csv", b"12345")
    (message,) = wait_for(arrivals.receive, "the message", 10)
    event = json.loads(message["Body"])

    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert (event["account"], event["region"]) == (ACCOUNT, "us-east-1")
    assert event["resources"] == [f"arn:aws:s3:::{arrivals.name}"]
    assert event["time"].endswith("Z") and len(event["id"]) == 36
    assert "ingestion-time" not in event
    detail = event["detail"]
    assert (detail["bucket"], detail["reason"]) == ({"name": arrivals.name}, "PutObject")
    head = arrivals.client("s3").head_object(Bucket=arrivals.name, Key="raw/a b.csv")
    assert detail["object"].pop("sequencer")
    assert detail["object"] == {
        "key": "raw/a b.csv",
        "size": 5,
        "etag": head["ETag"].strip('"'),
        "version-id": head["VersionId"],
    }
    assert arrivals.receive() == []


def test_copies_and_parts_are_told_once(arrivals: Arrivals) -> None:
    arrivals.make()
    s3, bucket = arrivals.client("s3"), arrivals.name
    arrivals.put("raw/1")
    s3.copy_object(Bucket=bucket, Key="raw/2", CopySource=f"{bucket}/raw/1")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="raw/3")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="raw/3", UploadId=upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="raw/3", UploadId=upload, MultipartUpload=parts)
    s3.delete_object(Bucket=bucket, Key="raw/1")
    arrivals.put("raw/last")

    assert arrivals.keys(4) == ["raw/1", "raw/2", "raw/3", "raw/last"]


def test_versions_and_delete_markers_are_deleted_in_a_bucket_that_tells(
    arrivals: Arrivals,
) -> None:
    arrivals.make()
    s3 = arrivals.client("s3")
    s3.put_bucket_versioning(Bucket=arrivals.name, VersioningConfiguration={"Status": "Enabled"})
    arrivals.put("raw/a.csv")
    s3.delete_object(Bucket=arrivals.name, Key="raw/a.csv")
    found = s3.list_object_versions(Bucket=arrivals.name)
    versions = [*found["Versions"], *found["DeleteMarkers"]]
    objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
    answer = s3.delete_objects(Bucket=arrivals.name, Delete={"Objects": objects})
    assert len(answer["Deleted"]) == 2
    assert "Versions" not in s3.list_object_versions(Bucket=arrivals.name)


def test_a_rule_that_is_off_tells_nothing(arrivals: Arrivals) -> None:
    arrivals.make(State="DISABLED")
    arrivals.put("raw/1")
    arrivals.client("events").enable_rule(Name=arrivals.name)
    arrivals.put("raw/2")
    assert arrivals.keys(1) == ["raw/2"]


def test_a_workflow_is_started_after_enough_files(arrivals: Arrivals, emulator: Endpoint) -> None:
    make_job(emulator, f"{arrivals.name}-job", "print('fine')")
    arrivals.make()
    arrivals.flow(EventBatchingCondition={"BatchSize": 2, "BatchWindow": 900})
    arrivals.put("raw/1")
    arrivals.put("other/1")
    (first,) = wait_for(arrivals.receive, "the first message", 10)
    assert arrivals.runs() == []
    arrivals.put("raw/2")
    (second,) = wait_for(arrivals.receive, "the second message", 10)
    (run,) = wait_for(arrivals.runs, "the run", 10)

    ids = [json.loads(message["Body"])["id"] for message in (first, second)]
    assert run["WorkflowRunProperties"] == {"aws:eventIds": f"[{', '.join(ids)}]"}
    wait_for(lambda: arrivals.runs()[0]["Status"] == "COMPLETED", "the end of the run", 60)
    assert arrivals.runs()[0]["Statistics"]["SucceededActions"] == 1
    assert len(arrivals.runs()) == 1


def test_a_workflow_is_started_when_its_time_is_over(
    arrivals: Arrivals, emulator: Endpoint
) -> None:
    make_job(emulator, f"{arrivals.name}-job", "print('fine')")
    arrivals.make()
    arrivals.flow(EventBatchingCondition={"BatchSize": 100, "BatchWindow": 1})
    arrivals.put("raw/1")
    arrivals.put("raw/2")
    (run,) = wait_for(arrivals.runs, "the run", 10)
    assert run["WorkflowRunProperties"]["aws:eventIds"].count(",") == 1


def test_a_trigger_that_was_stopped_starts_nothing(arrivals: Arrivals) -> None:
    arrivals.make()
    arrivals.flow()
    arrivals.client("glue").stop_trigger(Name=f"{arrivals.name}-start")
    arrivals.put("raw/1")
    (message,) = wait_for(lambda: arrivals.receive(f"{arrivals.name}-dead"), "the failure", 10)
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    assert arrivals.runs() == []
    assert told["RULE_ARN"] == arrivals.rule_arn
    assert told["TARGET_ARN"].endswith(f":workflow/{arrivals.name}")
    assert "no start trigger of the type EVENT" in told["ERROR_MESSAGE"]
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "raw/1"
    assert arrivals.keys(1) == ["raw/1"]  # the other target has got it


@pytest.mark.parametrize(
    "refusing", [{"sender": "lambda.amazonaws.com"}, {"key_user": "lambda.amazonaws.com"}]
)
def test_queue_and_key_must_let_the_rule_in(arrivals: Arrivals, refusing: dict[str, str]) -> None:
    arrivals.make(**refusing)
    arrivals.put("raw/1")
    (message,) = wait_for(lambda: arrivals.receive(f"{arrivals.name}-dead"), "the failure", 10)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert arrivals.receive() == []


def test_a_queue_gives_up_on_what_nobody_deletes(arrivals: Arrivals) -> None:
    arrivals.make()
    sqs = arrivals.client("sqs")
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{R}:{arrivals.name}-dead", "maxReceiveCount": 2}
    url = sqs.get_queue_url(QueueName=arrivals.name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(redrive)})
    arrivals.put("raw/1")
    for attempt in ("first", "second"):
        wait_for(
            lambda: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages"),
            f"the {attempt} message",
            10,
        )
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    (message,) = wait_for(lambda: arrivals.receive(f"{arrivals.name}-dead"), "the message", 10)
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "raw/1"


def test_a_failed_job_is_told_to_the_people(arrivals: Arrivals, emulator: Endpoint) -> None:
    """As pkg/alerting does it: one rule for jobs and crawlers, one text for both."""
    job = make_job(emulator, f"{arrivals.name}-job", "raise SystemExit('disk full')")
    sns = arrivals.client("sns")
    topic = sns.create_topic(Name=arrivals.name)["TopicArn"]
    arrivals.make(
        EventPattern=json.dumps(
            {
                "source": ["aws.glue"],
                "$or": [
                    {
                        "detail-type": ["Glue Job State Change"],
                        "detail": {"jobName": [job], "state": ["FAILED", "ERROR"]},
                    },
                    {
                        "detail-type": ["Glue Crawler State Change"],
                        "detail": {"crawlerName": ["c"], "state": ["Failed"]},
                    },
                ],
            }
        )
    )
    people = f"{arrivals.name}-people"
    arrivals.client("sqs").create_queue(QueueName=people)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{R}:{people}")
    arrivals.target(
        "alert",
        Arn=topic,
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{arrivals.name}",
        InputTransformer={
            "InputPathsMap": {
                "job": "$.detail.jobName",
                "crawler": "$.detail.crawlerName",
                "state": "$.detail.state",
                "message": "$.detail.message",
            },
            "InputTemplate": '"<job><crawler> ended <state>. <message>"',
        },
    )
    run = arrivals.client("glue").start_job_run(JobName=job)["JobRunId"]
    (message,) = wait_for(lambda: arrivals.receive(people), "the alert", 60)
    text = json.loads(message["Body"])["Message"]
    assert json.loads(text).startswith(f"{job} ended FAILED. ")
    (event,) = arrivals.receive()
    assert json.loads(event["Body"])["detail"]["jobRunId"] == run


def test_roles_of_targets_are_judged(account: Account, name: str) -> None:
    arrivals = Arrivals(account.client, name)
    arrivals.make()
    workflow = f"arn:aws:glue:{R}:workflow/{name}"
    of_rule = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": "x"}}
    account.role(name, trust({"Service": EVENTS}, Condition=of_rule))
    arrivals.flow(EventBatchingCondition={"BatchSize": 1})
    account.client("glue").update_trigger(
        Name=f"{name}-start", TriggerUpdate={"Name": f"{name}-start", "Actions": []}
    )

    def failure() -> str:
        arrivals.put("raw/1")
        (message,) = wait_for(lambda: arrivals.receive(f"{name}-dead"), "the failure", 10)
        return message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]

    assert "sts:AssumeRole" in failure()
    of_rule["ArnLike"]["aws:SourceArn"] = arrivals.rule_arn
    account.iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=trust({"Service": EVENTS}, Condition=of_rule)
    )
    assert "glue:NotifyEvent" in failure()
    account.iam.put_role_policy(
        RoleName=name, PolicyName="may", PolicyDocument=policy(allow("glue:NotifyEvent", workflow))
    )
    arrivals.put("raw/1")
    assert wait_for(arrivals.runs, "the run", 10)


def test_metrics_come_back_with_their_dimensions(emulator: Endpoint, name: str) -> None:
    cloudwatch = emulator.client("cloudwatch")
    of = [{"Name": "Pipeline", "Value": name}, {"Name": "Job", "Value": "raw-to-staged"}]
    data = {"MetricName": "DurationSeconds", "Dimensions": of, "Unit": "Seconds"}
    cloudwatch.put_metric_data(
        Namespace="Tarn",
        MetricData=[{**data, "Value": 12.5}, {**data, "Value": 2.5}],
    )
    (listed,) = cloudwatch.list_metrics(Namespace="Tarn", Dimensions=of[:1])["Metrics"]
    assert listed["MetricName"] == "DurationSeconds"
    assert sorted(d["Name"] for d in listed["Dimensions"]) == ["Job", "Pipeline"]

    def sums(dimensions: list[dict[str, str]]) -> list[float]:
        metric = {"Namespace": "Tarn", "MetricName": "DurationSeconds", "Dimensions": dimensions}
        return cloudwatch.get_metric_data(
            MetricDataQueries=[
                {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
            ],
            StartTime=datetime.now(UTC) - timedelta(minutes=5),
            EndTime=datetime.now(UTC) + timedelta(minutes=5),
        )["MetricDataResults"][0]["Values"]

    assert sum(sums(of)) == 15
    assert sums(of[:1]) == []  # a metric is all of its dimensions
