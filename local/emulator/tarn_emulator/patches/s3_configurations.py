"""S3 bucket configurations and sub-resources upstream does not know.

| what | kind | why |
|---|---|---|
| request payment | extends | the PUT created the bucket again, the GET listed objects |
| intelligent tiering, metrics, analytics | extends | same, and the DELETE deleted the bucket |
| DeleteBucketInventoryConfiguration | extends | it deleted the bucket |
| PutBucketInventoryConfiguration | extends | the encryption of the list was lost |
| GetBucketInventoryConfiguration | extends | what is not there had an error code of moto's own |
| GetObjectRetention | extends | it returned the object |
| PutBucketLogging | replaces | the permission check on the target failed with a Python error |
| | | on a statement for every principal, and did not understand a list of resources |
| any other sub-resource | extends | answered with some other call's result; now NotImplemented |

A configuration is kept as the XML the client sent and returned as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from flask import request as flask_request
from moto.core.request import Request as HttpRequest
from moto.s3.exceptions import MissingKey, S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from tarn_emulator.patches.refusals import UnimplementedCallError
from tarn_emulator.patches.registry import extends, replaces
from tarn_emulator.patches.s3_access import operation_of
from tarn_emulator.patches.store import store
from tarn_emulator.policy import document
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.evaluate import Effect, Request, evaluate
from tarn_emulator.policy.principal import Caller

LOGGING_SERVICE = "logging.s3.amazonaws.com"

#: What upstream's dispatch of bucket calls serves. Everything else would end in ListObjects,
#: CreateBucket or DeleteBucket.
BUCKET_CALLS = {
    "CreateBucket",
    "DeleteBucket",
    "DeleteBucketCors",
    "DeleteBucketEncryption",
    "DeleteBucketLifecycle",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketReplication",
    "DeleteBucketTagging",
    "DeleteBucketWebsite",
    "DeleteObjects",
    "DeletePublicAccessBlock",
    "GetBucketAccelerateConfiguration",
    "GetBucketAcl",
    "GetBucketCors",
    "GetBucketEncryption",
    "GetBucketInventoryConfiguration",
    "GetBucketLifecycle",
    "GetBucketLifecycleConfiguration",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketNotification",
    "GetBucketNotificationConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketReplication",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetObjectLockConfiguration",
    "GetPublicAccessBlock",
    "HeadBucket",
    "ListBucketInventoryConfigurations",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "PutBucketAccelerateConfiguration",
    "PutBucketAcl",
    "PutBucketCors",
    "PutBucketEncryption",
    "PutBucketInventoryConfiguration",
    "PutBucketLifecycle",
    "PutBucketLifecycleConfiguration",
    "PutBucketLogging",
    "PutBucketNotification",
    "PutBucketNotificationConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketReplication",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutObjectLockConfiguration",
    "PutPublicAccessBlock",
}

#: Object calls that upstream would answer with the whole object, or store as one.
UNSERVED_OBJECT_CALLS = {
    "GetObjectTorrent",
    "RenameObject",
    "UpdateObjectEncryption",
    "WriteGetObjectResponse",
}


@dataclass(frozen=True)
class Family:
    """One kind of configuration of which a bucket can have several, by id."""

    name: str
    element: str


FAMILIES = (
    Family("IntelligentTiering", "IntelligentTieringConfiguration"),
    Family("Metrics", "MetricsConfiguration"),
    Family("Analytics", "AnalyticsConfiguration"),
)

DEFAULT_PAYMENT = (
    b'<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
)


#: What a request with a sub-resource nobody knows looks like.
WITHOUT_QUERY = {"CreateBucket", "DeleteBucket"}


class NoSuchConfigurationError(S3ClientError):
    """AWS's answer for an id nobody has put."""

    code = "NoSuchConfiguration"

    def __init__(self) -> None:
        super().__init__("NoSuchConfiguration", "The specified configuration does not exist.")


@extends(
    "s3",
    "bucket sub-resources",
    reason="a sub-resource upstream does not know was served as another call",
    attribute="_bucket_response",
)
def _bucket_response(
    upstream: Callable[..., Any], self: S3Response, request: HttpRequest, full_url: str
) -> Any:
    bucket_name = self.parse_bucket_name_from_url(request, full_url)
    operation = operation_of(request)
    if not bucket_name or request.method == "OPTIONS":
        return upstream(self, request, full_url)
    handler = _HANDLERS.get(operation)
    if handler is not None:
        return handler(self, self.backend.get_bucket(bucket_name))
    # A browser's form upload is a POST of no operation.
    is_form = request.method == "POST" and not request.args
    if operation not in BUCKET_CALLS and not is_form:
        raise UnimplementedCallError("no such sub-resource of a bucket")
    if operation in WITHOUT_QUERY and not all(map(_says_nothing, request.args)):
        # Whatever it is, it must not make or delete the bucket.
        raise UnimplementedCallError(f"no such sub-resource of a bucket: {[*request.args]}")
    return upstream(self, request, full_url)


def _says_nothing(parameter: str) -> bool:
    """True for what SDKs add to any address: the name of the call, and a signature."""
    return parameter == "x-id" or parameter.startswith("X-Amz-")


@extends(
    "s3",
    "object sub-resources",
    reason="a sub-resource upstream does not know was served as GetObject or PutObject",
    attribute="_key_response",
)
def _key_response(
    upstream: Callable[..., Any], self: S3Response, request: HttpRequest, full_url: str
) -> Any:
    operation = operation_of(request)
    if operation == "GetObjectRetention":
        return _get_object_retention(self)
    if operation in UNSERVED_OBJECT_CALLS:
        raise UnimplementedCallError("no such sub-resource of an object")
    return upstream(self, request, full_url)


