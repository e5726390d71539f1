"""The identity behind an access key, the way GetCallerIdentity reports it."""

from __future__ import annotations

import re

from moto.core.request import Request
from moto.iam.models import IAMBackend, User, iam_backends
from moto.sts.models import STSBackend, sts_backends

from tarn_emulator.patches.store import store
from tarn_emulator.policy.principal import Caller
from tarn_emulator.settings import ACCOUNT_ID

#: Who a client with made-up credentials is; moto's GetCallerIdentity says the same.
DEFAULT_ARN = f"arn:aws:sts::{ACCOUNT_ID}:user/moto"

_ACCESS_KEY = re.compile(r"Credential=([^/,\s]+)/")


def access_key(request: Request) -> str | None:
    """The access key a request is signed with; None for an unsigned one."""
    found = _ACCESS_KEY.search(request.headers.get("Authorization", ""))
    if found:
        return found.group(1)
    presigned = request.args.get("X-Amz-Credential")
    if presigned:
        return presigned.split("/")[0]
    return request.args.get("AWSAccessKeyId")


def caller_of(access_key: str | None) -> Caller:
    """The caller with this access key; None stands for an unsigned request."""
    if access_key is None:
        return Caller()
    sts: STSBackend = sts_backends[ACCOUNT_ID]["aws"]
    iam: IAMBackend = iam_backends[ACCOUNT_ID]["aws"]
    session = sts.get_assumed_role_from_access_key(access_key)
    if session is not None:
        roles = list(iam.roles.values())
        role = next((role for role in roles if role.arn == session.role_arn), None)
        tags = {tag["Key"]: tag["Value"] for tag in role.tags} if role else {}
        return Caller(
            account=ACCOUNT_ID,
            arns=(session.arn, session.role_arn),
            tags={**tags, **store(session, "request").get("tags", {})},
            user_id=session.user_id,
            kind="AssumedRole",
        )
    user = user_with_key(access_key)
    if user is not None:
        tags = iam.tagger.list_tags_for_resource(user.arn)["Tags"]
        return Caller(
            account=ACCOUNT_ID,
            arns=(user.arn,),
            tags={tag["Key"]: tag["Value"] for tag in tags},
            user_id=user.id,
            user_name=user.name,
            kind="User",
        )
    return Caller(account=ACCOUNT_ID, arns=(DEFAULT_ARN,), user_id=access_key, kind="Account")


def user_with_key(access_key: str) -> User | None:
    """The IAM user an access key belongs to."""
    # A copy: other threads create users meanwhile.
    users = list(iam_backends[ACCOUNT_ID]["aws"].users.values())
    return next((user for user in users if user.has_access_key(access_key)), None)
