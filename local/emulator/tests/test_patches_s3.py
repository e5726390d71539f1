"""S3 over HTTP: bucket policies with conditions, and configurations that come back as put."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from emulator_process import Endpoint, read_json
from moto.s3.utils import _VersionedKeyStore
from tarn_emulator.patches.s3_versions import iterlists, setlist

KEY = "arn:aws:kms:us-east-1:123456789012:key/good"
OTHER_KEY = "arn:aws:kms:us-east-1:123456789012:key/other"
SSE = "s3:x-amz-server-side-encryption"
SSE_KEY = f"{SSE}-aws-kms-key-id"


def deny(name: str, sid: str, condition: dict[str, Any], action: Any = "s3:*") -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": condition,
    }


def bucket(aws: Endpoint, name: str, *statements: dict[str, Any]) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return s3


def denied(call: Callable[..., Any], **arguments: Any) -> str:
    """The message of the AccessDenied a call must get."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return caught.value.response["Error"]["Message"]


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_loopback_http_counts_as_tls(emulator: Endpoint, name: str) -> None:
    s3 = bucket(
        emulator,
        name,
        deny(name, "Tls", {"Bool": {"aws:SecureTransport": "false"}}),
        deny(name, "OldTls", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    )
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"1"
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 1


def wrong_key(name: str) -> list[dict[str, Any]]:
    """The usual pair: no header is fine (default encryption does it), a wrong one is not."""
    put = "s3:PutObject"
    return [
        deny(
            name,
            "WrongAlgorithm",
            {"Null": {SSE: "false"}, "StringNotEquals": {SSE: "aws:kms"}},
            put,
        ),
        deny(
            name, "WrongKey", {"Null": {SSE_KEY: "false"}, "StringNotEquals": {SSE_KEY: KEY}}, put
        ),
    ]


def test_a_put_without_headers_looks_that_way_despite_default_encryption(
    emulator: Endpoint, name: str
) -> None:
    s3 = bucket(emulator, name, *wrong_key(name))
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": True}]
        },
    )
    for _ in range(2):
        s3.put_object(Bucket=name, Key="a", Body=b"1")
    assert s3.head_object(Bucket=name, Key="a")["SSEKMSKeyId"] == KEY
    s3.put_object(Bucket=name, Key="a", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY)
    put = {"Bucket": name, "Key": "a", "Body": b"1"}
    message = denied(s3.put_object, **put, ServerSideEncryption="aws:kms", SSEKMSKeyId=OTHER_KEY)
    assert "statement WrongKey" in message
    assert "s3:PutObject" in message
    assert "WrongAlgorithm" in denied(s3.put_object, **put, ServerSideEncryption="AES256")


def test_a_policy_that_demands_the_header_refuses_a_put_without(
    emulator: Endpoint, name: str
) -> None:
    demand = deny(name, "Demand", {"StringNotEquals": {SSE: "aws:kms"}}, "s3:PutObject")
    s3 = bucket(emulator, name, demand)
    denied(s3.put_object, Bucket=name, Key="a", Body=b"1")
    s3.put_object(Bucket=name, Key="a", Body=b"1", ServerSideEncryption="aws:kms")


