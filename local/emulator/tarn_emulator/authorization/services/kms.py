"""KMS: keys by their ARN, whose key policy must allow, and aliases.

Grants are not looked at: what a grant allows a principal of the account is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.kms.models import KmsBackend, kms_backends
from moto.kms.utils import RESERVED_ALIASE_TARGET_KEY_IDS, _deserialize_ciphertext_blob

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import EVERYTHING, Check, Resource, Weight
from tarn_emulator.authorization.table import Arns, Rule, Service, each, everything
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of KMS needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A key with its policy, or an alias, which has none."""
    region, _, kind = arn.removeprefix("arn:aws:kms:").partition(f":{ACCOUNT_ID}:")
    key = _backend(region).keys.get(kind.removeprefix("key/")) if kind.startswith("key/") else None
    if key is None:
        return Resource(arn)
    pairs = _backend(region).tagger.list_tags_for_resource(key.id)["Tags"]
    return Resource(arn, tags.as_dict(pairs), key.policy, Weight.NEEDED)


def use(
    call: Call, key_id: str | None, actions: str, via: str, encryption: Mapping[str, str]
) -> Iterable[Check]:
    """What another service needs from KMS in the caller's name: `via` says which service.

    A key AWS manages for that service may be used by everybody in the account who uses the
    service, so it needs nothing.
    """
    if not key_id:
        return
    arn = key_arn(key_id, call.region)
    if _is_managed_by_aws(arn):
        return
    keys = {
        "kms:ViaService": f"{via}.{call.region}.amazonaws.com",
        "aws:ViaAWSService": "true",
        **_encryption_keys(encryption),
    }
    for action in actions.split():
        yield Check(f"kms:{action}", (resource(arn, call),), keys, implied=True)


def key_arn(key_id: str, region: str) -> str:
    """The ARN of a key given by id, ARN or alias."""
    if key_id.startswith("arn:aws:kms:"):
        region, key_id = key_id.split(":")[3], key_id.split(":", 5)[5]
    if key_id.startswith("alias/"):
        key_id = _behind_alias(key_id, region) or key_id
    return f"arn:aws:kms:{region}:{ACCOUNT_ID}:key/{key_id.removeprefix('key/')}"


def _behind_alias(alias: str, region: str) -> str | None:
    if alias in RESERVED_ALIASE_TARGET_KEY_IDS:
        return RESERVED_ALIASE_TARGET_KEY_IDS[alias]
    # A copy: other threads create keys meanwhile.
    keys = list(_backend(region).keys.values())
    return next((key.id for key in keys if alias in key.aliases), None)


def _backend(region: str) -> KmsBackend:
    return kms_backends[ACCOUNT_ID][region]


def _is_managed_by_aws(arn: str) -> bool:
    region, key_id = arn.split(":")[3], arn.split("/")[-1]
    if key_id in RESERVED_ALIASE_TARGET_KEY_IDS.values():
        return True
    key = _backend(region).keys.get(key_id)
    return key is not None and any(name in RESERVED_ALIASE_TARGET_KEY_IDS for name in key.aliases)


def _encryption_keys(context: Mapping[str, str]) -> dict[str, Any]:
    keys: dict[str, Any] = {f"kms:EncryptionContext:{name}": v for name, v in context.items()}
    return keys | ({"kms:EncryptionContextKeys": tuple(context)} if context else {})


def _key(*parameters: str) -> Arns:
    def arns(call: Call) -> Iterable[str]:
        found = [call.get(name) for name in parameters if call.get(name)]
        return [key_arn(key_id, call.region) for key_id in found] or [EVERYTHING]

    return arns


def _key_of_ciphertext(call: Call) -> Iterable[str]:
    if call.get("KeyId"):
        return (key_arn(call.get("KeyId"), call.region),)
    try:
        key_id = _deserialize_ciphertext_blob(call.get("CiphertextBlob", b"")).key_id
    except Exception:
        return (EVERYTHING,)  # nothing of ours: KMS will refuse it
    return (key_arn(key_id, call.region),)


