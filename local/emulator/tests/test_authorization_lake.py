"""What a full data lake asks of the account, with IAM enforced: the settings of its buckets, the
conditions of their policies, its key, its catalog and Lake Formation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from authorization_support import ACCOUNT, Account, allow, allowed, deny, policy, refused, trust

R = f"us-east-1:{ACCOUNT}"
ENTIRE = {"Id": "EntireBucket"}
INVENTORY = {
    "Id": "EntireBucket",
    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::NAME", "Format": "Parquet"}},
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "Schedule": {"Frequency": "Weekly"},
}
TIERING = {
    "Id": "EntireBucket",
    "Status": "Enabled",
    "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
}


def filled(value: Any, name: str) -> Any:
    """The value with the test's name in it."""
    return json.loads(json.dumps(value).replace("NAME", name))


@pytest.mark.parametrize(
    ("operation", "action", "arguments"),
    [
        ("get_bucket_notification_configuration", "GetBucketNotification", {}),
        (
            "put_bucket_notification_configuration",
            "PutBucketNotification",
            {"NotificationConfiguration": {"EventBridgeConfiguration": {}}},
        ),
        ("get_bucket_metrics_configuration", "GetMetricsConfiguration", ENTIRE),
        (
            "put_bucket_metrics_configuration",
            "PutMetricsConfiguration",
            {**ENTIRE, "MetricsConfiguration": ENTIRE},
        ),
        ("delete_bucket_metrics_configuration", "PutMetricsConfiguration", ENTIRE),
        ("get_bucket_inventory_configuration", "GetInventoryConfiguration", ENTIRE),
        (
            "put_bucket_inventory_configuration",
            "PutInventoryConfiguration",
            {**ENTIRE, "InventoryConfiguration": INVENTORY},
        ),
        ("delete_bucket_inventory_configuration", "PutInventoryConfiguration", ENTIRE),
        (
            "get_bucket_intelligent_tiering_configuration",
            "GetIntelligentTieringConfiguration",
            ENTIRE,
        ),
        (
            "put_bucket_intelligent_tiering_configuration",
            "PutIntelligentTieringConfiguration",
            {**ENTIRE, "IntelligentTieringConfiguration": TIERING},
        ),
        ("get_object_lock_configuration", "GetBucketObjectLockConfiguration", {}),
        (
            "put_object_lock_configuration",
            "PutBucketObjectLockConfiguration",
            {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
        ),
        ("get_bucket_replication", "GetReplicationConfiguration", {}),
    ],
)
def test_each_setting_of_a_bucket_has_its_action(
    account: Account, name: str, operation: str, action: str, arguments: dict[str, Any]
) -> None:
    account.client("s3").create_bucket(Bucket=name)
    user = account.user(name)
    call = getattr(user.client("s3"), operation)
    arguments = filled(arguments, name)
    with refused(f"s3:{action}", f'"arn:aws:s3:::{name}"'):
        call(Bucket=name, **arguments)
    user.may(allow(f"s3:{action}", f"arn:aws:s3:::{name}"))
    assert allowed(call, Bucket=name, **arguments)


#: A condition of a bucket policy's deny, and whether it keeps out a role that is called like the
#: test, has the tag team=lake and asks over no VPC endpoint. ROLE stands for the role's ARN.
CONDITIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "another role": ({"ArnNotLike": {"aws:PrincipalArn": "ROLE-x"}}, True),
    "the role": ({"ArnNotLike": {"aws:PrincipalArn": "ROLE"}}, False),
    "all roles of a path": (
        {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/tarn/*"}},
        False,
    ),
    "all but AWS services": ({"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}, True),
    "AWS services": ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, False),
    "other accounts": ({"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}, False),
    "this account": ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, True),
    "another tag": ({"StringNotEquals": {"aws:PrincipalTag/team": "other"}}, True),
    "the tag": ({"StringNotEquals": {"aws:PrincipalTag/team": "lake"}}, False),
    "other networks": ({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, True),
    "the network": ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
    "directly": ({"BoolIfExists": {"aws:ViaAWSService": "false"}}, True),
    "through a service": ({"Bool": {"aws:ViaAWSService": "true"}}, False),
}


@pytest.mark.parametrize(("condition", "denied"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_conditions_of_a_bucket_policy(
    account: Account, name: str, condition: dict[str, Any], denied: bool
) -> None:
    root = account.client("s3")
    root.create_bucket(Bucket=name)
    root.put_object(Bucket=name, Key="k", Body=b"v")
    user = account.user(name, allow("sts:AssumeRole"))
    role = account.role(
        name,
        trust({"AWS": user.arn}),
        allow("s3:GetObject"),
        Path="/tarn/",
        Tags=[{"Key": "team", "Value": "lake"}],
    )
    statement = deny("s3:GetObject", f"arn:aws:s3:::{name}/*", Principal="*", Sid="KeepOut")
    statement["Condition"] = json.loads(json.dumps(condition).replace("ROLE", role))
    root.put_bucket_policy(Bucket=name, Policy=policy(statement))
    answer = user.client("sts").assume_role(RoleArn=role, RoleSessionName="test")
    session = account.session(answer["Credentials"], "s3")
    if denied:
        with refused("explicit deny", "KeepOut"):
            session.get_object(Bucket=name, Key="k")
    else:
        session.get_object(Bucket=name, Key="k")


def test_a_key_policy_shuts_out_whom_it_does_not_name(account: Account, name: str) -> None:
    user = account.user(name, allow("sts:AssumeRole"))
    roles = [
        account.role(f"{name}-{kind}", trust({"AWS": user.arn}), allow("kms:Encrypt"))
        for kind in ("in", "out")
    ]
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    account.client("kms").put_key_policy(
        KeyId=key,
        PolicyName="default",
        Policy=policy(
            allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Sid="Account"),
            deny(
                "kms:Encrypt",
                Principal="*",
                Sid="OthersMayNotUse",
                Condition={"ArnNotLike": {"aws:PrincipalArn": roles[0]}},
            ),
        ),
    )

    def encrypt(role: str) -> None:
        answer = user.client("sts").assume_role(RoleArn=role, RoleSessionName="test")
        account.session(answer["Credentials"], "kms").encrypt(KeyId=key, Plaintext=b"v")

    encrypt(roles[0])
    with refused("explicit deny", "OthersMayNotUse"):
        encrypt(roles[1])


def test_a_key_policy_that_locks_everybody_out_can_be_refused(account: Account, name: str) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    condition = {"BoolIfExists": {"kms:BypassPolicyLockoutSafetyCheck": "false"}}
    user = account.user(name, allow("kms:PutKeyPolicy", key, Condition=condition))
    arguments = {
        "KeyId": key,
        "PolicyName": "default",
        "Policy": policy(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    }
    user.client("kms").put_key_policy(**arguments)
    with refused("kms:PutKeyPolicy"):
        user.client("kms").put_key_policy(**arguments, BypassPolicyLockoutSafetyCheck=True)
    other = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    with refused("kms:PutKeyPolicy", other):
        user.client("kms").put_key_policy(**{**arguments, "KeyId": other})


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "action", "resource"),
    [
        (
            "athena",
            "create_named_query",
            {"Name": "n", "Database": "d", "QueryString": "SELECT 1", "WorkGroup": "NAME"},
            "athena:CreateNamedQuery",
            f"arn:aws:athena:{R}:workgroup/NAME",
        ),
        (
            "athena",
            "list_named_queries",
            {"WorkGroup": "NAME"},
            "athena:ListNamedQueries",
            f"arn:aws:athena:{R}:workgroup/NAME",
        ),
        (
            "glue",
            "get_data_catalog_encryption_settings",
            {},
            "glue:GetDataCatalogEncryptionSettings",
            f"arn:aws:glue:{R}:catalog",
        ),
        (
            "glue",
            "put_data_catalog_encryption_settings",
            {"DataCatalogEncryptionSettings": {}},
            "glue:PutDataCatalogEncryptionSettings",
            f"arn:aws:glue:{R}:catalog",
        ),
        ("lakeformation", "get_data_lake_settings", {}, "lakeformation:GetDataLakeSettings", "*"),
        (
            "lakeformation",
            "put_data_lake_settings",
            {"DataLakeSettings": {}},
            "lakeformation:PutDataLakeSettings",
            "*",
        ),
        (
            "lakeformation",
            "create_lf_tag",
            {"TagKey": "NAME", "TagValues": ["v"]},
            "lakeformation:CreateLFTag",
            "*",
        ),
        (
            "lakeformation",
            "list_lake_formation_opt_ins",
            {},
            "lakeformation:ListLakeFormationOptIns",
            "*",
        ),
    ],
)
def test_catalog_and_lake_formation(
    account: Account,
    name: str,
    service: str,
    operation: str,
    arguments: dict[str, Any],
    action: str,
    resource: str,
) -> None:
    user = account.user(name)
    call, arguments = getattr(user.client(service), operation), filled(arguments, name)
    with refused(action):
        call(**arguments)
    # The region is the limit where there is no resource.
    for region, expected in (("eu-west-1", False), ("us-east-1", True)):
        condition = {"StringEquals": {"aws:RequestedRegion": region}}
        user.may(allow(action, filled(resource, name), Condition=condition))
        assert allowed(call, **arguments) is expected


def test_changing_the_role_of_a_location_passes_it(account: Account, name: str) -> None:
    trusted = trust({"Service": "lakeformation.amazonaws.com"})
    role, other = account.role(name, trusted), account.role(f"{name}-x", trusted)
    arn = f"arn:aws:s3:::{name}"
    account.client("lakeformation").register_resource(ResourceArn=arn, RoleArn=role)
    condition = {"StringEquals": {"iam:PassedToService": "lakeformation.amazonaws.com"}}
    user = account.user(
        name,
        allow("lakeformation:UpdateResource"),
        allow("iam:PassRole", role, Condition=condition),
    )
    client = user.client("lakeformation")
    assert allowed(client.update_resource, ResourceArn=arn, RoleArn=role)
    with refused("iam:PassRole", other):
        client.update_resource(ResourceArn=arn, RoleArn=other)
