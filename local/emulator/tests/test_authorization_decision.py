"""AWS's decision logic as a table: which policies must allow, which may deny."""

from __future__ import annotations

from typing import Any

import pytest
from authorization_support import ACCOUNT, allow, deny, policy
from tarn_emulator.authorization.check import Resource, Weight
from tarn_emulator.authorization.decision import decide
from tarn_emulator.authorization.identity import Identity, NamedPolicy
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.document import Kind, parse
from tarn_emulator.policy.evaluate import Request
from tarn_emulator.policy.principal import Caller

SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/run1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
CALLER = Caller(account=ACCOUNT, arns=(SESSION, ROLE), kind="AssumedRole")
ACTION = "s3:GetObject"
OBJECT = "arn:aws:s3:::b/k"

GOOD = allow(ACTION)
OTHERWISE = allow("s3:PutObject")
BAD = deny(ACTION, Sid="Never")


def named(*statements: dict[str, Any]) -> tuple[NamedPolicy, ...]:
    return (NamedPolicy("p", parse(policy(*statements), Kind.IDENTITY)),)


def by(principal: Any, **more: Any) -> dict[str, Any]:
    return {**GOOD, "Principal": principal, **more}


@pytest.mark.parametrize(
    ("identity", "boundary", "session", "resource", "expected"),
    [
        # The identity's own policies
        ([GOOD], None, None, None, ""),
        ([], None, None, None, "no identity-based policy allows the s3:GetObject action"),
        ([OTHERWISE], None, None, None, "no identity-based policy"),
        ([GOOD, BAD], None, None, None, "explicit deny in an identity-based policy"),
        ([GOOD, BAD], None, None, None, "statement Never of p"),
        # A boundary limits and never grants.
        ([GOOD], [GOOD], None, None, ""),
        ([], [GOOD], None, None, "no identity-based policy"),
        ([GOOD], [OTHERWISE], None, None, "no permissions boundary allows"),
        ([GOOD], [GOOD, BAD], None, None, "explicit deny in a permissions boundary"),
        # So does a session policy.
        ([GOOD], None, [GOOD], None, ""),
        ([], None, [GOOD], None, "no identity-based policy"),
        ([GOOD], None, [OTHERWISE], None, "no session policy allows"),
        ([GOOD], None, [GOOD, BAD], None, "explicit deny in a session policy"),
        ([GOOD], [GOOD], [GOOD], None, ""),
        # The policy of a resource can stand in for the identity's.
        ([], None, None, by({"AWS": ROLE}), ""),
        ([], None, None, by({"AWS": SESSION}), ""),
        ([], None, None, by("*"), ""),
        ([], None, None, by({"AWS": OTHER}), "no identity-based policy"),
        # An account only delegates.
        ([], None, None, by({"AWS": ROOT}), "no identity-based policy"),
        ([], None, None, by({"AWS": ACCOUNT}), "no identity-based policy"),
        ([GOOD], None, None, by({"AWS": ROOT}), ""),
        # What is given to the role or to everybody stays inside boundary and session policy;
        # what is given to the very session does not.
        ([], [OTHERWISE], None, by({"AWS": ROLE}), "no permissions boundary"),
        ([], None, [OTHERWISE], by({"AWS": ROLE}), "no session policy"),
        ([], [OTHERWISE], None, by("*"), "no permissions boundary"),
        ([], [OTHERWISE], [OTHERWISE], by({"AWS": SESSION}), ""),
        # A deny wins wherever it stands.
        ([GOOD], None, None, by("*", Effect="Deny"), "explicit deny in a resource-based policy"),
        ([BAD], None, None, by({"AWS": SESSION}), "explicit deny in an identity-based policy"),
        ([GOOD], None, None, by({"AWS": OTHER}, Effect="Deny"), ""),
    ],
)
def test_decision(
    identity: list[Any], boundary: Any, session: Any, resource: Any, expected: str
) -> None:
    caller = Identity(
        CALLER,
        named(*identity),
        None if boundary is None else named(*boundary),
        None if session is None else named(*session),
    )
    target = Resource(OBJECT, policy=policy(resource) if resource else None)
    decision = decide(caller, Request(ACTION, OBJECT, CALLER, Context({})), target)
    assert decision.allowed is (expected == "")
    assert expected in decision.reason


KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"


@pytest.mark.parametrize(
    ("identity", "principal", "expected"),
    [
        # Without the delegation to the account, IAM's allow is worth nothing.
        ([allow("kms:Decrypt")], {"AWS": OTHER}, "no resource-based policy allows"),
        ([allow("kms:Decrypt")], {"AWS": ROOT}, ""),
        ([], {"AWS": ROOT}, "no identity-based policy allows"),
        # Named by the key policy, the role needs no policy of its own.
        ([], {"AWS": ROLE}, ""),
        ([deny("kms:*")], {"AWS": ROLE}, "explicit deny in an identity-based policy"),
    ],
)
def test_a_policy_that_must_allow(identity: list[Any], principal: Any, expected: str) -> None:
    document = policy({**allow("kms:*"), "Principal": principal})
    target = Resource(KEY, policy=document, weight=Weight.NEEDED)
    request = Request("kms:Decrypt", KEY, CALLER, Context({}))
    decision = decide(Identity(CALLER, named(*identity)), request, target)
    assert decision.allowed is (expected == "")
    assert expected in decision.reason


def test_the_root_is_bound_by_bucket_policies_only() -> None:
    root = Identity(CALLER, is_root=True)
    document = policy(by("*", Effect="Deny", Sid="Tls"))
    request = Request(ACTION, OBJECT, CALLER, Context({}))
    assert not decide(root, request, Resource(OBJECT, policy=document)).allowed
    assert decide(root, request, Resource(OBJECT)).allowed
    request = Request("kms:Decrypt", KEY, CALLER, Context({}))
    needed = Resource(KEY, policy=policy(by({"AWS": OTHER})), weight=Weight.NEEDED)
    assert decide(root, request, needed).allowed


def test_a_service_is_only_allowed_by_the_policy_that_names_it() -> None:
    glue = Identity(Caller(service="glue.amazonaws.com", kind="Service"))
    trusting = policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "glue.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    )
    role = Resource(ROLE, policy=trusting, weight=Weight.NEEDED, trust=True)
    for source, expected in ((ACCOUNT, True), ("999999999999", False)):
        context = Context({"aws:SourceAccount": source})
        request = Request("sts:AssumeRole", ROLE, glue.caller, context)
        assert decide(glue, request, role).allowed is expected
