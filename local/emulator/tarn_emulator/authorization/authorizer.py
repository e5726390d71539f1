"""Judges what calls need, one check after the other, and has each recorded."""

from __future__ import annotations

from collections.abc import Iterable

from tarn_emulator.authorization import keys
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check, Resource
from tarn_emulator.authorization.decision import Decision, decide
from tarn_emulator.authorization.identity import Identity
from tarn_emulator.authorization.recorder import Recorder
from tarn_emulator.policy.context import Context
from tarn_emulator.policy.evaluate import Request


class DeniedError(Exception):
    """Something the call needs is not allowed."""

    def __init__(self, check: Check, resource: Resource, decision: Decision) -> None:
        super().__init__(f"{check.action} on {resource.arn} {decision.reason}")
        self.check = check
        self.resource = resource
        self.decision = decision


class Authorizer:
    """Whether IAM is enforced, and where calls are recorded."""

    def __init__(self, *, enforces: bool, recorder: Recorder | None) -> None:
        self.enforces = enforces
        self._recorder = recorder

    @property
    def idle(self) -> bool:
        """True when there is nothing to judge and nothing to record."""
        return not self.enforces and self._recorder is None

    def authorize(self, call: Call, identity: Identity, checks: Iterable[Check]) -> frozenset[str]:
        """Raise DeniedError at the first check that fails; the ARNs of refused parts else."""
        refused = set()
        for check in checks:
            try:
                self._authorize(call, identity, check)
            except DeniedError as error:
                if not check.partial:
                    raise
                refused.add(error.resource.arn)
        return frozenset(refused)

    def judge(self, identity: Identity, check: Check, context: Context, resource: Resource) -> None:
        """Raise DeniedError unless one action on one resource is allowed."""
        request = Request(check.action, resource.arn, identity.caller, context)
        decision = decide(identity, request, resource)
        if not decision.allowed:
            self.record(check, identity, False)
            raise DeniedError(check, resource, decision)

    def record(self, check: Check, identity: Identity, allowed: bool) -> None:
        """Write the line of a check, if calls are recorded."""
        if self._recorder is not None:
            self._recorder.add(check, identity.arn, allowed)

    def _authorize(self, call: Call, identity: Identity, check: Check) -> None:
        for resource in check.resources:
            context = keys.context_of(identity, call, check, resource)
            self.judge(identity, check, context, resource)
        self.record(check, identity, True)
