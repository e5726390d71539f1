"""AWS's decision about one action on one resource, inside one account.

An explicit deny wins wherever it stands. Otherwise the identity's policies must allow, and so must
its permissions boundary and its session policies where there are any. The policy of the resource
can take their place, the more the closer it names the caller:

- the very user or session: nothing else is asked
- its role, or everybody: the boundary and the session policies still count
- its account: that delegates to the account, so it allows nothing by itself
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from tarn_emulator.authorization.check import Resource, Weight
from tarn_emulator.authorization.identity import Identity, NamedPolicy
from tarn_emulator.policy import document, evaluate
from tarn_emulator.policy.document import Kind, Statement
from tarn_emulator.policy.evaluate import Effect, Request, Verdict
from tarn_emulator.policy.principal import Grade, grade

IDENTITY = "identity-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"
RESOURCE = "resource-based policy"


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed and, when not, AWS's words for why."""

    allowed: bool
    reason: str = ""


ALLOWED = Decision(True)


def decide(identity: Identity, request: Request, resource: Resource) -> Decision:
    """Decide about an action on a resource."""
    statements = _statements(resource)
    if identity.is_root:
        # Of all policies only that of a bucket binds the root of the account here.
        bucket = resource.arn.startswith("arn:aws:s3:")
        return (_denied(statements, request) if bucket else None) or ALLOWED
    groups = (
        (IDENTITY, identity.policies),
        (BOUNDARY, identity.boundary),
        (SESSION, identity.session),
    )
    for kind, policies in groups:
        for policy in policies or ():
            verdict = evaluate.evaluate(policy.statements, request)
            if verdict.effect is Effect.DENY:
                return _explicit(kind, policy.name, verdict)
    denied = _denied(statements, request)
    if denied:
        return denied
    granted = _granted(statements, request)
    if resource.weight is Weight.NEEDED and granted is Grade.NOBODY:
        return _silent(RESOURCE, request)
    if granted is Grade.EXACT:
        return ALLOWED
    if identity.boundary is not None and not _allows(identity.boundary, request):
        return _silent(BOUNDARY, request)
    if identity.session is not None and not _allows(identity.session, request):
        return _silent(SESSION, request)
    if granted in (Grade.ROLE, Grade.EVERYBODY) or _allows(identity.policies, request):
        return ALLOWED
    return _silent(IDENTITY, request)


def _statements(resource: Resource) -> tuple[Statement, ...]:
    if resource.policy is None:
        return ()
    return _parse(resource.policy, Kind.TRUST if resource.trust else Kind.RESOURCE)


@functools.lru_cache(maxsize=1024)
def _parse(text: str, kind: Kind) -> tuple[Statement, ...]:
    return document.parse(text, kind)


def _denied(statements: tuple[Statement, ...], request: Request) -> Decision | None:
    verdict = evaluate.evaluate(statements, request)
    return _explicit(RESOURCE, None, verdict) if verdict.effect is Effect.DENY else None


def _granted(statements: tuple[Statement, ...], request: Request) -> Grade:
    """How closely the resource's policy names the caller in the statements that allow."""
    return max(
        (
            # An allow with NotPrincipal means all the others.
            Grade.EVERYBODY
            if statement.principal is None
            else grade(statement.principal, request.caller)
            for statement in statements
            if statement.allows and evaluate.applies(statement, request)
        ),
        default=Grade.NOBODY,
    )


def _allows(policies: tuple[NamedPolicy, ...], request: Request) -> bool:
    return any(
        evaluate.evaluate(policy.statements, request).effect is Effect.ALLOW for policy in policies
    )


def _explicit(kind: str, policy: str | None, verdict: Verdict) -> Decision:
    sid = verdict.statement.sid if verdict.statement else ""
    where = f"statement {sid or 'without Sid'}" + (f" of {policy}" if policy else "")
    article = "an" if kind == IDENTITY else "a"
    return Decision(False, f"with an explicit deny in {article} {kind} ({where})")


def _silent(kind: str, request: Request) -> Decision:
    return Decision(False, f"because no {kind} allows the {request.action} action")
