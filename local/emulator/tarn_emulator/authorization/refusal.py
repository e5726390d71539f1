"""The error a client gets for a call that is not allowed, in the form of the service it called."""

from __future__ import annotations

import logging

from flask import Response
from moto.core.request import Request

from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.decision import Decision
from tarn_emulator.authorization.identity import Identity
from tarn_emulator.patches.refusals import error_response, protocol_of

log = logging.getLogger("tarn_emulator.authorization")

S3 = {"s3", "s3control"}

#: Errors of a protocol: (code, status). S3 has its own, the others by how they are called.
_DENIED = {"ec2": ("UnauthorizedOperation", 403), "query": ("AccessDenied", 403)}
_INVALID_KEY = {"ec2": ("AuthFailure", 401), "query": ("InvalidClientTokenId", 403)}
_EXPIRED = {"ec2": ("RequestExpired", 400), "query": ("ExpiredToken", 403)}
_UNSIGNED = {
    "ec2": ("MissingAuthenticationToken", 403),
    "query": ("MissingAuthenticationToken", 403),
}


def denied(
    request: Request,
    service: str,
    identity: Identity,
    check: Check,
    resource: Resource,
    decision: Decision,
) -> Response:
    """Somebody may not do something with a resource."""
    named = f'"{resource.arn}"' if service in S3 else resource.arn
    message = (
        f"User: {identity.arn} is not authorized to perform: {check.action} on resource: {named} "
        f"{decision.reason}"
    )
    log.info("%s", message)
    return _denial(request, service, message)


def unknown(request: Request, service: str, operation: str, file: str) -> Response:
    """Nobody but the root may make a call that no table knows."""
    message = (
        f"The local emulator does not know on which resources {service}:{operation} acts, so it "
        f"refuses it while IAM is enforced: add it to {file}"
    )
    log.warning("%s", message)
    return _denial(request, service, message)


def invalid_key(request: Request, service: str) -> Response:
    """There is no such access key."""
    if service in S3:
        message = "The AWS Access Key Id you provided does not exist in our records."
        return error_response(request, service, "InvalidAccessKeyId", message, 403)
    code, status = _INVALID_KEY.get(
        protocol_of(request, service), ("UnrecognizedClientException", 400)
    )
    message = "The security token included in the request is invalid."
    return error_response(request, service, code, message, status)


def expired(request: Request, service: str) -> Response:
    """The session of the key is over."""
    default = ("ExpiredToken", 400) if service in S3 else ("ExpiredTokenException", 400)
    code, status = _EXPIRED.get(protocol_of(request, service), default)
    message = "The security token included in the request is expired"
    return error_response(request, service, code, message, status)


def unsigned(request: Request, service: str) -> Response:
    """Only S3 answers somebody who says nothing about who they are."""
    code, status = _UNSIGNED.get(
        protocol_of(request, service), ("MissingAuthenticationTokenException", 400)
    )
    return error_response(request, service, code, "Missing Authentication Token", status)


def invalid(request: Request, service: str, code: str, message: str) -> Response:
    """The request is refused before any policy is asked."""
    return error_response(request, service, code, message, 400)


def _denial(request: Request, service: str, message: str) -> Response:
    default = "AccessDenied" if service in S3 else "AccessDeniedException"
    code, status = _DENIED.get(protocol_of(request, service), (default, 403))
    if code == "UnauthorizedOperation":
        message = f"You are not authorized to perform this operation. {message}"
    return error_response(request, service, code, message, status)
