"""The verdict of one policy on one request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tarn_emulator.policy import condition, pattern, principal
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.document import Statement
from tarn_emulator.policy.principal import Caller


class Effect(Enum):
    """What a policy says: a deny wins over an allow, silence is neither."""

    DENY = "deny"
    ALLOW = "allow"
    SILENT = "silent"


@dataclass(frozen=True)
class Request:
    """What is asked: an action such as `s3:GetObject`, on an ARN, by a caller."""

    action: str
    resource: str
    caller: Caller
    context: Context


@dataclass(frozen=True)
class Verdict:
    """The effect, and the statement that decided it."""

    effect: Effect
    statement: Statement | None = None


def evaluate(statements: Iterable[Statement], request: Request) -> Verdict:
    """The policy's verdict."""
    allowed_by: Statement | None = None
    for statement in statements:
        if not applies(statement, request):
            continue
        if not statement.allows:
            return Verdict(Effect.DENY, statement)
        allowed_by = allowed_by or statement
    if allowed_by is not None:
        return Verdict(Effect.ALLOW, allowed_by)
    return Verdict(Effect.SILENT)


def applies(statement: Statement, request: Request) -> bool:
    """True when principal, action, resource and conditions of a statement all fit."""
    return (
        _principal_fits(statement, request)
        and _action_fits(statement, request)
        and _resource_fits(statement, request)
        and condition.holds(statement.conditions, request.context)
    )


def _principal_fits(statement: Statement, request: Request) -> bool:
    if statement.principal is None and statement.not_principal is None:
        return True  # an identity policy: whose it is was settled when it was looked up
    if statement.not_principal is not None:
        return not principal.names(statement.not_principal, request.caller)
    return principal.names(statement.principal, request.caller)


def _action_fits(statement: Statement, request: Request) -> bool:
    def among(actions: tuple[str, ...]) -> bool:
        return any(
            pattern.like(one, request.action, request.context, ignore_case=True) for one in actions
        )

    if statement.not_actions:
        return not among(statement.not_actions)
    return among(statement.actions)


def _resource_fits(statement: Statement, request: Request) -> bool:
    if not statement.resources and not statement.not_resources:
        return True  # a trust policy: the resource is the role that has it

    def among(resources: tuple[str, ...]) -> bool:
        return any(pattern.like(one, request.resource, request.context) for one in resources)

    if statement.not_resources:
        return not among(statement.not_resources)
    return among(statement.resources)