def _alias(call: Call) -> Iterable[str]:
    return (f"arn:aws:kms:{call.region}:{ACCOUNT_ID}:{call.get('AliasName')}",)


def _alias_and_key(call: Call) -> Iterable[str]:
    """Both, and for UpdateAlias the key it leads to now as well."""
    yield from _alias(call)
    current = _behind_alias(call.get("AliasName", ""), call.region)
    if current:
        yield key_arn(current, call.region)
    if call.get("TargetKeyId"):
        yield key_arn(call.get("TargetKeyId"), call.region)


def _cryptographic(call: Call) -> Mapping[str, Any]:
    named = call.get("KeyId", "")
    alias = named[named.index("alias/") :] if "alias/" in named else None
    return {"kms:RequestAlias": alias, **_encryption_keys(call.get("EncryptionContext", {}))}


def _grant(call: Call) -> Mapping[str, Any]:
    return {
        "kms:GranteePrincipal": call.get("GranteePrincipal"),
        "kms:RetiringPrincipal": call.get("RetiringPrincipal"),
        "kms:GrantOperations": call.get("Operations"),
        "kms:GrantIsForAWSResource": "false",
    }


def _creation(call: Call) -> Mapping[str, Any]:
    return {
        "kms:KeySpec": call.get("KeySpec", "SYMMETRIC_DEFAULT"),
        "kms:KeyUsage": call.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "kms:KeyOrigin": call.get("Origin", "AWS_KMS"),
        "kms:MultiRegion": str(bool(call.get("MultiRegion"))).lower(),
        "kms:BypassPolicyLockoutSafetyCheck": _bypass(call),
    }


def _policy(call: Call) -> Mapping[str, Any]:
    return {"kms:BypassPolicyLockoutSafetyCheck": _bypass(call)}


def _bypass(call: Call) -> str:
    return str(bool(call.get("BypassPolicyLockoutSafetyCheck"))).lower()


def _deletion(call: Call) -> Mapping[str, Any]:
    days = call.get("PendingWindowInDays", 30)
    return {"kms:ScheduleKeyDeletionPendingWindowInDays": str(days)}


def _re_encryption_target(call: Call) -> Iterable[Check]:
    arn = key_arn(call.get("DestinationKeyId", ""), call.region)
    context = _encryption_keys(call.get("DestinationEncryptionContext", {}))
    yield Check("kms:ReEncryptTo", (resource(arn, call),), context)


def _account(call: Call) -> Mapping[str, Any]:
    return {"kms:CallerAccount": ACCOUNT_ID}


SERVICE = Service(
    prefix="kms",
    resource=resource,
    tag_action="TagResource",
    keys=_account,
    rules={
        # The tags of a key that is only being made have no key to be on yet.
        "CreateKey": Rule(everything, keys=_creation),
        **each("ListKeys ListAliases GenerateRandom ListRetirableGrants", everything),
        **each("CreateAlias UpdateAlias DeleteAlias", _alias_and_key),
        **each(
            "DescribeKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext"
            " GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GetPublicKey Sign Verify"
            " GenerateMac VerifyMac",
            _key("KeyId"),
            keys=_cryptographic,
        ),
        "Decrypt": Rule(_key_of_ciphertext, keys=_cryptographic),
        "ReEncrypt": Rule(
            _key_of_ciphertext, action="ReEncryptFrom", also=(_re_encryption_target,)
        ),
        **each(
            "EnableKey DisableKey EnableKeyRotation DisableKeyRotation GetKeyRotationStatus"
            " RotateKeyOnDemand ListKeyRotations GetKeyPolicy ListKeyPolicies"
            " UpdateKeyDescription CancelKeyDeletion ListResourceTags TagResource UntagResource"
            " ListGrants RevokeGrant RetireGrant UpdatePrimaryRegion ReplicateKey",
            _key("KeyId"),
        ),
        "PutKeyPolicy": Rule(_key("KeyId"), keys=_policy),
        "CreateGrant": Rule(_key("KeyId"), keys=_grant),
        "ScheduleKeyDeletion": Rule(_key("KeyId"), keys=_deletion),
    },
)
