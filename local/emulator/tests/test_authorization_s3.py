"""S3 with IAM enforced: names of actions, prefixes, bucket policies, lists of keys, KMS keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from authorization_support import ACCOUNT, Account, User, allow, allowed, code_of, policy, refused


def bucket_of(account: Account, name: str, *keys: str, **more: Any) -> str:
    """A bucket with objects; returns its ARN."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name, **more)
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=b"v")
    return f"arn:aws:s3:::{name}"


@pytest.mark.parametrize(
    ("operation", "action", "arguments", "on_object"),
    [
        ("get_object", "GetObject", {"Key": "k"}, True),
        ("head_object", "GetObject", {"Key": "k"}, True),
        ("put_object", "PutObject", {"Key": "k", "Body": b"w"}, True),
        ("create_multipart_upload", "PutObject", {"Key": "k"}, True),
        ("delete_object", "DeleteObject", {"Key": "k"}, True),
        ("get_object_tagging", "GetObjectTagging", {"Key": "k"}, True),
        ("list_objects_v2", "ListBucket", {}, False),
        ("head_bucket", "ListBucket", {}, False),
        ("list_object_versions", "ListBucketVersions", {}, False),
        ("get_bucket_location", "GetBucketLocation", {}, False),
        ("get_bucket_encryption", "GetEncryptionConfiguration", {}, False),
        ("get_bucket_lifecycle_configuration", "GetLifecycleConfiguration", {}, False),
        ("get_public_access_block", "GetBucketPublicAccessBlock", {}, False),
        ("delete_bucket_policy", "DeleteBucketPolicy", {}, False),
        ("delete_bucket_replication", "PutReplicationConfiguration", {}, False),
        ("delete_bucket", "DeleteBucket", {}, False),
    ],
)
def test_each_operation_has_its_action(
    account: Account,
    name: str,
    operation: str,
    action: str,
    arguments: dict[str, Any],
    on_object: bool,
) -> None:
    arn = bucket_of(account, name, "k")
    user = account.user(name)
    call = getattr(user.client("s3"), operation)
    assert not allowed(call, Bucket=name, **arguments)
    user.may(allow(f"s3:{action}", f"{arn}/k" if on_object else arn))
    assert allowed(call, Bucket=name, **arguments)


def test_create_and_list_buckets(account: Account, name: str) -> None:
    user = account.user(name)
    s3 = user.client("s3")
    with refused("s3:CreateBucket", f'"arn:aws:s3:::{name}"'):
        s3.create_bucket(Bucket=name)
    with refused("s3:ListAllMyBuckets"):
        s3.list_buckets()
    user.may(allow("s3:CreateBucket", f"arn:aws:s3:::{name}"), allow("s3:ListAllMyBuckets"))
    s3.create_bucket(Bucket=name)
    s3.list_buckets()


def test_a_prefix_limits_a_list(account: Account, name: str) -> None:
    arn = bucket_of(account, name, "a/k", "b/k")
    condition = {"StringLike": {"s3:prefix": ["a/*", "a"]}}
    user = account.user(name, allow("s3:ListBucket", arn, Condition=condition))
    s3 = user.client("s3")
    s3.list_objects_v2(Bucket=name, Prefix="a/")
    for more in ({}, {"Prefix": "b/"}):
        with refused("s3:ListBucket"):
            s3.list_objects_v2(Bucket=name, **more)


def test_who_may_not_list_is_not_told_what_is_missing(account: Account, name: str) -> None:
    arn = bucket_of(account, name)
    user = account.user(name, allow("s3:GetObject", f"{arn}/*"))
    s3 = user.client("s3")
    with refused("s3:ListBucket"):
        s3.get_object(Bucket=name, Key="a/k")
    condition = {"StringLike": {"s3:prefix": "a/*"}}
    user.may(allow("s3:GetObject", f"{arn}/*"), allow("s3:ListBucket", arn, Condition=condition))
    assert code_of(s3.get_object, Bucket=name, Key="a/k") == "NoSuchKey"
    assert code_of(s3.head_object, Bucket=name, Key="b/k") == "403"


