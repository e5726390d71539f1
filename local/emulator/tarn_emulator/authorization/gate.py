"""Stands in front of moto: every request passes here, is recorded, and is judged when IAM is on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from flask import Response
from moto.core.request import Request

from tarn_emulator.authorization import refusal
from tarn_emulator.authorization.authorizer import Authorizer, DeniedError
from tarn_emulator.authorization.call import Call, UnreadableCallError, read, service_and_region
from tarn_emulator.authorization.check import Check
from tarn_emulator.authorization.identity import (
    INTERNAL_KEY,
    ExpiredKeyError,
    Identity,
    InvalidKeyError,
    identify,
    presumed,
)
from tarn_emulator.authorization.services import checks_of, file_to_extend
from tarn_emulator.authorization.services.s3 import READS, bucket_named
from tarn_emulator.authorization.table import UnknownCallError
from tarn_emulator.authorization.webidentity import InvalidRequestError, Token
from tarn_emulator.authorization.webidentity import read as read_token
from tarn_emulator.patches.caller import access_key
from tarn_emulator.patches.s3_access import DECIDED

log = logging.getLogger("tarn_emulator.authorization")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: Paths that are not AWS: moto's own interface and the metadata of an instance.
OUTSIDE = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")

TOKEN_HEADER = "X-Amz-Security-Token"


class Gate:
    """The application with the authorizer in front of it."""

    def __init__(self, application: Application, authorizer: Authorizer) -> None:
        self._application = application
        self._authorizer = authorizer

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request: the refusal, or what moto says."""
        if not environ.get("PATH_INFO", "").startswith(OUTSIDE):
            refused = self._judge(Request(environ))
            # moto reads the body again.
            environ["wsgi.input"].seek(0)
            if refused is not None:
                return refused(environ, start_response)
        return self._application(environ, start_response)

    def _judge(self, request: Request) -> Response | None:
        """The refusal of a request, or None when it may go on."""
        key = access_key(request)
        if key == INTERNAL_KEY:
            return None
        if not self._authorizer.enforces:
            self._only_record(request, key)
            return None
        service, _ = service_and_region(request)
        try:
            return self._refusal(request, service, identify(key, _session_token(request)))
        except InvalidKeyError:
            return refusal.invalid_key(request, service)
        except ExpiredKeyError:
            return refusal.expired(request, service)
        except Exception as error:
            # Whatever goes wrong in here, nothing goes through.
            log.exception("judging %s %s failed", request.method, request.path)
            message = f"the local emulator failed to judge the call: {error!r}"
            return refusal.invalid(request, service, "EmulatorInternalFailure", message)

    def _only_record(self, request: Request, key: str | None) -> None:
        try:
            call = read(request)
            identity = presumed(key, _session_token(request))
            for check in _needs(call):
                self._authorizer.record(check, identity, True)
        except (UnreadableCallError, InvalidRequestError) as error:
            log.debug("not recorded: %s", error)
        except Exception:
            # A call that is only watched must not suffer from it.
            log.exception("recording %s %s failed", request.method, request.path)

    def _refusal(self, request: Request, service: str, identity: Identity) -> Response | None:
        try:
            call = read(request)
            checks = checks_of(call)
        except (UnknownCallError, UnreadableCallError) as error:
            self._authorizer.record(_unknown(service, error), identity, identity.is_root)
            if identity.is_root:
                return None  # moto says what it thinks of it
            return refusal.unknown(request, service, str(error), file_to_extend(service))
        except InvalidRequestError as error:
            return refusal.invalid(request, service, error.code, error.message)
        if not identity.caller.arns:
            token = _web_identity(call)
            if token is not None:
                identity = Identity(token.caller)
            elif service != "s3":
                return refusal.unsigned(request, service)
            elif call.operation in READS and bucket_named(call.get("Bucket", "")) is not None:
                return None  # moto knows whether the object is public
        try:
            refused_parts = self._authorizer.authorize(call, identity, checks)
        except DeniedError as error:
            return refusal.denied(
                request, service, identity, error.check, error.resource, error.decision
            )
        request.environ[DECIDED] = refused_parts
        return None


def _needs(call: Call) -> list[Check]:
    try:
        return checks_of(call)
    except UnknownCallError as error:
        return [_unknown(call.service, error)]


def _unknown(service: str, error: Exception) -> Check:
    """A call no table knows, as it is recorded: without resources."""
    log.warning("%s %s: not in %s", service, error, file_to_extend(service))
    return Check(f"{service}:{error}", ())


def _web_identity(call: Call) -> Token | None:
    if call.operation != "AssumeRoleWithWebIdentity":
        return None
    return read_token(call.get("WebIdentityToken", ""))


def _session_token(request: Request) -> str | None:
    return request.headers.get(TOKEN_HEADER) or request.args.get(TOKEN_HEADER)
