"""A policy document: parsed, and refused where AWS would refuse it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tarn_emulator.policy import condition


class MalformedPolicyError(ValueError):
    """The document is not a policy AWS would store."""


class Kind(Enum):
    """What a policy is attached to; that decides which elements its statements must have."""

    RESOURCE = ("Principal", "Action", "Resource")
    #: Attached to an identity, which is the principal.
    IDENTITY = ("Action", "Resource")
    #: Attached to a role, which is the resource.
    TRUST = ("Principal", "Action")


@dataclass(frozen=True)
class Statement:
    """One statement; of a pair with a Not form at most one side is set."""

    sid: str
    allows: bool
    principal: Any
    not_principal: Any
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]


def parse(text: str | bytes, kind: Kind = Kind.RESOURCE) -> tuple[Statement, ...]:
    """The statements of a policy."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise MalformedPolicyError(f"This policy contains invalid Json: {error}") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise MalformedPolicyError("Missing required field Statement")
    if document.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise MalformedPolicyError("The policy must contain a valid version string")
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise MalformedPolicyError("Statement must be an object or a list of objects")
    return tuple(_statement(one, kind) for one in statements)


def _statement(raw: Any, kind: Kind) -> Statement:
    if not isinstance(raw, dict):
        raise MalformedPolicyError("Statement must be an object or a list of objects")
    unknown = set(raw) - _FIELDS
    if unknown:
        raise MalformedPolicyError(f"Unknown field {sorted(unknown)[0]}")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicyError(f"Invalid effect: {raw.get('Effect')}")
    for name in Kind.RESOURCE.value:
        present = (name in raw) + (f"Not{name}" in raw)
        if name not in kind.value and present:
            raise MalformedPolicyError(f"Policy document should not specify a {name.lower()}")
        if name in kind.value and present != 1:
            raise MalformedPolicyError(f"Missing required field {name}")
    conditions = raw.get("Condition", {})
    if not isinstance(conditions, dict) or not all(
        isinstance(keys, dict) for keys in conditions.values()
    ):
        raise MalformedPolicyError("Policy has an invalid condition")
    for operator in conditions:
        try:
            condition.check_operator(operator)
        except condition.UnknownOperatorError:
            raise MalformedPolicyError(f"Invalid Condition type : {operator}") from None
    return Statement(
        sid=str(raw.get("Sid", "")),
        allows=raw["Effect"] == "Allow",
        principal=raw.get("Principal"),
        not_principal=raw.get("NotPrincipal"),
        actions=_texts(raw.get("Action")),
        not_actions=_texts(raw.get("NotAction")),
        resources=_texts(raw.get("Resource")),
        not_resources=_texts(raw.get("NotResource")),
        conditions=conditions,
    )


_FIELDS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str) for one in values):
        raise MalformedPolicyError("Action and Resource must be strings")
    return tuple(values)