def test_a_bucket_policy_can_allow_and_deny(account: Account, name: str) -> None:
    arn = bucket_of(account, name, "k")
    user = account.user(name)
    s3 = user.client("s3")

    def put(effect: str, principal: Any) -> None:
        statement = {
            "Sid": "Rule",
            "Effect": effect,
            "Principal": principal,
            "Action": "s3:GetObject",
            "Resource": f"{arn}/*",
        }
        account.client("s3").put_bucket_policy(Bucket=name, Policy=policy(statement))

    put("Allow", {"AWS": user.arn})
    s3.get_object(Bucket=name, Key="k")
    put("Allow", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    with refused("no identity-based policy"):
        s3.get_object(Bucket=name, Key="k")
    user.may(allow("s3:GetObject"))
    s3.get_object(Bucket=name, Key="k")
    put("Deny", "*")
    with refused("explicit deny in a resource-based policy", "Rule"):
        s3.get_object(Bucket=name, Key="k")
    # The root too.
    with refused("explicit deny"):
        account.client("s3").get_object(Bucket=name, Key="k")


def test_single_keys_of_a_list_are_refused(account: Account, name: str) -> None:
    arn = bucket_of(account, name, "a/1", "b/1")
    user = account.user(name, allow("s3:DeleteObject", f"{arn}/a/*"))
    answer = user.client("s3").delete_objects(
        Bucket=name, Delete={"Objects": [{"Key": "a/1"}, {"Key": "b/1"}]}
    )
    assert [one["Key"] for one in answer["Deleted"]] == ["a/1"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("b/1", "AccessDenied")]
    left = account.client("s3").list_objects_v2(Bucket=name)["Contents"]
    assert [one["Key"] for one in left] == ["b/1"]


def test_versions_need_an_action_of_their_own(account: Account, name: str) -> None:
    arn = bucket_of(account, name)
    root = account.client("s3")
    enabled = {"Status": "Enabled"}
    root.put_bucket_versioning(Bucket=name, VersioningConfiguration=enabled)
    version = root.put_object(Bucket=name, Key="k", Body=b"v")["VersionId"]
    user = account.user(name, allow(["s3:GetObject", "s3:DeleteObject"], f"{arn}/*"))
    s3 = user.client("s3")
    s3.get_object(Bucket=name, Key="k")
    with refused("s3:GetObjectVersion"):
        s3.get_object(Bucket=name, Key="k", VersionId=version)
    with refused("s3:DeleteObjectVersion"):
        s3.delete_object(Bucket=name, Key="k", VersionId=version)
    entry = {"Key": "k", "VersionId": version}
    assert s3.delete_objects(Bucket=name, Delete={"Objects": [entry]})["Errors"]
    s3.delete_object(Bucket=name, Key="k")


def test_a_copy_needs_both_ends(account: Account, name: str) -> None:
    arn = bucket_of(account, name, "from")
    user = account.user(name, allow("s3:PutObject", f"{arn}/to"))
    s3 = user.client("s3")
    with refused("s3:GetObject", f"{arn}/from"):
        s3.copy_object(Bucket=name, Key="to", CopySource=f"{name}/from")
    user.may(allow("s3:PutObject", f"{arn}/to"), allow("s3:GetObject", f"{arn}/from"))
    s3.copy_object(Bucket=name, Key="to", CopySource=f"{name}/from")


def test_tags_and_acls_of_an_object_need_more(account: Account, name: str) -> None:
    arn = bucket_of(account, name)
    user = account.user(name, allow("s3:PutObject", f"{arn}/*"))
    s3 = user.client("s3")
    with refused("s3:PutObjectTagging"):
        s3.put_object(Bucket=name, Key="k", Body=b"", Tagging="a=b")
    with refused("s3:PutObjectAcl"):
        s3.put_object(Bucket=name, Key="k", Body=b"", ACL="private")


def encrypted(account: Account, name: str) -> tuple[str, str]:
    """A bucket encrypted with a key of the account: (ARN of the bucket, ARN of the key)."""
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    arn = bucket_of(account, name)
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    account.client("s3").put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": True}]
        },
    )
    return arn, key


