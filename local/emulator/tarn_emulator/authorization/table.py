"""How a service's table says what its calls need.

A rule gives the resources of an operation; the action is the operation's name unless the rule has
another. `also` adds what the call needs besides, such as passing a role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tarn_emulator.authorization import tags
from tarn_emulator.authorization.call import Call
from tarn_emulator.authorization.check import EVERYTHING, Check, Resource

Arns = Callable[[Call], Iterable[str]]
Keys = Callable[[Call], Mapping[str, Any]]
Also = Callable[[Call], Iterable[Check]]


class UnknownCallError(Exception):
    """No table says on which resources a call acts."""


@dataclass(frozen=True)
class Rule:
    """What one operation needs."""

    arns: Arns
    action: str | None = None
    keys: Keys = lambda call: {}
    also: tuple[Also, ...] = ()
    #: What the tags of a request are put on, when that is not all of the resources.
    tagged: Arns | None = None
    #: The action its tags need, where a service has several.
    tag_action: str | None = None


@dataclass(frozen=True)
class Service:
    """The table of one service."""

    prefix: str
    rules: Mapping[str, Rule]
    #: The action a call needs as well when it gives tags to what it makes.
    tag_action: str | None = None
    #: The resource behind an ARN, with its tags and its policy.
    resource: Callable[[str, Call], Resource] = lambda arn, call: Resource(arn)
    keys: Keys = lambda call: {}
    #: Operations that need no permission at all.
    free: frozenset[str] = field(default_factory=frozenset)

    def checks(self, call: Call) -> list[Check]:
        """What the call needs."""
        if call.operation in self.free:
            return []
        try:
            rule = self.rules[call.operation]
        except KeyError:
            raise UnknownCallError(call.operation) from None
        action = rule.action or call.operation
        tag_keys = tags.keys(call.parameters)
        keys = {**tag_keys, **self.keys(call), **rule.keys(call)}
        found = [Check(f"{self.prefix}:{action}", self._resources(rule.arns, call), keys)]
        tag_action = rule.tag_action or self.tag_action
        if tag_action and action != tag_action and tags.requested(call.parameters):
            tagged = self._resources(rule.tagged or rule.arns, call)
            found.append(Check(f"{self.prefix}:{tag_action}", tagged, keys, implied=True))
        for also in rule.also:
            found.extend(also(call))
        return found

    def _resources(self, arns: Arns, call: Call) -> tuple[Resource, ...]:
        # A request that names nothing asks for everything; never is nothing to be allowed.
        found = list(dict.fromkeys(arns(call))) or [EVERYTHING]
        return tuple(
            Resource(arn) if arn == EVERYTHING else self.resource(arn, call) for arn in found
        )


def everything(call: Call) -> Iterable[str]:
    """The resource of an action that AWS does not tie to one."""
    return (EVERYTHING,)


def parameter(*names: str) -> Arns:
    """The resource whose ARN is a parameter: the first of the names the request has."""

    def arns(call: Call) -> Iterable[str]:
        return (next((call.get(name) for name in names if call.get(name)), EVERYTHING),)

    return arns


def each(operations: str, arns: Arns, **more: Any) -> dict[str, Rule]:
    """The same rule for several operations, given with blanks between them."""
    return {operation: Rule(arns, **more) for operation in operations.split()}
