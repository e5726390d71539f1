"""Passing a role: what a call needs that gives one to a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import Check
from tarn_emulator.authorization.services import iam
from tarn_emulator.authorization.table import Also


def pass_role(parameter: str, to_service: str) -> Also:
    """iam:PassRole on the role that a parameter names, if the request has it."""
    return pass_roles(lambda call: [call.get(parameter)], to_service)


def pass_roles(roles: Callable[[Call], Iterable[str | None]], to_service: str) -> Also:
    """iam:PassRole on each role of a request, given as ARNs or names."""

    def checks(call: Call) -> Iterable[Check]:
        for name in dict.fromkeys(roles(call)):
            if name:
                role = iam.resource(iam.role_arn(name), call)
                keys = {"iam:PassedToService": to_service}
                yield Check("iam:PassRole", (role,), keys, implied=True)

    return checks
