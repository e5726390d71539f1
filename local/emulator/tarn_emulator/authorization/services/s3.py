"""S3: buckets and objects, the bucket policy, and the keys of what is encrypted with KMS.

An operation whose action has the operation's own name is in `PLAIN`; the others are in the table
that the bucket policies use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from moto.s3.models import FakeBucket, s3_backends

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import EVERYTHING, Check, Resource
from tarn_emulator.authorization.services import kms
from tarn_emulator.authorization.services.passing import pass_roles
from tarn_emulator.authorization.table import UnknownCallError
from tarn_emulator.patches.s3_access import ACTIONS, SSE, SSE_KEY, VERSION_ACTIONS, keys_of
from tarn_emulator.settings import ACCOUNT_ID

#: Operations whose action has the same name.
PLAIN = {
    "CreateBucket",
    "DeleteBucket",
    "DeleteBucketPolicy",
    "DeleteBucketWebsite",
    "DeleteObject",
    "DeleteObjectTagging",
    "GetBucketAcl",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "PutBucketAcl",
    "PutBucketLogging",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketRequestPayment",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "RestoreObject",
}

#: Reads that ListBucket turns from "forbidden" into "not found" when there is no such object.
READS = {"GetObject", "HeadObject"}

_replication_role = pass_roles(
    lambda call: [call.get("ReplicationConfiguration", {}).get("Role")], "s3.amazonaws.com"
)


def checks(call: Call) -> list[Check]:
    """What a call of S3 needs."""
    if call.operation == "ListBuckets":
        return [Check("s3:ListAllMyBuckets", (Resource(EVERYTHING),))]
    bucket, key = call.get("Bucket"), call.get("Key")
    if not bucket:
        raise UnknownCallError(call.operation)
    if call.operation == "DeleteObjects":
        return list(_deletions(call, bucket))
    found = [_check(call, bucket, key, _action(call))]
    found += _copy_source(call)
    found += _missing_object(call, bucket, key)
    found += _object_settings(call, bucket, key)
    if call.operation == "PutBucketReplication":
        found += _replication_role(call)
    found += _encryption(call, bucket, key)
    return found


def bucket_named(name: str) -> FakeBucket | None:
    """moto's bucket, which are all in one place whatever their region."""
    return s3_backends[ACCOUNT_ID]["aws"].buckets.get(name)


def _action(call: Call) -> str:
    if call.operation in PLAIN:
        action = call.operation
    elif call.operation in ACTIONS:
        action = ACTIONS[call.operation]
    else:
        raise UnknownCallError(call.operation)
    versioned = call.operation in READS | PLAIN and call.request.args.get("versionId")
    if versioned and (action in VERSION_ACTIONS or action == "GetObjectAttributes"):
        return action.replace("Object", "ObjectVersion", 1)
    return action


def _check(
    call: Call,
    bucket_name: str,
    key: str | None,
    action: str,
    *,
    more: Mapping[str, Any] | None = None,
    **options: Any,
) -> Check:
    bucket = bucket_named(bucket_name)
    found = keys_of(call.request, bucket, key, call.operation)
    keys = {**found, **tags.keys(call.parameters), **(more or {})}
    return Check(f"s3:{action}", (_resource(bucket, bucket_name, key),), keys, **options)


def _resource(bucket: FakeBucket | None, name: str, key: str | None) -> Resource:
    arn = f"arn:aws:s3:::{name}" + ("" if key is None else f"/{key}")
    policy = bucket.policy if bucket is not None else None
    return Resource(arn, policy=policy.decode() if isinstance(policy, bytes) else policy)


def _deletions(call: Call, bucket: str) -> Iterable[Check]:
    """S3 refuses single keys of a list, not the list."""
    for entry in call.get("Delete", {}).get("Objects") or ():
        action = "DeleteObjectVersion" if entry.get("VersionId") else "DeleteObject"
        yield _check(call, bucket, entry.get("Key"), action, partial=True)


