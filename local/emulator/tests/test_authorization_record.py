"""Calls are recorded without enforcement too, and then nothing is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from authorization_support import ACCOUNT
from conftest import Endpoint, read_json, start_emulator, stop, wait_for


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An emulator that records and enforces nothing."""
    state_dir = tmp_path_factory.mktemp("recording")
    process = start_emulator(state_dir, "--record-calls", str(state_dir / "calls.jsonl"))
    try:
        state = wait_for(lambda: read_json(state_dir / "emulator.json"), "the emulator's start")
        assert state["enforceIam"] is False
        yield Endpoint(state["endpoint"], state_dir)
    finally:
        stop(process)


def records(endpoint: Endpoint, name: str) -> list[dict[str, Any]]:
    """The lines that are about this test."""
    file: Path = endpoint.state_dir / "calls.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines() if name in line]


def test_a_user_without_rights_is_recorded_and_not_refused(recording: Endpoint, name: str) -> None:
    iam = recording.client("iam")
    iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "data"}])
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    recording.client("sqs", aws_access_key_id=key).create_queue(QueueName=name)
    found = {record["action"]: record for record in records(recording, name)}
    assert found["sqs:CreateQueue"]["principal"] == f"arn:aws:iam::{ACCOUNT}:user/{name}"
    assert found["sqs:CreateQueue"]["allowed"]
    assert found["iam:CreateUser"]["principal"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert found["iam:TagUser"]["implied"]
    assert found["iam:CreateUser"]["context"] == {
        "aws:RequestTag/team": "data",
        "aws:TagKeys": ["team"],
    }


def test_a_passed_role_is_recorded(recording: Endpoint, name: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    command = {"Name": "glueetl", "ScriptLocation": "s3://b/k.py"}
    recording.client("glue").create_job(Name="job", Role=role, Command=command)
    (passed,) = records(recording, name)
    assert passed["action"] == "iam:PassRole" and passed["implied"]
    assert passed["context"] == {"iam:PassedToService": "glue.amazonaws.com"}


def test_a_call_no_table_has_is_recorded_without_resources(recording: Endpoint) -> None:
    recording.client("sns").list_phone_numbers_opted_out()
    (found,) = records(recording, "ListPhoneNumbersOptedOut")
    assert found["action"] == "sns:ListPhoneNumbersOptedOut"
    assert found["resources"] == []


def test_the_content_of_an_object_arrives_whole(recording: Endpoint, name: str) -> None:
    """The request was read once before moto reads it."""
    s3 = recording.client("s3")
    s3.create_bucket(Bucket=name)
    body = bytes(range(256)) * 4096
    for content_type in ("application/octet-stream", "application/json", "text/xml"):
        s3.put_object(Bucket=name, Key="k", Body=body, ContentType=content_type)
        assert s3.get_object(Bucket=name, Key="k")["Body"].read() == body
