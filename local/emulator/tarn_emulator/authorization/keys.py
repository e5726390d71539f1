"""The condition keys that every call has, whatever its service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.request import Request as HttpRequest

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.identity import Identity
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.principal import Caller
from tarn_emulator.settings import ACCOUNT_ID

LOOPBACK = ("127.0.0.1", "::1")


def context_of(identity: Identity, call: Call, check: Check, resource: Resource) -> Context:
    """Everything a policy can ask about one action on one resource."""
    return Context(
        {
            **of_request(call.request, call.region),
            **of_caller(identity.caller),
            **of_resource(resource),
            **check.keys,
        }
    )


def of_request(request: HttpRequest, region: str) -> dict[str, Any]:
    """Where, when and how the request was made. HTTP on the loopback interface counts as TLS."""
    now = datetime.now(UTC)
    return {
        "aws:SecureTransport": str(is_secure(request)).lower(),
        "aws:SourceIp": request.remote_addr,
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:UserAgent": request.headers.get("User-Agent"),
        "aws:referer": request.headers.get("Referer"),
        "aws:RequestedRegion": region,
        "aws:ViaAWSService": "false",
    }


def of_caller(caller: Caller) -> dict[str, Any]:
    """Who asks."""
    return {
        "aws:PrincipalArn": caller.principal_arn,
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalType": caller.kind,
        "aws:PrincipalIsAWSService": str(caller.service is not None).lower(),
        "aws:userid": caller.user_id,
        "aws:username": caller.user_name,
        # Long-lived keys have no such key at all; no session here was made with a second factor.
        "aws:MultiFactorAuthPresent": "false" if caller.kind == "AssumedRole" else None,
        **{f"aws:PrincipalTag/{name}": value for name, value in caller.tags.items()},
    }


def of_resource(resource: Resource) -> Mapping[str, Any]:
    """What is asked for."""
    return {
        "aws:ResourceAccount": ACCOUNT_ID,
        **{f"aws:ResourceTag/{name}": value for name, value in resource.tags.items()},
    }


def is_secure(request: HttpRequest) -> bool:
    """True for TLS, and for the loopback interface: there TLS counts as ended in front."""
    return request.scheme == "https" or request.remote_addr in LOOPBACK