def test_parts_of_an_upload_carry_the_encryption_it_was_started_with(
    emulator: Endpoint, name: str
) -> None:
    demand = deny(name, "Demand", {"StringNotEquals": {SSE: "aws:kms"}}, "s3:PutObject")
    s3 = bucket(emulator, name, demand)
    upload = {"Bucket": name, "Key": "a"}
    denied(s3.create_multipart_upload, **upload)
    started = s3.create_multipart_upload(**upload, ServerSideEncryption="aws:kms")
    upload["UploadId"] = started["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"1")
    parts = [{"ETag": part["ETag"], "PartNumber": 1}]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def test_a_copy_is_judged_at_both_ends(emulator: Endpoint, name: str) -> None:
    secret = deny(name, "Secret", {"StringLike": {"aws:PrincipalArn": "*"}}, "s3:GetObject")
    s3 = bucket(emulator, name, secret)
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    bucket(emulator, f"{name}-to")
    message = denied(
        s3.copy_object, Bucket=f"{name}-to", Key="a", CopySource={"Bucket": name, "Key": "a"}
    )
    assert f'"arn:aws:s3:::{name}/a"' in message


def test_listing_is_judged_by_prefix(emulator: Endpoint, name: str) -> None:
    only_open = {"StringNotLike": {"s3:prefix": ["open/*", ""]}}
    s3 = bucket(emulator, name, deny(name, "Open", only_open, "s3:ListBucket"))
    assert s3.list_objects_v2(Bucket=name, Prefix="open/x")["KeyCount"] == 0
    denied(s3.list_objects_v2, Bucket=name, Prefix="secret/")
    # A request without the key does not match: the negated operator is true.
    denied(s3.list_objects_v2, Bucket=name)


def test_outside_the_endpoint_of_a_vpc_everything_is_denied(emulator: Endpoint, name: str) -> None:
    inside = deny(name, "Vpce", {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, "s3:GetObject")
    s3 = bucket(emulator, name, inside)
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    denied(s3.get_object, Bucket=name, Key="a")


def session_of(emulator: Endpoint, name: str, team: str) -> Any:
    """S3 as a role with a tag."""
    role = emulator.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}',
        Tags=[{"Key": "team", "Value": team}],
    )["Role"]["Arn"]
    assumed = emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="run1")
    keys = assumed["Credentials"]
    return emulator.client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_the_tags_and_the_arn_of_the_principal_count(emulator: Endpoint, name: str) -> None:
    own_team = {"StringNotEquals": {"aws:PrincipalTag/team": "lake"}}
    not_b = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::123456789012:role/{name}b"}}
    bucket(
        emulator,
        name,
        deny(name, "Team", own_team, "s3:PutObject"),
        deny(name, "NotB", not_b, "s3:GetObject"),
    )
    lake, other = (session_of(emulator, f"{name}{one}", one) for one in ("lake", "b"))
    lake.put_object(Bucket=name, Key="a", Body=b"1")
    assert lake.get_object(Bucket=name, Key="a")["Body"].read() == b"1"
    assert f"assumed-role/{name}b/run1" in denied(other.put_object, Bucket=name, Key="a", Body=b"")
    denied(other.get_object, Bucket=name, Key="a")


def test_the_root_of_the_account_has_its_own_arn(emulator: Endpoint, name: str) -> None:
    but_root = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:root"}}
    root = bucket(emulator, name, deny(name, "OnlyRoot", but_root, "s3:PutObject"))
    root.put_object(Bucket=name, Key="a", Body=b"1")
    denied(session_of(emulator, f"{name}c", "lake").put_object, Bucket=name, Key="a", Body=b"")


def test_object_tags_count(emulator: Endpoint, name: str) -> None:
    tagged = {"StringEquals": {"s3:ExistingObjectTag/secret": "yes"}}
    untagged = {"Null": {"s3:RequestObjectTag/owner": "true"}}
    s3 = bucket(
        emulator,
        name,
        deny(name, "Secret", tagged, "s3:GetObject"),
        deny(name, "Owner", untagged, "s3:PutObject"),
    )
    denied(s3.put_object, Bucket=name, Key="a", Body=b"1")
    s3.put_object(Bucket=name, Key="a", Body=b"1", Tagging="owner=me")
    s3.put_object(Bucket=name, Key="b", Body=b"1", Tagging="owner=me&secret=yes")
    s3.get_object(Bucket=name, Key="a")
    denied(s3.get_object, Bucket=name, Key="b")


def test_keys_of_a_bulk_delete_are_judged_one_by_one(emulator: Endpoint, name: str) -> None:
    keep = deny(name, "Keep", {"StringLike": {"aws:PrincipalArn": "*"}}, "s3:DeleteObject")
    s3 = bucket(emulator, name, {**keep, "Resource": f"arn:aws:s3:::{name}/keep/*"})
    for key in ("keep/a", "b"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "keep/a"}, {"Key": "b"}]})
    assert [one["Key"] for one in answer["Errors"]] == ["keep/a"]
    assert [one["Key"] for one in answer["Deleted"]] == ["b"]


def test_a_version_has_actions_of_its_own(emulator: Endpoint, name: str) -> None:
    everybody = {"StringLike": {"aws:PrincipalArn": "*"}}
    s3 = bucket(emulator, name, deny(name, "Versions", everybody, "s3:GetObjectVersion"))
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=name, Key="a", Body=b"1")["VersionId"]
    s3.get_object(Bucket=name, Key="a")
    denied(s3.get_object, Bucket=name, Key="a", VersionId=version)