def test_objects_of_an_encrypted_bucket_need_the_key(account: Account, name: str) -> None:
    arn, key = encrypted(account, name)
    objects = allow(["s3:GetObject", "s3:PutObject"], f"{arn}/*")
    user = account.user(name, objects)
    s3 = user.client("s3")
    with refused("kms:GenerateDataKey", key):
        s3.put_object(Bucket=name, Key="k", Body=b"v")
    condition = {
        "StringEquals": {
            "kms:ViaService": "s3.us-east-1.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": arn,
        }
    }
    user.may(objects, allow("kms:GenerateDataKey", key, Condition=condition))
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    with refused("kms:Decrypt"):
        s3.get_object(Bucket=name, Key="k")
    # Reading about it is not reading it.
    s3.head_object(Bucket=name, Key="k")
    user.may(objects, allow("kms:Decrypt", key, Condition=condition))
    s3.get_object(Bucket=name, Key="k")
    # What is allowed through S3 is not allowed directly.
    with refused("kms:GenerateDataKey"):
        user.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")


def test_parts_of_an_upload_need_the_key(account: Account, name: str) -> None:
    arn, key = encrypted(account, name)
    user = account.user(name, allow("s3:PutObject", f"{arn}/*"), allow("kms:GenerateDataKey", key))
    s3 = user.client("s3")
    upload = s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
    part = {"Bucket": name, "Key": "k", "UploadId": upload, "PartNumber": 1, "Body": b"v"}
    with refused("kms:Decrypt"):
        s3.upload_part(**part)
    user.may(allow("s3:PutObject", f"{arn}/*"), allow("kms:Decrypt", key))
    s3.upload_part(**part)


def test_replication_passes_its_role(account: Account, name: str) -> None:
    bucket_of(account, name)
    trusting = policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )
    role = account.role(name, trusting)
    user = account.user(name, allow("s3:PutReplicationConfiguration"))
    arguments = {
        "Bucket": name,
        "ReplicationConfiguration": {
            "Role": role,
            "Rules": [
                {
                    "Status": "Enabled",
                    "Prefix": "",
                    "Destination": {"Bucket": f"arn:aws:s3:::{name}"},
                }
            ],
        },
    }
    s3 = user.client("s3")
    with refused("iam:PassRole", role):
        s3.put_bucket_replication(**arguments)
    only_glue = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    user.may(
        allow("s3:PutReplicationConfiguration"), allow("iam:PassRole", role, Condition=only_glue)
    )
    with refused("iam:PassRole"):
        s3.put_bucket_replication(**arguments)
    to_s3 = {"StringEquals": {"iam:PassedToService": "s3.amazonaws.com"}}
    user.may(allow("s3:PutReplicationConfiguration"), allow("iam:PassRole", role, Condition=to_s3))
    assert allowed(s3.put_bucket_replication, **arguments)


def test_a_presigned_address_has_the_rights_of_who_signed(account: Account, name: str) -> None:
    import urllib.error
    import urllib.request

    arn = bucket_of(account, name, "k", "secret")
    user = account.user(name, allow("s3:GetObject", f"{arn}/k"))

    def fetch(key: str) -> bytes:
        url = user.client("s3").generate_presigned_url(
            "get_object", Params={"Bucket": name, "Key": key}
        )
        with urllib.request.urlopen(url) as answer:
            return answer.read()

    assert fetch("k") == b"v"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch("secret")


def test_the_record_tells_the_prefix_and_what_is_implied(account: Account, name: str) -> None:
    arn, key = encrypted(account, name)
    user: User = account.user(name, allow("*"))
    user.client("s3").list_objects_v2(Bucket=name, Prefix="a/")
    user.client("s3").put_object(Bucket=name, Key="k", Body=b"v")
    lines = (account.state_dir / "calls.jsonl").read_text().splitlines()
    mine = [record for record in map(json.loads, lines) if record["principal"] == user.arn]
    actions = {record["action"]: record for record in mine}
    assert actions["s3:ListBucket"]["context"]["s3:prefix"] == "a/"
    assert actions["s3:PutObject"]["resources"] == [f"{arn}/k"]
    implied = actions["kms:GenerateDataKey"]
    assert implied["implied"] and implied["resources"] == [key]
    assert implied["context"]["kms:ViaService"] == "s3.us-east-1.amazonaws.com"
