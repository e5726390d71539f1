"""Who makes a request, and whether a statement's Principal names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


@dataclass(frozen=True)
class Caller:
    """The identity behind a request.

    `arns` holds every ARN a policy may use for it: a role session has the session's and the
    role's. An anonymous caller has none and no account.
    """

    account: str | None = None
    arns: tuple[str, ...] = ()
    service: str | None = None
    #: The ARN of the identity provider that vouches for the caller.
    provider: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    user_id: str | None = None
    user_name: str | None = None
    kind: str = "Anonymous"

    @property
    def principal_arn(self) -> str | None:
        """The ARN `aws:PrincipalArn` has: for a session that of its role."""
        if self.kind == "Account":
            return f"arn:aws:iam::{self.account}:root"
        return self.arns[-1] if self.arns else None


class Grade(IntEnum):
    """How closely a Principal element means a caller. The closer, the more an allow is worth."""

    NOBODY = 0
    #: Its account: that only says that the account's own policies decide.
    ACCOUNT = 1
    EVERYBODY = 2
    #: The role of its session.
    ROLE = 3
    #: The very user or session, or a service or an identity provider.
    EXACT = 4


def names(principal: Any, caller: Caller) -> bool:
    """True when a Principal element names the caller."""
    return grade(principal, caller) is not Grade.NOBODY


def grade(principal: Any, caller: Caller) -> Grade:
    """How a Principal element names the caller; the closest of several ways counts."""
    if principal == "*":
        return Grade.EVERYBODY
    if not isinstance(principal, Mapping):
        return Grade.NOBODY
    return max(
        (
            _grade(kind, identifier, caller)
            for kind, value in principal.items()
            for identifier in (value if isinstance(value, list) else [value])
        ),
        default=Grade.NOBODY,
    )


def _grade(kind: str, identifier: str, caller: Caller) -> Grade:
    if kind == "Service":
        return Grade.EXACT if identifier == caller.service else Grade.NOBODY
    if kind == "Federated":
        return Grade.EXACT if identifier == caller.provider else Grade.NOBODY
    if kind != "AWS":
        return Grade.NOBODY
    if identifier == "*":
        return Grade.EVERYBODY
    if caller.account is None:
        return Grade.NOBODY
    if identifier in caller.arns:
        return Grade.EXACT if identifier == caller.arns[0] else Grade.ROLE
    # An account stands for every identity in it.
    if identifier == caller.account:
        return Grade.ACCOUNT
    if identifier.startswith("arn:") and identifier.endswith(f"::{caller.account}:root"):
        return Grade.ACCOUNT
    return Grade.NOBODY
