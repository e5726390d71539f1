"""STS: assuming a role, where the trust policy of the role has its say.

Before a policy is asked, the request must be one STS would serve: a known provider and a token that
has not expired, and no session longer than the role allows.
"""

from __future__ import annotations

from typing import Any

from tarn_emulator.authorization import tags, webidentity
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource, Weight
from tarn_emulator.authorization.identity import role_named
from tarn_emulator.authorization.table import Rule, Service, everything
from tarn_emulator.authorization.webidentity import InvalidRequestError
from tarn_emulator.patches.caller import access_key, caller_of

DEFAULT_SECONDS = 3600
CHAINED_SECONDS = 3600


def checks(call: Call) -> list[Check]:
    """What a call of STS needs."""
    if call.operation in ("AssumeRole", "AssumeRoleWithWebIdentity"):
        return _assumption(call)
    return SERVICE.checks(call)


def role_resource(name: str) -> Resource:
    """A role with its trust policy, which must allow to assume it."""
    role = role_named(name)
    if role is None:
        return Resource(name, weight=Weight.NEEDED)
    document = role.assume_role_policy_document
    return Resource(role.arn, tags.as_dict(role.tags), document, Weight.NEEDED, trust=True)


def _assumption(call: Call) -> list[Check]:
    arn = call.get("RoleArn", "")
    _check_duration(call, arn)
    keys: dict[str, Any] = {
        **tags.keys(call.parameters),
        "sts:ExternalId": call.get("ExternalId"),
        "sts:RoleSessionName": call.get("RoleSessionName"),
        "sts:TransitiveTagKeys": call.get("TransitiveTagKeys"),
        "sts:SourceIdentity": call.get("SourceIdentity"),
    }
    if call.operation == "AssumeRoleWithWebIdentity":
        keys |= webidentity.read(call.get("WebIdentityToken", "")).keys()
    role = role_resource(arn)
    found = [Check(f"sts:{call.operation}", (role,), keys)]
    if call.get("Tags"):
        found.append(Check("sts:TagSession", (role,), keys, implied=True))
    if call.get("SourceIdentity"):
        found.append(Check("sts:SetSourceIdentity", (role,), keys, implied=True))
    return found


def _check_duration(call: Call, arn: str) -> None:
    seconds = int(call.get("DurationSeconds", DEFAULT_SECONDS))
    role = role_named(arn)
    if role is not None and seconds > int(role.max_session_duration or DEFAULT_SECONDS):
        raise InvalidRequestError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    chained = caller_of(access_key(call.request)).kind == "AssumedRole"
    if chained and seconds > CHAINED_SECONDS:
        raise InvalidRequestError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by"
            " role chaining",
        )


SERVICE = Service(
    prefix="sts",
    # Everybody may ask who they are, even against a deny.
    free=frozenset({"GetCallerIdentity"}),
    rules={
        "GetAccessKeyInfo": Rule(everything),
        "DecodeAuthorizationMessage": Rule(everything),
    },
)
