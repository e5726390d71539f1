"""The identity behind an access key, the way GetCallerIdentity reports it."""

from __future__ import annotations

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import STSBackend, sts_backends

from tarn_emulator.policy.principal import Caller
from tarn_emulator.settings import ACCOUNT_ID

#: Who a client with made-up credentials is; moto's GetCallerIdentity says the same.
DEFAULT_ARN = f"arn:aws:sts::{ACCOUNT_ID}:user/moto"


def caller_of(access_key: str | None) -> Caller:
    """The caller with this access key; None stands for an unsigned request."""
    if access_key is None:
        return Caller()
    sts: STSBackend = sts_backends[ACCOUNT_ID]["aws"]
    iam: IAMBackend = iam_backends[ACCOUNT_ID]["aws"]
    session = sts.get_assumed_role_from_access_key(access_key)
    if session is not None:
        role = next((role for role in iam.roles.values() if role.arn == session.role_arn), None)
        return Caller(
            account=ACCOUNT_ID,
            arns=(session.arn, session.role_arn),
            tags={tag["Key"]: tag["Value"] for tag in role.tags} if role else {},
            user_id=session.user_id,
            kind="AssumedRole",
        )
    user = iam.get_user_from_access_key_id(access_key)
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
