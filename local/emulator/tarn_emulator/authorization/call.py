"""An HTTP request, read as a call: which operation of which service, with which parameters."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model

from tarn_emulator.patches.refusals import MODEL_NAMES
from tarn_emulator.settings import REGION

#: The only calls AWS takes without a signature, apart from those to public S3 buckets.
UNSIGNED = {"AssumeRoleWithWebIdentity": "sts", "AssumeRoleWithSAML": "sts"}

#: Calls whose body is the content of an object, which no policy looks at.
CONTENT = {"PutObject", "UploadPart"}

S3_CONTROL_PATH = "/v20180820/"


class UnreadableCallError(Exception):
    """The request names no operation that its service has."""


@dataclass(frozen=True)
class Call:
    """One call. `service` is botocore's name of it."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    request: Request

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or the default when it is missing or empty."""
        return self.parameters.get(name) or default


def read(request: Request) -> Call:
    """The call a request makes."""
    service, region = service_and_region(request)
    model = get_service_model(service)
    try:
        operation, path_parameters = get_service_router(service).match(request)
        protocol = determine_request_protocol(model, request.content_type)
    except Exception as error:
        raise UnreadableCallError(f"{service}: {type(error).__name__}") from None
    parser = PROTOCOL_PARSERS[protocol](operation)
    content = service == "s3" and operation.name in CONTENT
    parameters = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": b"" if content else _body(request),
            "url_path": request.path,
            "url_params": path_parameters,
        }
    )
    return Call(service, operation.name, parameters, region, request)


def service_and_region(request: Request) -> tuple[str, str]:
    """The service a request is for, the way moto finds it, and the region of its signature."""
    _, signed, credential = request.headers.get("Authorization", "").partition("Credential=")
    scope = credential.split(",")[0].split("/")
    if not signed or len(scope) < 5:
        # Unsigned, or signed in its address, which only S3 takes.
        return UNSIGNED.get(request.form.get("Action", ""), "s3"), REGION
    region, name = scope[-3], scope[-2]
    if name == "s3" and request.path.startswith(S3_CONTROL_PATH):
        return "s3control", region
    return MODEL_NAMES.get(name, name), region


def _body(request: Request) -> bytes:
    body = request.get_data()
    return gzip.decompress(body) if request.content_encoding == "gzip" and body else body
