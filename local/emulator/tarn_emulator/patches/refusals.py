"""What a client gets for a call the emulator cannot serve: an error at once, named, once.

Upstream answers a missing call with HTTP 500 (or 404) and a page of HTML. SDKs retry a 500,
the Terraform provider up to 25 times with growing pauses, so a missing call looks like a hang.
Here it is an error in the wire format of the service that no SDK retries, and it is logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

from flask import Flask, Response
from flask import request as flask_request
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

log = logging.getLogger("tarn_emulator.refused")

#: The name botocore has for a service whose requests are signed with another name.
MODEL_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions", "email": "ses"}

_XML_ERROR = "<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"


class UnimplementedCallError(Exception):
    """Raised by a handler for a call that nobody has written."""


def moto_application() -> DomainDispatcherApplication:
    """moto's WSGI application, with every failure turned into a refusal."""
    return _Application(_create_app)


class _Application(DomainDispatcherApplication):
    """Finds the service of a request; a request of no known service is refused too."""

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        try:
            application = self.get_application(environ)
        except Exception as error:
            request = Request(environ)
            return _refuse(request, signed_service(request), error)(environ, start_response)
        return application(environ, start_response)


def _create_app(service: Any) -> Flask:
    if service is None:
        raise UnimplementedCallError("moto has no such service")
    application = create_backend_app(service)

    def answer(error: Exception) -> Response | HTTPException:
        if isinstance(error, HTTPException) and type(error) not in (NotFound, MethodNotAllowed):
            return error  # an AWS error that moto raised on purpose
        request = flask_request._get_current_object()  # type: ignore[attr-defined]
        return _refuse(request, signed_service(request) or service, error)

    application.register_error_handler(Exception, answer)
    return application


def _refuse(request: Request, service: str | None, error: Exception) -> Response:
    call = f"{service or 'unknown service'} {operation_name(request, service)}"
    unimplemented = isinstance(
        error, UnimplementedCallError | NotImplementedError | NotFound | MethodNotAllowed
    )
    if unimplemented:
        code = "NotImplemented" if service == "s3" else "UnknownOperationException"
        detail = str(error) if isinstance(error, UnimplementedCallError) else ""
        message = f"the local emulator does not implement {call}" + (f": {detail}" * bool(detail))
        log.warning("%s", message)
        status = 501 if service == "s3" else 400
    else:
        code = "EmulatorInternalFailure"
        message = f"the local emulator failed in {call}: {type(error).__name__}: {error}"
        log.error("%s", message, exc_info=error)
        status = 400
    return error_response(request, service, code, message, status)


def error_response(
    request: Request, service: str | None, code: str, message: str, status: int
) -> Response:
    """The error in the protocol the client speaks; JSON when the service is not known."""
    match protocol_of(request, service):
        case "rest-xml":
            body = _XML_ERROR.format(code=escape(code), message=escape(message))
        case "query":
            error = _XML_ERROR.format(code=escape(code), message=escape(message))
            body = f"<ErrorResponse>{error}<RequestId>tarn</RequestId></ErrorResponse>"
        case "ec2":
            error = _XML_ERROR.format(code=escape(code), message=escape(message))
            body = f"<Response><Errors>{error}</Errors><RequestID>tarn</RequestID></Response>"
        case _:
            body = json.dumps({"__type": code, "message": message})
            return Response(
                body,
                status=status,
                content_type="application/x-amz-json-1.1",
                headers={"X-Amzn-ErrorType": code},
            )
    return Response(body, status=status, content_type="text/xml")


def protocol_of(request: Request, service: str | None) -> str:
    try:
        return determine_request_protocol(get_service_model(service or ""), request.content_type)
    except Exception:
        return "json"


def signed_service(request: Request) -> str | None:
    """The service a request is signed for, by botocore's name."""
    authorization = request.headers.get("Authorization", "")
    _, _, credential = authorization.partition("Credential=")
    scope = credential.split(",")[0].split("/")
    if len(scope) < 5:
        return None
    return MODEL_NAMES.get(scope[-2], scope[-2])


def operation_name(request: Request, service: str | None) -> str:
    """The API operation a request asks for, or its method and path when that is unknown."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1]
    action = request.values.get("Action")
    if action:
        return action
    try:
        operation, _ = get_service_router(service or "").match(request)
        return operation.name
    except Exception:
        query = "&".join(sorted(request.args))
        return f"{request.method} {request.path}" + (f"?{query}" if query else "")
