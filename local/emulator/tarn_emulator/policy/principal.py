"""Who makes a request, and whether a statement's Principal names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    tags: Mapping[str, str] = field(default_factory=dict)
    user_id: str | None = None
    user_name: str | None = None
    kind: str = "Anonymous"

    @property
    def principal_arn(self) -> str | None:
        """The ARN `aws:PrincipalArn` has: for a session that of its role."""
        return self.arns[-1] if self.arns else None


def names(principal: Any, caller: Caller) -> bool:
    """True when a Principal element names the caller."""
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    for kind, value in principal.items():
        for identifier in value if isinstance(value, list) else [value]:
            if _is(kind, identifier, caller):
                return True
    return False


def _is(kind: str, identifier: str, caller: Caller) -> bool:
    if kind == "Service":
        return caller.service is not None and caller.service == identifier
    if kind != "AWS":
        return False
    if identifier == "*":
        return True
    if caller.account is None:
        return False
    # An account stands for every identity in it.
    if identifier == caller.account:
        return True
    if identifier.startswith("arn:") and identifier.endswith(f"::{caller.account}:root"):
        return True
    return identifier in caller.arns
