"""What a call needs to be allowed: actions on resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

#: For actions that AWS does not tie to a resource.
EVERYTHING = "*"


class Weight(Enum):
    """What the policy of a resource counts for, beside the policies of the caller."""

    #: It may allow what the caller's own policies do not.
    ENOUGH = "enough"
    #: It must allow, or leave it to the account, whatever the caller's own policies say.
    NEEDED = "needed"


@dataclass(frozen=True)
class Resource:
    """A resource as a policy sees it. `trust` marks the policy of a role."""

    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None
    weight: Weight = Weight.ENOUGH
    trust: bool = False


@dataclass(frozen=True)
class Check:
    """One action on resources, all of which must be allowed.

    `implied` marks what a call needs besides the action that has its name: passing a role, using
    a key. `keys` are condition keys of this action; those every call has are added later. What is
    `partial` is refused alone: the rest of the call goes on, as with one key of DeleteObjects.
    """

    action: str
    resources: tuple[Resource, ...]
    keys: Mapping[str, Any] = field(default_factory=dict)
    implied: bool = False
    partial: bool = False
