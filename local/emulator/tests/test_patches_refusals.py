"""A call nobody has written, or that fails inside, is an error at once that names the call."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator_process import Endpoint

#: Codes and statuses after which the SDKs for Go, Java and Python try again.
RETRIED_STATUSES = {429, 500, 502, 503, 504}


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str, int]:
    started = time.monotonic()
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert time.monotonic() - started < 5
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert status not in RETRIED_STATUSES
    return answer["Error"]["Code"], answer["Error"]["Message"], status


@pytest.mark.parametrize(
    ("service", "method", "arguments", "call"),
    [
        ("glue", "get_blueprint", {"Name": "x"}, "glue GetBlueprint"),
        ("athena", "list_engine_versions", {}, "athena ListEngineVersions"),
        ("iam", "list_organizations_features", {}, "iam ListOrganizationsFeatures"),
        ("ec2", "describe_fast_launch_images", {}, "ec2 DescribeFastLaunchImages"),
        ("cloudwatch", "list_metric_streams", {}, "cloudwatch ListMetricStreams"),
        ("lakeformation", "list_transactions", {}, "lakeformation ListTransactions"),
        ("outposts", "list_outposts", {}, "outposts ListOutposts"),
    ],
)
def test_an_unknown_call_is_refused_in_every_protocol(
    emulator: Endpoint, service: str, method: str, arguments: dict[str, Any], call: str
) -> None:
    code, message, status = refusal(getattr(emulator.client(service), method), **arguments)
    assert (code, status) == ("UnknownOperationException", 400)
    assert call in message
    assert call in (emulator.state_dir / "emulator.log").read_text()


def test_an_unknown_sub_resource_of_s3_is_refused(emulator: Endpoint, name: str) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"")
    for call, arguments in (
        (s3.get_object_torrent, {"Key": "a"}),
        (s3.get_bucket_metadata_table_configuration, {}),
        (s3.delete_bucket_metadata_table_configuration, {}),
    ):
        code, message, status = refusal(call, Bucket=name, **arguments)
        assert (code, status) == ("NotImplemented", 501)
        assert "s3 " in message
    assert s3.head_bucket(Bucket=name)


def test_an_exception_inside_moto_is_refused_with_its_name(emulator: Endpoint) -> None:
    code, message, status = refusal(
        emulator.client("lakeformation").update_lf_tag, TagKey="none", TagValuesToAdd=["a"]
    )
    assert (code, status) == ("EmulatorInternalFailure", 400)
    assert "lakeformation UpdateLFTag: KeyError" in message
    assert "Traceback" in (emulator.state_dir / "emulator.log").read_text()


def test_an_error_moto_raises_on_purpose_is_left_alone(emulator: Endpoint) -> None:
    code, _, _ = refusal(emulator.client("glue").get_database, Name="none")
    assert code == "EntityNotFoundException"


def test_nothing_is_answered_with_html(emulator: Endpoint) -> None:
    authorization = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/{}/aws4_request, x"
    for service in ("lakeformation", "glue", "iam", "ec2", "s3", "nosuchservice"):
        request = urllib.request.Request(
            f"{emulator.endpoint}/no/such/path?none",
            method="POST",
            data=b"",
            headers={"Authorization": authorization.format(service)},
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=5)
        answer = caught.value
        assert answer.code not in RETRIED_STATUSES
        assert "html" not in answer.headers.get("Content-Type", "")
        assert b"<html" not in answer.read().lower()
