"""The caller behind an access key, with the policies IAM has for it.

The key is all that is looked at: a signature is not verified. A session key is only good together
with its session token and until it expires.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

from tarn_emulator.patches.caller import DEFAULT_ARN, caller_of, user_with_key
from tarn_emulator.patches.iam import boundary_of
from tarn_emulator.patches.store import store
from tarn_emulator.policy import document
from tarn_emulator.policy.document import Kind, Statement
from tarn_emulator.policy.principal import Caller
from tarn_emulator.settings import ACCOUNT_ID

#: The key of the account's root user, which the tools of this repository use.
ROOT_KEY = "AKIATARNLOCALEXAMPLE"

ROOT_ARN = f"arn:aws:iam::{ACCOUNT_ID}:root"

#: The key of the emulator itself, when it works as one of AWS's services does. Nobody can know it
#: in advance; its calls are neither judged nor recorded.
INTERNAL_KEY = f"AKIA{secrets.token_hex(8).upper()}"


class InvalidKeyError(Exception):
    """There is no such access key, or it is not active, or its token is not the right one."""


class ExpiredKeyError(Exception):
    """The session of the key is over."""


@dataclass(frozen=True)
class NamedPolicy:
    """A policy of an identity, with the name a message can call it by."""

    name: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Identity:
    """A caller and what limits it. None for boundary or session means that there is none."""

    caller: Caller
    policies: tuple[NamedPolicy, ...] = ()
    boundary: tuple[NamedPolicy, ...] | None = None
    session: tuple[NamedPolicy, ...] | None = None
    is_root: bool = False

    @property
    def arn(self) -> str:
        """The name of the caller in a message."""
        if self.is_root:
            return ROOT_ARN
        return self.caller.arns[0] if self.caller.arns else self.caller.service or "anonymous"


ANONYMOUS = Identity(Caller())


def root() -> Identity:
    """The account's root user. `Caller` shows it the way GetCallerIdentity does."""
    caller = Caller(account=ACCOUNT_ID, arns=(DEFAULT_ARN,), user_id=ROOT_KEY, kind="Account")
    return Identity(caller, is_root=True)


def identify(access_key: str | None, token: str | None) -> Identity:
    """The identity with this key, and the session token that came with it."""
    if access_key is None:
        return ANONYMOUS
    if access_key == ROOT_KEY:
        return root()
    session = _sts().get_assumed_role_from_access_key(access_key)
    if session is not None:
        return _of_session(session, token)
    user = user_with_key(access_key)
    if user is None or user.get_access_key_by_id(access_key).status != "Active":
        raise InvalidKeyError
    groups = _iam().get_groups_for_user(user.name)
    boundary = boundary_of(user)
    return Identity(
        caller_of(access_key),
        tuple(_policies_of(user, *groups)),
        None if boundary is None else (managed(boundary),),
    )


def presumed(access_key: str | None, token: str | None) -> Identity:
    """The identity as it is recorded when nothing is enforced: an unknown key is the root."""
    try:
        return identify(access_key, token)
    except (InvalidKeyError, ExpiredKeyError):
        return root()


def role_named(name: str) -> Any:
    """moto's role with this name or ARN, or None."""
    wanted = name.lstrip("/") if not name.startswith("arn:") else name
    roles = list(_iam().roles.values())
    return next((role for role in roles if wanted in (role.arn, role.name)), None)


def managed(arn: str) -> NamedPolicy:
    """A managed policy in its default version. One that is gone allows nothing."""
    policy = _iam().managed_policies.get(arn)
    text = next((v.document for v in policy.versions if v.is_default), None) if policy else None
    return NamedPolicy(arn, _parse(text) if text else ())


def _of_session(session: AssumedRole, token: str | None) -> Identity:
    if token != session.session_token:
        raise InvalidKeyError
    if utcnow() >= session.expiration:
        raise ExpiredKeyError
    role = role_named(session.role_arn)
    given = store(session, "request")
    limits = [managed(arn) for arn in given.get("policy_arns", ())]
    if session.policy:
        limits.append(NamedPolicy("the session's policy", _parse(session.policy)))
    boundary = role.permissions_boundary_arn if role else None
    return Identity(
        caller_of(session.access_key_id),
        # A role that is gone gives its sessions nothing.
        tuple(_policies_of(role)) if role else (),
        (managed(boundary),) if boundary else None,
        tuple(limits) or None,
    )


def _policies_of(*owners: Any) -> Iterable[NamedPolicy]:
    """The inline and managed policies of users, groups or roles."""
    for owner in owners:
        for name, text in list(owner.policies.items()):
            yield NamedPolicy(f"{owner.name}/{name}", _parse(text))
        for arn in list(owner.managed_policies):
            yield managed(arn)


@functools.lru_cache(maxsize=1024)
def _parse(text: str) -> tuple[Statement, ...]:
    return document.parse(text, Kind.IDENTITY)


def _iam() -> IAMBackend:
    return iam_backends[ACCOUNT_ID]["aws"]


def _sts() -> STSBackend:
    return sts_backends[ACCOUNT_ID]["aws"]