def _copy_source(call: Call) -> Iterable[Check]:
    source = call.request.headers.get("x-amz-copy-source")
    if not source or call.operation not in ("CopyObject", "UploadPartCopy"):
        return
    split = urlsplit(source)
    bucket, _, key = unquote(split.path).lstrip("/").partition("/")
    version = "versionId=" in split.query
    action = "GetObjectVersion" if version else "GetObject"
    yield _check(call, bucket, key, action, implied=True)
    yield from _decryption(call, bucket, key)


def _missing_object(call: Call, bucket_name: str, key: str | None) -> Iterable[Check]:
    """Who may not list a bucket is not told that an object is missing.

    The prefix is that of the object: a policy that lets somebody list only a prefix lets them know
    what is missing below it. That is how policies for state files rely on it.
    """
    bucket = bucket_named(bucket_name)
    if call.operation in READS and bucket is not None and key not in bucket.keys:
        more = {"s3:prefix": key}
        yield _check(call, bucket_name, None, "ListBucket", implied=True, more=more)


def _object_settings(call: Call, bucket: str, key: str | None) -> Iterable[Check]:
    """What a request that writes an object sets besides."""
    if call.operation not in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        return
    headers = call.request.headers
    wanted = {
        "PutObjectTagging": "x-amz-tagging" in headers,
        "PutObjectAcl": "x-amz-acl" in headers
        or any(name.lower().startswith("x-amz-grant-") for name, _ in headers.items()),
        "PutObjectRetention": "x-amz-object-lock-mode" in headers,
        "PutObjectLegalHold": "x-amz-object-lock-legal-hold" in headers,
    }
    for action, asked in wanted.items():
        if asked:
            yield _check(call, bucket, key, action, implied=True)


def _encryption(call: Call, bucket: str, key: str | None) -> Iterable[Check]:
    """The use of the KMS key of an object, in the caller's name."""
    if call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        kms_key, with_bucket_key = _key_to_write_with(call, bucket)
        context = _encryption_context(bucket, key, with_bucket_key)
        yield from kms.use(call, kms_key, "GenerateDataKey", "s3", context)
    elif call.operation in ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload"):
        owner = bucket_named(bucket)
        upload = owner.multiparts.get(call.get("UploadId", "")) if owner else None
        if upload is not None:
            context = _encryption_context(bucket, key, False)
            kms_key = upload.kms_key_id or _default_key(owner)[0]
            yield from kms.use(call, kms_key, "Decrypt", "s3", context)
    elif call.operation == "GetObject" or (
        call.operation == "HeadObject" and call.get("ChecksumMode")
    ):
        yield from _decryption(call, bucket, key)


def _decryption(call: Call, bucket_name: str, key: str | None) -> Iterable[Check]:
    bucket = bucket_named(bucket_name)
    stored = bucket.keys.get(key) if bucket is not None else None
    if stored is not None and getattr(stored, "encryption", None) == "aws:kms":
        context = _encryption_context(bucket_name, key, bool(stored.bucket_key_enabled))
        yield from kms.use(call, stored.kms_key_id, "Decrypt", "s3", context)


def _key_to_write_with(call: Call, bucket: str) -> tuple[str | None, bool]:
    headers = call.request.headers
    if headers.get(SSE) == "AES256":
        return None, False
    default, with_bucket_key = _default_key(bucket_named(bucket))
    return headers.get(SSE_KEY) or default, with_bucket_key


def _default_key(bucket: FakeBucket | None) -> tuple[str | None, bool]:
    rule = ((bucket.encryption if bucket is not None else None) or {}).get("Rule") or {}
    rule = rule[0] if isinstance(rule, list) else rule
    default = rule.get("ApplyServerSideEncryptionByDefault") or {}
    enabled = str(rule.get("BucketKeyEnabled", "false")).lower() == "true"
    return default.get("KMSMasterKeyID"), enabled


def _encryption_context(bucket: str, key: str | None, with_bucket_key: bool) -> dict[str, str]:
    arn = f"arn:aws:s3:::{bucket}" + ("" if with_bucket_key else f"/{key}")
    return {"aws:s3:arn": arn}
