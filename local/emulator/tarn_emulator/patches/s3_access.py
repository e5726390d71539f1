"""S3 bucket policies, evaluated with their conditions.

| what | kind | why |
|---|---|---|
| every bucket and object call | extends | upstream ignores Condition, NotAction and Principal, so |
| | | the usual deny-without-TLS statement denied every upload |
| PutBucketPolicy | extends | upstream stores any text; AWS refuses a malformed policy |

The verdict is taken before moto sees the request, so default encryption has not been filled in
yet: a PUT without encryption headers looks that way to the policy, as on AWS. HTTP on the
loopback interface counts as TLS, because on AWS it would be TLS; nothing is weakened for it.
Only an explicit deny refuses a signed request. Whether IAM allows it too is decided before, in
`authorization`, and only when IAM is enforced; what was decided there is not asked again here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from flask import has_request_context
from flask import request as flask_request
from moto.core.request import Request as HttpRequest
from moto.core.routing import get_service_router
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.s3.responses import S3Response

from tarn_emulator.authorization import keys
from tarn_emulator.authorization.call import service_and_region
from tarn_emulator.patches.caller import access_key, caller_of
from tarn_emulator.patches.registry import extends, replaces
from tarn_emulator.policy import document
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.evaluate import Effect, Request, Verdict, evaluate
from tarn_emulator.settings import ACCOUNT_ID

#: S3 operations whose IAM action has another name.
ACTIONS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}

#: Actions that have another name when the request names a version.
VERSION_ACTIONS = {"GetObject", "DeleteObject", "GetObjectAcl", "PutObjectAcl"} | {
    f"{verb}ObjectTagging" for verb in ("Get", "Put", "Delete")
}

#: Calls no bucket policy can speak about, because the bucket is only being made, and the one
#: moto itself asks about key by key.
UNRULED = {"CreateBucket", "DeleteObjects", "ListBuckets"}

#: Calls of which the encryption was said once, when the upload was started.
PARTS_OF_UPLOAD = {"UploadPart", "UploadPartCopy", "CompleteMultipartUpload"}

SSE = "x-amz-server-side-encryption"
SSE_KEY = "x-amz-server-side-encryption-aws-kms-key-id"

#: Headers that are condition keys under their own name, after `s3:`.
HEADER_KEYS = (
    SSE,
    SSE_KEY,
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
)

#: Query parameters that are condition keys.
QUERY_KEYS = {
    "prefix": "s3:prefix",
    "delimiter": "s3:delimiter",
    "max-keys": "s3:max-keys",
    "versionId": "s3:VersionId",
}

#: Where the gate of `authorization` leaves, in the WSGI environment, that it has decided about a
#: request: the ARNs of the parts of it that are refused.
DECIDED = "tarn.refused_parts"


class PolicyDeniesError(S3ClientError):
    """A bucket policy denied the request; says which statement, which AWS does not."""

    code = "AccessDenied"

    def __init__(self, request: Request, verdict: Verdict) -> None:
        who = request.caller.arns[0] if request.caller.arns else "anonymous"
        sid = verdict.statement.sid if verdict.statement else ""
        super().__init__(
            "AccessDenied",
            f"User: {who} is not authorized to perform: {request.action} on resource: "
            f'"{request.resource}" with an explicit deny in a resource-based policy '
            f"(statement {sid or 'without Sid'})",
        )


class MalformedBucketPolicyError(S3ClientError):
    """The text given to PutBucketPolicy is no policy."""

    code = "MalformedPolicy"

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicy", message)


@extends(
    "s3",
    "bucket calls",
    reason="upstream does not apply the bucket policy to calls on the bucket itself",
    attribute="_bucket_response",
)
def _bucket_response(
    upstream: Callable[..., Any], self: S3Response, request: HttpRequest, full_url: str
) -> Any:
    bucket = self.parse_bucket_name_from_url(request, full_url)
    if bucket:
        authorize(request, bucket, None)
    return upstream(self, request, full_url)


@extends(
    "s3",
    "object calls",
    reason="upstream ignores Condition, NotAction and Principal of the bucket policy",
    attribute="_key_response",
)
def _key_response(
    upstream: Callable[..., Any], self: S3Response, request: HttpRequest, full_url: str
) -> Any:
    bucket = self.parse_bucket_name_from_url(request, full_url)
    authorize(request, bucket, self.parse_key_name())
    return upstream(self, request, full_url)


@replaces(
    "s3",
    "the verdict of a bucket policy",
    reason="upstream takes a statement for applicable whatever its Condition says",
    target="moto.s3.models:FakeBucket",
    attribute="get_permission",
)
def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    """The verdict where moto asks for it: anonymous reads, and each key of DeleteObjects."""
    if has_request_context() and resource in flask_request.environ.get(DECIDED, ()):
        return PermissionResult.DENIED
    if self.policy is None or not has_request_context():
        return PermissionResult.NEUTRAL
    request: HttpRequest = flask_request._get_current_object()  # type: ignore[attr-defined]
    # moto forms the action from the HTTP method.
    action = {"s3:HeadObject": "s3:GetObject", "s3:PostObject": "s3:PutObject"}.get(action, action)
    key = resource.partition("/")[2]
    asked = Request(
        action=action,
        resource=resource,
        caller=caller_of(access_key(request)),
        context=context_of(request, self, key, operation_of(request)),
    )
    return {
        Effect.DENY: PermissionResult.DENIED,
        Effect.ALLOW: PermissionResult.PERMITTED,
        Effect.SILENT: PermissionResult.NEUTRAL,
    }[evaluate(document.parse(self.policy), asked).effect]


@extends(
    "s3",
    "PutBucketPolicy",
    reason="upstream stores any text; AWS answers MalformedPolicy",
    target="moto.s3.models:S3Backend",
    attribute="put_bucket_policy",
)
def put_bucket_policy(
    upstream: Callable[..., Any], self: Any, bucket_name: str, policy: bytes
) -> None:
    """Store a policy that AWS would store."""
    try:
        statements = document.parse(policy)
    except document.MalformedPolicyError as error:
        raise MalformedBucketPolicyError(str(error)) from None
    arn = f"arn:aws:s3:::{bucket_name}"
    for statement in statements:
        for resource in statement.resources + statement.not_resources:
            if resource != arn and not resource.startswith(
                (f"{arn}/", f"{arn}*", "arn:aws:s3:::$")
            ):
                raise MalformedBucketPolicyError(f"Policy has invalid resource: {resource}")
    upstream(self, bucket_name, policy)


def authorize(request: HttpRequest, bucket_name: str, key: str | None) -> None:
    """Refuse a request that a bucket policy denies."""
    if DECIDED in request.environ:
        return
    operation = operation_of(request)
    if operation in UNRULED:
        return
    _judge(request, bucket_name, key, operation)
    source = request.headers.get("x-amz-copy-source")
    if source and operation in ("CopyObject", "UploadPartCopy"):
        path = unquote(urlsplit(source).path).lstrip("/")
        source_bucket, _, source_key = path.partition("/")
        _judge(request, source_bucket, source_key, "GetObject")


def _judge(request: HttpRequest, bucket_name: str, key: str | None, operation: str) -> None:
    bucket = s3_backends[ACCOUNT_ID]["aws"].buckets.get(bucket_name)
    if bucket is None or bucket.policy is None:
        return
    action = ACTIONS.get(operation, operation)
    if action in VERSION_ACTIONS and request.args.get("versionId"):
        action = action.replace("Object", "ObjectVersion", 1)
    arn = f"arn:aws:s3:::{bucket_name}"
    asked = Request(
        action=f"s3:{action}",
        resource=arn if key is None else f"{arn}/{key}",
        caller=caller_of(access_key(request)),
        context=context_of(request, bucket, key, operation),
    )
    verdict = evaluate(document.parse(bucket.policy), asked)
    if verdict.effect is Effect.DENY:
        raise PolicyDeniesError(asked, verdict)


def operation_of(request: HttpRequest) -> str:
    """The S3 operation of a request, or an empty text when it is none that S3 has."""
    try:
        operation, _ = get_service_router("s3").match(request)
    except Exception:
        return ""
    return operation.name


def context_of(
    request: HttpRequest, bucket: FakeBucket, key: str | None, operation: str
) -> Context:
    """The condition keys of a request to S3."""
    _, region = service_and_region(request)
    return Context(
        {
            **keys.of_request(request, region),
            **keys.of_caller(caller_of(access_key(request))),
            "aws:ResourceAccount": bucket.account_id,
            **keys_of(request, bucket, key, operation),
        }
    )


def keys_of(
    request: HttpRequest, bucket: FakeBucket | None, key: str | None, operation: str
) -> dict[str, Any]:
    """The condition keys that only S3 has."""
    values: dict[str, Any] = {
        "s3:ResourceAccount": ACCOUNT_ID,
        "s3:authType": "REST-QUERY-STRING" if _is_presigned(request) else "REST-HEADER",
        "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:TlsVersion": "1.3" if keys.is_secure(request) else None,
    }
    values |= {f"s3:{name}": request.headers.get(name) for name in HEADER_KEYS}
    values |= {name: request.args.get(query) for query, name in QUERY_KEYS.items()}
    if bucket is None:
        return values
    values |= _tag_keys(request, bucket, key)
    if operation in PARTS_OF_UPLOAD:
        upload = bucket.multiparts.get(request.args.get("uploadId"))
        if upload is not None:
            values[f"s3:{SSE}"] = upload.sse_encryption
            values[f"s3:{SSE_KEY}"] = upload.kms_key_id
    return values


def _is_presigned(request: HttpRequest) -> bool:
    return "X-Amz-Signature" in request.args or "Signature" in request.args


def _tag_keys(request: HttpRequest, bucket: FakeBucket, key: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    requested = dict(parse_qsl(request.headers.get("x-amz-tagging", ""), keep_blank_values=True))
    if requested:
        values["s3:RequestObjectTagKeys"] = tuple(requested)
        values |= {f"s3:RequestObjectTag/{name}": value for name, value in requested.items()}
    existing = bucket.keys.get(key) if key else None
    if isinstance(existing, FakeKey):  # and not the mark that it was deleted
        tags = s3_backends[ACCOUNT_ID]["aws"].tagger.list_tags_for_resource(existing.arn)["Tags"]
        values |= {f"s3:ExistingObjectTag/{tag['Key']}": tag["Value"] for tag in tags}
    return values