def test_bucket_calls_are_judged_by_their_iam_action(emulator: Endpoint, name: str) -> None:
    everybody = {"StringLike": {"aws:PrincipalArn": "*"}}
    actions = ["s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration"]
    s3 = bucket(emulator, name, deny(name, "Fixed", everybody, actions))
    denied(s3.delete_bucket_lifecycle, Bucket=name)
    denied(s3.delete_bucket_encryption, Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def test_an_unsigned_request_needs_an_allow(emulator: Endpoint, name: str) -> None:
    allow = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/open/*",
    }
    s3 = bucket(emulator, name, allow)
    for key in ("open/a", "b"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")
    with urllib.request.urlopen(f"{emulator.endpoint}/{name}/open/a", timeout=5) as answer:
        assert answer.read() == b"1"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{emulator.endpoint}/{name}/b", timeout=5)
    assert caught.value.code == 403


def test_a_policy_for_another_bucket_is_malformed(emulator: Endpoint, name: str) -> None:
    s3 = bucket(emulator, name)
    policy = json.dumps({"Statement": deny(f"{name}-other", "Other", {})})
    assert error_code(s3.put_bucket_policy, Bucket=name, Policy=policy) == "MalformedPolicy"


def test_logging_needs_the_permission_of_the_target(emulator: Endpoint, name: str) -> None:
    bucket(emulator, f"{name}-logs")
    s3 = bucket(emulator, name)
    status = {"LoggingEnabled": {"TargetBucket": f"{name}-logs", "TargetPrefix": "x/"}}
    call = {"Bucket": name, "BucketLoggingStatus": status}
    assert error_code(s3.put_bucket_logging, **call) == "InvalidTargetBucketForLogging"


CONFIGURATIONS = [
    (
        "metrics",
        "MetricsConfiguration",
        {"Id": "one", "Filter": {"Prefix": "x/"}},
    ),
    (
        "intelligent_tiering",
        "IntelligentTieringConfiguration",
        {
            "Id": "one",
            "Status": "Enabled",
            "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
        },
    ),
    (
        "analytics",
        "AnalyticsConfiguration",
        {"Id": "one", "StorageClassAnalysis": {}},
    ),
]


@pytest.mark.parametrize(("family", "element", "given"), CONFIGURATIONS)
def test_configurations_by_id(
    emulator: Endpoint, name: str, family: str, element: str, given: dict[str, Any]
) -> None:
    s3 = bucket(emulator, name)
    put, get, delete = (
        getattr(s3, f"{verb}_bucket_{family}_configuration") for verb in ("put", "get", "delete")
    )
    list_all = getattr(s3, f"list_bucket_{family}_configurations")
    one = {"Bucket": name, "Id": "one"}
    assert error_code(get, **one) == "NoSuchConfiguration"
    put(**one, **{element: given})
    assert get(**one)[element] == given
    assert list_all(Bucket=name)[f"{element}List"] == [given]
    delete(**one)
    assert error_code(get, **one) == "NoSuchConfiguration"
    assert s3.head_bucket(Bucket=name)


def test_request_payment(emulator: Endpoint, name: str) -> None:
    s3 = bucket(emulator, name)
    assert s3.get_bucket_request_payment(Bucket=name)["Payer"] == "BucketOwner"


def test_deleting_an_inventory_does_not_delete_the_bucket(emulator: Endpoint, name: str) -> None:
    s3 = bucket(emulator, name)
    destination = {"Bucket": f"arn:aws:s3:::{name}", "Format": "CSV"}
    s3.put_bucket_inventory_configuration(
        Bucket=name,
        Id="one",
        InventoryConfiguration={
            "Id": "one",
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": destination},
        },
    )
    s3.delete_bucket_inventory_configuration(Bucket=name, Id="one")
    assert s3.head_bucket(Bucket=name)


RULES = [
    {"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}},
    {
        "ID": "b",
        "Status": "Disabled",
        "Filter": {"ObjectSizeGreaterThan": 5},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    },
    {
        "ID": "c",
        "Status": "Enabled",
        "Filter": {
            "And": {
                "Prefix": "x/",
                "Tags": [{"Key": "k", "Value": "v"}],
                "ObjectSizeGreaterThan": 1,
                "ObjectSizeLessThan": 9,
            }
        },
        "Transitions": [
            {"Days": 30, "StorageClass": "STANDARD_IA"},
            {"Days": 90, "StorageClass": "GLACIER"},
        ],
        "NoncurrentVersionTransitions": [
            {"NoncurrentDays": 30, "StorageClass": "GLACIER", "NewerNoncurrentVersions": 1}
        ],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 60, "NewerNoncurrentVersions": 3},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
    {"ID": "d", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 1}},
    {
        "ID": "e",
        "Status": "Enabled",
        "Filter": {"Tag": {"Key": "k", "Value": ""}},
        "Expiration": {"Days": 1},
    },
]


def test_lifecycle_rules_come_back_as_put(emulator: Endpoint, name: str) -> None:
    s3 = bucket(emulator, name)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": RULES})
    shown = s3.get_bucket_lifecycle_configuration(Bucket=name)
    assert shown["Rules"] == RULES
    assert shown["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    s3.delete_bucket_lifecycle(Bucket=name)
    code = error_code(s3.get_bucket_lifecycle_configuration, Bucket=name)
    assert code == "NoSuchLifecycleConfiguration"


def test_object_retention(emulator: Endpoint, name: str) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket=name, Key="a", Body=b"1", ChecksumAlgorithm="SHA256")
    until = "2030-01-01T00:00:00Z"
    s3.put_object_retention(
        Bucket=name, Key="a", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until}
    )
    shown = s3.get_object_retention(Bucket=name, Key="a")["Retention"]
    assert (shown["Mode"], shown["RetainUntilDate"].year) == ("GOVERNANCE", 2030)


def test_a_bucket_with_objects_can_be_locked(emulator: Endpoint, name: str) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name)
    lock = {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}},
    }
    put = {"Bucket": name, "ObjectLockConfiguration": lock}
    assert error_code(s3.put_object_lock_configuration, **put) == "InvalidBucketState"
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    before = s3.put_object(Bucket=name, Key="a", Body=b"1")["VersionId"]
    s3.put_object_lock_configuration(**put)
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == lock
    after = s3.put_object(Bucket=name, Key="a", Body=b"2")["VersionId"]
    s3.delete_object(Bucket=name, Key="a", VersionId=before)
    denied(s3.delete_object, Bucket=name, Key="a", VersionId=after)
    del lock["Rule"]
    s3.put_object_lock_configuration(**put)
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == lock


def test_a_bucket_with_delete_markers_can_be_emptied_after_versioning_is_suspended(
    emulator: Endpoint,
) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="emptied")
    versioning = {"Bucket": "emptied"}
    s3.put_bucket_versioning(**versioning, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="emptied", Key="k", Body=b"x")
    s3.delete_object(Bucket="emptied", Key="k")
    s3.put_bucket_versioning(**versioning, VersioningConfiguration={"Status": "Suspended"})
    for _ in range(3):
        found = s3.list_object_versions(Bucket="emptied")
        left = [*found.get("DeleteMarkers", []), *found.get("Versions", [])]
        for entry in left:
            s3.delete_object(Bucket="emptied", Key=entry["Key"], VersionId=entry["VersionId"])
    s3.delete_bucket(Bucket="emptied")


def test_a_bucket_in_another_region(emulator: Endpoint, name: str) -> None:
    s3 = emulator.client("s3", region_name="eu-west-1")
    key = emulator.client("kms", region_name="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    assert ":eu-west-1:" in key
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
    )
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    assert s3.head_object(Bucket=name, Key="k")["SSEKMSKeyId"] == key


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_sub_resource_nobody_knows_does_not_make_or_delete_a_bucket(
    emulator: Endpoint, name: str, method: str
) -> None:
    s3 = emulator.client("s3")
    if method == "DELETE":
        s3.create_bucket(Bucket=name)
    before = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    request = urllib.request.Request(
        f"{emulator.endpoint}/{name}?unheardOf", data=b"<x/>", method=method
    )
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(request)
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == before


def test_versions_are_listed_while_objects_go() -> None:
    keys = _VersionedKeyStore()
    for key in ("a", "b", "c"):
        keys[key] = key
    seen = []
    for key, versions in iterlists(keys):
        seen.append((key, versions))
        dict.pop(keys, "b", None)  # as another thread does
    assert seen == [("a", ["a"]), ("c", ["c"])]


def test_versions_that_are_not_kept_are_disposed_of() -> None:
    keys, (old, new, marker) = _VersionedKeyStore(), (Mock(), Mock(), Mock())
    setlist(keys, "a", [old, new])
    setlist(keys, "a", [new, marker])
    assert keys.getlist("a") == [new, marker]
    assert [one.dispose.call_count for one in (old, new, marker)] == [1, 0, 0]
    setlist(keys, "a", marker)
    assert keys.getlist("a") == [marker]
    assert [one.dispose.call_count for one in (old, new, marker)] == [1, 1, 0]


def test_a_listing_of_versions_copies_no_content(emulator: Endpoint, name: str) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name)
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=enabled)
    body, rounds = b"x" * 2_000_000, 40
    put = [s3.put_object(Bucket=name, Key="k", Body=body) for _ in range(10)]
    s3.delete_object(Bucket=name, Key="k")
    pid = read_json(emulator.state_dir / "emulator.json")["pid"]
    before = resident_bytes(pid)
    for _ in range(rounds):
        found = s3.list_object_versions(Bucket=name)
    assert [one["Size"] for one in found["Versions"]] == [len(body)] * 10
    assert {one["VersionId"]: one["ETag"] for one in found["Versions"]} == {
        one["VersionId"]: one["ETag"] for one in put
    }
    assert [one["IsLatest"] for one in found["DeleteMarkers"]] == [True]
    assert resident_bytes(pid) - before < rounds * len(body)  # all of it would be ten times that
    first = s3.get_object(Bucket=name, Key="k", VersionId=put[0]["VersionId"])
    assert first["Body"].read() == body


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
