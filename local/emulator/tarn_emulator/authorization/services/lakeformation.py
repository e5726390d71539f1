"""Lake Formation: AWS ties none of its actions to a resource."""

from __future__ import annotations

from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import EVERYTHING, Check, Resource
from tarn_emulator.authorization.services.passing import pass_role

_pass_role = pass_role("RoleArn", "lakeformation.amazonaws.com")


def checks(call: Call) -> list[Check]:
    """What a call of Lake Formation needs."""
    found = [Check(f"lakeformation:{call.operation}", (Resource(EVERYTHING),))]
    if call.operation in ("RegisterResource", "UpdateResource"):
        found += _pass_role(call)
    return found
