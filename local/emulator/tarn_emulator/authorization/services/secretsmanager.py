"""Secrets Manager: secrets, whose ARN ends with six characters that nobody can know before.

Of a secret that does not exist the six are question marks: a policy must use a wildcard there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services import kms
from tarn_emulator.authorization.table import Rule, Service, each, everything
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of Secrets Manager needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A secret with its tags and its policy."""
    secret = _secret(arn, call)
    if secret is None:
        return Resource(arn)
    return Resource(arn, tags.as_dict(secret.tags), secret.policy)


def _secret(name: str, call: Call) -> Any:
    # A copy: other threads create secrets meanwhile.
    secrets = list(secretsmanager_backends[ACCOUNT_ID][call.region].secrets.values())
    return next((one for one in secrets if name in (one.name, one.arn, one.arn[:-7])), None)


def _existing(call: Call) -> Iterable[str]:
    return [_arn(call, call.get("SecretId", "*"))]


def _arn(call: Call, name: str) -> str:
    secret = _secret(name, call)
    if secret is not None:
        return secret.arn
    return name if name.startswith("arn:") else _unknown(call, name)


def _new(call: Call) -> Iterable[str]:
    return (_unknown(call, call.get("Name", "*")),)


def _several(call: Call) -> Iterable[str]:
    return [_arn(call, name) for name in call.get("SecretIdList", ["*"])]


def _unknown(call: Call, name: str) -> str:
    return f"arn:aws:secretsmanager:{call.region}:{ACCOUNT_ID}:secret:{name}-??????"


def _secret_keys(call: Call) -> Mapping[str, Any]:
    window = call.get("RecoveryWindowInDays")
    forced = call.get("ForceDeleteWithoutRecovery")
    key = call.get("KmsKeyId")
    return {
        "secretsmanager:Name": call.get("Name"),
        "secretsmanager:SecretId": next(iter(_existing(call))) if call.get("SecretId") else None,
        "secretsmanager:VersionId": call.get("VersionId"),
        "secretsmanager:VersionStage": call.get("VersionStage"),
        "secretsmanager:RecoveryWindowInDays": str(window) if window else None,
        "secretsmanager:ForceDeleteWithoutRecovery": "true" if forced else None,
        "secretsmanager:KmsKeyArn": kms.key_arn(key, call.region) if key else None,
    }


def _key(actions: str) -> Any:
    """The use of the key a secret is encrypted with, or of the one a request gives it."""

    def also(call: Call) -> Iterable[Check]:
        secret = _secret(call.get("SecretId", ""), call)
        key = call.get("KmsKeyId") or (secret.kms_key_id if secret is not None else None)
        arn = secret.arn if secret is not None else next(iter(_new(call)))
        yield from kms.use(call, key, actions, "secretsmanager", {"SecretARN": arn})

    return also


_WRITE = _key("GenerateDataKey Decrypt")

SERVICE = Service(
    prefix="secretsmanager",
    resource=resource,
    tag_action="TagResource",
    keys=_secret_keys,
    rules={
        "CreateSecret": Rule(_new, also=(_WRITE,)),
        **each("PutSecretValue UpdateSecret", _existing, also=(_WRITE,)),
        "GetSecretValue": Rule(_existing, also=(_key("Decrypt"),)),
        **each(
            "DescribeSecret DeleteSecret RestoreSecret UpdateSecretVersionStage"
            " ListSecretVersionIds GetResourcePolicy PutResourcePolicy DeleteResourcePolicy"
            " ValidateResourcePolicy RotateSecret CancelRotateSecret TagResource UntagResource"
            " ReplicateSecretToRegions RemoveRegionsFromReplication StopReplicationToReplica",
            _existing,
        ),
        "BatchGetSecretValue": Rule(_several, action="GetSecretValue"),
        **each("ListSecrets GetRandomPassword", everything),
    },
)
