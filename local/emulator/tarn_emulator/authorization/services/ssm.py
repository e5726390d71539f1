"""Systems Manager: parameters only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ssm.models import ssm_backends

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.services import kms
from tarn_emulator.authorization.table import Rule, Service, each, everything
from tarn_emulator.settings import ACCOUNT_ID


def checks(call: Call) -> list[Check]:
    """What a call of Systems Manager needs."""
    return SERVICE.checks(call)


def resource(arn: str, call: Call) -> Resource:
    """A parameter with its tags."""
    stored = _stored(arn.split(":parameter/")[-1], call)
    return Resource(arn, tags.as_dict(stored.tags) if stored is not None else {})


def _stored(name: str, call: Call) -> Any:
    parameters = ssm_backends[ACCOUNT_ID][call.region]._parameters
    versions = parameters.get(name) or parameters.get(f"/{name}")
    return versions[-1] if versions else None


def _parameter(call: Call) -> Iterable[str]:
    """The parameters a request names. A name's leading slash is that of the ARN."""
    names = call.get("Names") or [
        call.get("Name") or call.get("Path") or call.get("ResourceId") or "*"
    ]
    for name in names:
        bare = name.split(":parameter/")[-1].split(":")[0].strip("/")
        yield f"arn:aws:ssm:{call.region}:{ACCOUNT_ID}:parameter/{bare}"


def _put_keys(call: Call) -> Mapping[str, Any]:
    return {"ssm:Overwrite": str(bool(call.get("Overwrite"))).lower()}


def _recursion(call: Call) -> Mapping[str, Any]:
    return {"ssm:Recursive": str(bool(call.get("Recursive"))).lower()}


def _encrypts(call: Call) -> Iterable[Check]:
    if call.get("Type") == "SecureString":
        context = {"PARAMETER_ARN": next(iter(_parameter(call)))}
        yield from kms.use(call, call.get("KeyId"), "Encrypt", "ssm", context)


def _decrypts(call: Call) -> Iterable[Check]:
    if not call.get("WithDecryption"):
        return
    for arn in _parameter(call):
        stored = _stored(arn.split(":parameter/")[-1], call)
        if stored is not None and stored.type == "SecureString":
            yield from kms.use(call, stored.keyid, "Decrypt", "ssm", {"PARAMETER_ARN": arn})


SERVICE = Service(
    prefix="ssm",
    resource=resource,
    tag_action="AddTagsToResource",
    rules={
        "PutParameter": Rule(_parameter, keys=_put_keys, also=(_encrypts,)),
        **each("GetParameter GetParameters", _parameter, also=(_decrypts,)),
        "GetParametersByPath": Rule(_parameter, keys=_recursion),
        **each(
            "DeleteParameter DeleteParameters GetParameterHistory LabelParameterVersion"
            " AddTagsToResource RemoveTagsFromResource ListTagsForResource",
            _parameter,
        ),
        "DescribeParameters": Rule(everything),
    },
)
