"""Who a caller is: root, users, sessions, tokens of a provider; and who is nobody."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import boto3
import pytest
from authorization_support import ACCOUNT, ROOT_KEY, Account, allow, code_of, policy, refused, trust
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

ISSUER = "https://token.actions.example.com"
HOST = ISSUER.removeprefix("https://")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
AUDIENCE = "sts.amazonaws.com"
SUBJECT = "repo:org/repo:environment:prod"


def test_the_root_may_do_everything(account: Account, name: str) -> None:
    account.client("s3").create_bucket(Bucket=name)
    account.client("sqs").create_queue(QueueName=name)
    # Also what no table knows.
    account.client("sns").list_phone_numbers_opted_out()


def test_a_user_may_do_what_its_policies_say(account: Account, name: str) -> None:
    user = account.user(name, allow("sqs:CreateQueue", f"arn:aws:sqs:*:*:{name}-*"))
    sqs = user.client("sqs")
    sqs.create_queue(QueueName=f"{name}-a")
    with refused(
        f"User: {user.arn} is not authorized to perform: sqs:CreateQueue",
        f"on resource: arn:aws:sqs:us-east-1:{ACCOUNT}:other",
        "because no identity-based policy allows the sqs:CreateQueue action",
    ):
        sqs.create_queue(QueueName="other")


def test_policies_come_from_groups_and_versions_too(account: Account, name: str) -> None:
    user = account.user(name)
    iam, sqs = account.iam, user.client("sqs")
    arn = account.managed(name, allow("sqs:ListQueues"))
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    assert code_of(sqs.list_queues) == "AccessDeniedException"
    iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    sqs.list_queues()
    # Only the default version counts.
    nothing = policy(allow("sqs:GetQueueUrl"))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=nothing, SetAsDefault=True)
    assert code_of(sqs.list_queues) == "AccessDeniedException"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    sqs.list_queues()


def test_a_boundary_limits_a_user(account: Account, name: str) -> None:
    user = account.user(name, allow("sqs:*"))
    boundary = account.managed(name, allow("sqs:ListQueues"))
    account.iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    shown = account.iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == boundary
    user.client("sqs").list_queues()
    with refused("because no permissions boundary allows the sqs:CreateQueue action"):
        user.client("sqs").create_queue(QueueName=name)
    account.iam.delete_user_permissions_boundary(UserName=name)
    user.client("sqs").create_queue(QueueName=name)


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("iam", "list_users", "InvalidClientTokenId", 403),
        ("s3", "list_buckets", "InvalidAccessKeyId", 403),
        ("glue", "list_jobs", "UnrecognizedClientException", 400),
        ("ec2", "describe_vpcs", "AuthFailure", 401),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_an_unknown_or_inactive_key(
    account: Account, name: str, service: str, operation: str, code: str, status: int, known: bool
) -> None:
    key = "AKIANOBODYHASTHISKEY"
    if known:
        key = account.user(name, allow("*")).key
        account.iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
    with pytest.raises(ClientError) as caught:
        getattr(account.client(service, key=key), operation)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_key_works_again_once_it_is_active(account: Account, name: str) -> None:
    user = account.user(name, allow("sqs:ListQueues"))
    for status in ("Inactive", "Active"):
        account.iam.update_access_key(UserName=name, AccessKeyId=user.key, Status=status)
    user.client("sqs").list_queues()
    account.iam.delete_access_key(UserName=name, AccessKeyId=user.key)
    assert code_of(user.client("sts").get_caller_identity) == "InvalidClientTokenId"


def test_everybody_may_ask_who_they_are(account: Account, name: str) -> None:
    user = account.user(name)
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn


def unsigned(account: Account, service: str) -> Any:
    config = Config(signature_version=UNSIGNED, s3={"addressing_style": "path"})
    endpoint = account.client("sts").meta.endpoint_url
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=config)


def test_nobody_may_do_nothing(account: Account, name: str) -> None:
    account.client("s3").create_bucket(Bucket=name)
    account.client("s3").put_object(Bucket=name, Key="k", Body=b"v")
    nobody = unsigned(account, "s3")
    assert code_of(nobody.put_object, Bucket=name, Key="x", Body=b"") == "AccessDenied"
    assert code_of(nobody.list_objects_v2, Bucket=name) == "AccessDenied"
    # Nothing says which service it is for, so it gets the answer of S3.
    with pytest.raises(ClientError):
        unsigned(account, "iam").list_users()
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"}
    document = policy({**public, "Resource": f"arn:aws:s3:::{name}"})
    account.client("s3").put_bucket_policy(Bucket=name, Policy=document)
    assert nobody.list_objects_v2(Bucket=name)["KeyCount"] == 1


def test_what_no_table_knows_is_refused(account: Account, name: str) -> None:
    user = account.user(name, allow("*"))
    with refused("sns:ListPhoneNumbersOptedOut", "authorization/services/sns.py"):
        user.client("sns").list_phone_numbers_opted_out()
    with refused("athena"):
        user.client("athena").list_capacity_reservations()
    with refused("authorization/services/kinesis.py"):
        user.client("kinesis").list_streams()


# --- sessions of roles -----------------------------------------------------------------------


def test_a_role_must_trust_and_the_caller_must_be_allowed(account: Account, name: str) -> None:
    user = account.user(name)
    sts = user.client("sts")
    by_name = account.role(f"{name}-a", trust({"AWS": user.arn}), allow("sqs:ListQueues"))
    by_account = account.role(f"{name}-b", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    untrusting = account.role(f"{name}-c", trust({"Service": "glue.amazonaws.com"}))

    assumed = sts.assume_role(RoleArn=by_name, RoleSessionName="run1")
    session = account.session(assumed["Credentials"], "sqs")
    session.list_queues()
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}-a/run1"
    with refused(f"User: {arn} is not authorized"):
        session.create_queue(QueueName=name)

    with refused("because no identity-based policy allows the sts:AssumeRole action"):
        sts.assume_role(RoleArn=by_account, RoleSessionName="run1")
    user.may(allow("sts:AssumeRole"))
    sts.assume_role(RoleArn=by_account, RoleSessionName="run1")

    with refused("because no resource-based policy allows the sts:AssumeRole action"):
        sts.assume_role(RoleArn=untrusting, RoleSessionName="run1")
    with refused():
        sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/missing", RoleSessionName="run1")


def test_the_conditions_of_a_trust_policy(account: Account, name: str) -> None:
    user = account.user(name)
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    arn = account.role(name, trust({"AWS": user.arn}, Condition=condition))
    sts = user.client("sts")
    with refused():
        sts.assume_role(RoleArn=arn, RoleSessionName="run1", ExternalId="guess")
    sts.assume_role(RoleArn=arn, RoleSessionName="run1", ExternalId="secret")


def test_a_role_has_a_boundary_and_a_session_policies(account: Account, name: str) -> None:
    user = account.user(name)
    boundary = account.managed(name, allow(["sqs:ListQueues", "sqs:CreateQueue"]))
    arn = account.role(name, trust({"AWS": user.arn}), allow("sqs:*"), PermissionsBoundary=boundary)
    sts = user.client("sts")

    def session(**more: Any) -> Any:
        assumed = sts.assume_role(RoleArn=arn, RoleSessionName="run1", **more)
        return account.session(assumed["Credentials"], "sqs")

    session().create_queue(QueueName=name)
    with refused("no permissions boundary"):
        session().get_queue_url(QueueName=name)
    limited = session(Policy=policy(allow("sqs:ListQueues")))
    limited.list_queues()
    with refused("no session policy"):
        limited.create_queue(QueueName=f"{name}-b")
    listing = account.managed(f"{name}-list", allow("sqs:ListQueues"))
    managed = session(PolicyArns=[{"arn": listing}])
    managed.list_queues()
    with refused("no session policy"):
        managed.create_queue(QueueName=f"{name}-c")


def test_a_session_key_needs_its_token(account: Account, name: str) -> None:
    user = account.user(name)
    arn = account.role(name, trust({"AWS": user.arn}), allow("*"))
    given = user.client("sts").assume_role(RoleArn=arn, RoleSessionName="run1")["Credentials"]
    for token in (None, "another"):
        client = account.client("iam", key=given["AccessKeyId"], token=token)
        assert code_of(client.list_users) == "InvalidClientTokenId"


def test_a_session_of_a_role_that_is_gone(account: Account, name: str) -> None:
    user = account.user(name)
    arn = account.role(name, trust({"AWS": user.arn}), allow("sqs:*"))
    given = user.client("sts").assume_role(RoleArn=arn, RoleSessionName="run1")["Credentials"]
    account.iam.delete_role_policy(RoleName=name, PolicyName="may")
    account.iam.delete_role(RoleName=name)
    assert code_of(account.session(given, "sqs").list_queues) == "AccessDeniedException"


def test_a_session_is_no_longer_than_the_role_allows(account: Account, name: str) -> None:
    user = account.user(name)
    arn = account.role(name, trust({"AWS": user.arn}))
    sts = user.client("sts")
    asked = {"RoleArn": arn, "RoleSessionName": "run1", "DurationSeconds": 7200}
    with pytest.raises(ClientError, match="MaxSessionDuration") as caught:
        sts.assume_role(**asked)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    account.iam.update_role(RoleName=name, MaxSessionDuration=7200)
    sts.assume_role(**asked)


def test_tags_of_the_caller_count(account: Account, name: str) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    user = account.user(name, allow("sqs:ListQueues", Condition=condition))
    with refused():
        user.client("sqs").list_queues()
    account.iam.tag_user(UserName=name, Tags=[{"Key": "team", "Value": "data"}])
    user.client("sqs").list_queues()


# --- tokens of a provider --------------------------------------------------------------------


def token(**claims: Any) -> str:
    """A token with the claims; nobody signs it, because nobody here verifies it."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": SUBJECT,
        "exp": int(time.time()) + 300,
        **claims,
    }
    parts = [{"alg": "RS256"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([part.rstrip("=") for part in encoded] + ["signature"])


@pytest.fixture(scope="module")
def provider(account: Account) -> str:
    made = account.iam.create_open_id_connect_provider(
        Url=ISSUER, ClientIDList=[AUDIENCE], ThumbprintList=["a" * 40]
    )
    return made["OpenIDConnectProviderArn"]


@pytest.fixture
def web_role(account: Account, provider: str, name: str) -> str:
    condition = {"StringEquals": {f"{HOST}:aud": AUDIENCE, f"{HOST}:sub": SUBJECT}}
    trusting = trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition=condition)
    return account.role(name, trusting, allow("sqs:ListQueues"))


def assume(account: Account, role: str, web_token: str, **more: Any) -> dict[str, Any]:
    return unsigned(account, "sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="run1", WebIdentityToken=web_token, **more
    )


def test_a_token_is_worth_a_session(account: Account, web_role: str, name: str) -> None:
    answer = assume(account, web_role, token())
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Audience"] == AUDIENCE
    assert answer["Provider"] == PROVIDER
    session = account.session(answer["Credentials"], "sqs")
    session.list_queues()
    with refused(f"assumed-role/{name}/run1"):
        session.create_queue(QueueName=name)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "repo:org/other:environment:prod"}, "AccessDenied"),
        ({"aud": "somebody"}, "InvalidIdentityToken"),
        ({"iss": "https://unknown.example.com"}, "InvalidIdentityToken"),
        ({"exp": int(time.time()) - 10}, "ExpiredTokenException"),
    ],
)
def test_a_token_that_does_not_fit(
    account: Account, web_role: str, claims: dict[str, Any], code: str
) -> None:
    web_token = token(**claims)
    assert code_of(lambda: assume(account, web_role, web_token)) == code


