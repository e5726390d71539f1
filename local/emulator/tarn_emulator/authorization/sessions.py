"""Roles that a service of AWS assumes, such as that of a Glue job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.sts.models import AssumedRole, sts_backends

from tarn_emulator.authorization.authorizer import Authorizer
from tarn_emulator.authorization.check import Check
from tarn_emulator.authorization.identity import Identity
from tarn_emulator.authorization.services.sts import role_resource
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.principal import Caller
from tarn_emulator.settings import ACCOUNT_ID, REGION

#: As long as the longest job may take.
SECONDS = 12 * 3600


def assume_for(
    authorizer: Authorizer, service: str, role_arn: str, session_name: str, source_arn: str
) -> AssumedRole:
    """A session of the role for a service; raises DeniedError when the trust policy says no.

    `source_arn` is what the service does it for: the job or the crawler.
    """
    role = role_resource(role_arn)
    keys: dict[str, Any] = {
        "aws:SourceArn": source_arn,
        "aws:SourceAccount": ACCOUNT_ID,
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": service,
        "aws:CurrentTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sts:RoleSessionName": session_name,
    }
    check = Check("sts:AssumeRole", (role,), keys, implied=True)
    identity = Identity(Caller(service=service, kind="Service"))
    authorizer.judge(identity, check, Context(keys), role)
    authorizer.record(check, identity, True)
    return sts_backends[ACCOUNT_ID]["aws"].assume_role(
        region_name=REGION,
        role_session_name=session_name,
        role_arn=role.arn,
        policy="",
        duration=SECONDS,
        external_id="",
    )