@replaces(
    "s3",
    "PutBucketLogging",
    reason="the check of the target's policy broke on a statement for every principal",
    target="moto.s3.models:FakeBucket",
    attribute="_log_permissions_enabled_policy",
)
@staticmethod
def _log_permissions_enabled_policy(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """True when the target's policy lets the log delivery service write below the prefix."""
    if target_bucket.policy is None:
        return False
    source = unquote(flask_request.path).strip("/")
    asked = Request(
        action="s3:PutObject",
        resource=f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}log",
        caller=Caller(service=LOGGING_SERVICE, kind="Service"),
        context=Context(
            {
                "aws:SourceAccount": target_bucket.account_id,
                "aws:SourceArn": f"arn:aws:s3:::{source}",
                "aws:SecureTransport": "true",
                "aws:PrincipalIsAWSService": "true",
                "aws:PrincipalServiceName": LOGGING_SERVICE,
                "s3:TlsVersion": "1.3",
            }
        ),
    )
    return evaluate(document.parse(target_bucket.policy), asked).effect is Effect.ALLOW


@extends(
    "s3",
    "PutBucketInventoryConfiguration",
    reason="the encryption was kept under its XML name, which the answer does not know",
    target="moto.s3.models:S3Backend",
    attribute="put_bucket_inventory_configuration",
)
def put_bucket_inventory_configuration(
    upstream: Callable[..., Any], self: Any, bucket_name: str, inventory_config: dict[str, Any]
) -> None:
    """Keep the encryption under its name in the API; what is empty in XML is an empty object."""
    destination = inventory_config.get("Destination", {}).get("S3BucketDestination", {})
    encryption = destination.get("Encryption")
    if encryption:
        destination["Encryption"] = {
            name.replace("SSE-", "SSE"): value or {} for name, value in encryption.items()
        }
    upstream(self, bucket_name, inventory_config)


@extends(
    "s3",
    "GetBucketInventoryConfiguration",
    reason="the provider waits for AWS's error code after a deletion",
    target="moto.s3.models:S3Backend",
    attribute="get_bucket_inventory_configuration",
)
def get_bucket_inventory_configuration(
    upstream: Callable[..., Any], self: Any, bucket_name: str, id: str, *rest: Any
) -> Any:
    """The configuration, or AWS's answer for an id nobody has put."""
    if id not in self.get_bucket(bucket_name).inventory_configs:
        raise NoSuchConfigurationError
    return upstream(self, bucket_name, id, *rest)


def _store(bucket: FakeBucket) -> dict[tuple[str, str], bytes]:
    """The configurations of a bucket, by family and id."""
    return store(bucket, "configurations")


def _xml(body: bytes | str) -> tuple[int, dict[str, str], bytes | str]:
    return 200, {"content-type": "application/xml"}, body


def _get_payment(self: S3Response, bucket: FakeBucket) -> Any:
    return _xml(_store(bucket).get(("RequestPayment", ""), DEFAULT_PAYMENT))


def _put_payment(self: S3Response, bucket: FakeBucket) -> Any:
    _store(bucket)["RequestPayment", ""] = self.body
    return 200, {}, ""


def _delete_inventory(self: S3Response, bucket: FakeBucket) -> Any:
    if bucket.inventory_configs.pop(self._get_param("id"), None) is None:
        raise NoSuchConfigurationError
    return 204, {}, ""


def _get_object_retention(self: S3Response) -> Any:
    name = self.parse_key_name()
    key = self.backend.get_object(
        self.bucket_name, name, version_id=self.querystring.get("versionId", [None])[0]
    )
    if key is None:
        raise MissingKey(key=name)
    if not key.lock_mode:
        raise S3ClientError(
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
        )
    return _xml(
        f"<Retention><Mode>{escape(str(key.lock_mode))}</Mode>"
        f"<RetainUntilDate>{escape(str(key.lock_until))}</RetainUntilDate></Retention>"
    )


def _handlers_of(family: Family) -> dict[str, Callable[[S3Response, FakeBucket], Any]]:
    def put(self: S3Response, bucket: FakeBucket) -> Any:
        _store(bucket)[family.name, self._get_param("id")] = self.body
        return 200, {}, ""

    def get(self: S3Response, bucket: FakeBucket) -> Any:
        try:
            return _xml(_store(bucket)[family.name, self._get_param("id")])
        except KeyError:
            raise NoSuchConfigurationError from None

    def delete(self: S3Response, bucket: FakeBucket) -> Any:
        if _store(bucket).pop((family.name, self._get_param("id")), None) is None:
            raise NoSuchConfigurationError
        return 204, {}, ""

    def list_all(self: S3Response, bucket: FakeBucket) -> Any:
        bodies = [
            _without_declaration(body)
            for (name, _), body in sorted(_store(bucket).items())
            if name == family.name
        ]
        root = f"List{family.element}sResult"
        return _xml(f"<{root}><IsTruncated>false</IsTruncated>{''.join(bodies)}</{root}>".encode())

    return {
        f"PutBucket{family.element}": put,
        f"GetBucket{family.element}": get,
        f"DeleteBucket{family.element}": delete,
        f"ListBucket{family.element}s": list_all,
    }


def _without_declaration(body: bytes) -> str:
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", body.decode())


_HANDLERS: dict[str, Callable[[S3Response, FakeBucket], Any]] = {
    "GetBucketRequestPayment": _get_payment,
    "PutBucketRequestPayment": _put_payment,
    "DeleteBucketInventoryConfiguration": _delete_inventory,
}
for _family in FAMILIES:
    _HANDLERS |= _handlers_of(_family)