def test_what_is_no_token(account: Account, web_role: str) -> None:
    for text in ("nonsense", "a.b.c", "e30.e30.e30"):
        assert code_of(lambda text=text: assume(account, web_role, text)) == "InvalidIdentityToken"


def test_a_token_does_not_open_roles_that_trust_somebody_else(
    account: Account, provider: str, name: str
) -> None:
    arn = account.role(name, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    with refused("sts:AssumeRoleWithWebIdentity"):
        assume(account, arn, token())


def test_the_duration_of_a_web_session_is_limited_too(account: Account, web_role: str) -> None:
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        assume(account, web_role, token(), DurationSeconds=7200)


def test_the_record_has_root_and_users(account: Account, name: str) -> None:
    account.client("sqs", key=ROOT_KEY).create_queue(QueueName=name)
    user = account.user(name, allow("sqs:GetQueueUrl"))
    user.client("sqs").get_queue_url(QueueName=name)
    code_of(user.client("sqs").create_queue, QueueName=f"{name}-b")
    lines = (account.state_dir / "calls.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines if name in line]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    root = {
        "action": "sqs:CreateQueue",
        "resources": [arn],
        "principal": f"arn:aws:iam::{ACCOUNT}:root",
        "allowed": True,
        "implied": False,
        "context": {},
    }
    assert root in records
    assert {**root, "action": "sqs:GetQueueUrl", "principal": user.arn} in records
    refused_call = {**root, "resources": [f"{arn}-b"], "principal": user.arn, "allowed": False}
    assert refused_call in records
