"""How a patch declares what it changes in moto and why.

A patch file holds plain functions marked with one of three decorators:

- `adds`: the operation is missing upstream. A contract test fails once upstream has it.
- `replaces`: upstream has it and it is wrong; the function takes its place.
- `extends`: upstream has it and it is incomplete; the function gets the upstream function as
  its first argument and calls it.

Nothing changes until a patch's `install` runs, so importing a patch file is harmless.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

#: The class of moto that answers a service's calls. It looks its handlers up by name at each
#: call, so that an attribute set on the class is enough to add an operation.
RESPONSE_CLASSES = {
    "athena": "moto.athena.responses:AthenaResponse",
    "cloudwatch": "moto.cloudwatch.responses:CloudWatchResponse",
    "dynamodb": "moto.dynamodb.responses:DynamoHandler",
    "ec2": "moto.ec2.responses:EC2Response",
    "glue": "moto.glue.responses:GlueResponse",
    "iam": "moto.iam.responses:IamResponse",
    "kms": "moto.kms.responses:KmsResponse",
    "lakeformation": "moto.lakeformation.responses:LakeFormationResponse",
    "logs": "moto.logs.responses:LogsResponse",
    "s3": "moto.s3.responses:S3Response",
    "secretsmanager": "moto.secretsmanager.responses:SecretsManagerResponse",
    "sts": "moto.sts.responses:TokenResponse",
}


class Kind(Enum):
    """What a patch does to the upstream function."""

    ADDS = "adds"
    REPLACES = "replaces"
    EXTENDS = "extends"


@dataclass(frozen=True)
class Patch:
    """One function put into moto."""

    service: str
    operation: str
    kind: Kind
    reason: str
    target: str
    attribute: str
    function: Callable[..., Any]
    path: str | None = None

    def install(self) -> None:
        """Put the function in its place, once."""
        owner = resolve(self.target)
        upstream = getattr(owner, self.attribute, None)
        if self.kind is Kind.ADDS:
            if upstream is not None:
                raise RuntimeError(f"{self.service} {self.operation}: moto has it now")
            setattr(owner, self.attribute, self.function)
            self._route()
            return
        if upstream is None:
            raise RuntimeError(f"{self.service} {self.operation}: moto no longer has it")
        if self.kind is Kind.REPLACES:
            setattr(owner, self.attribute, self.function)
            return
        function = self.function

        @functools.wraps(upstream)
        def extended(*args: Any, **kwargs: Any) -> Any:
            return function(upstream, *args, **kwargs)

        setattr(owner, self.attribute, extended)

    def _route(self) -> None:
        """A service that is called by path, not by a header, also needs to know the path."""
        if self.path is None:
            return
        urls = importlib.import_module(f"moto.{self.service}.urls")
        urls.url_paths[f"{{0}}{self.path}$"] = resolve(self.target).dispatch


_declared: list[Patch] = []


def adds(
    service: str,
    operation: str,
    reason: str,
    *,
    target: str | None = None,
    attribute: str | None = None,
    path: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an operation upstream does not have, with its path in a service called by path."""
    return _declare(Kind.ADDS, service, operation, reason, target, attribute, path)


def replaces(
    service: str,
    operation: str,
    reason: str,
    *,
    target: str | None = None,
    attribute: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function that takes the place of a wrong one."""
    return _declare(Kind.REPLACES, service, operation, reason, target, attribute)


def extends(
    service: str,
    operation: str,
    reason: str,
    *,
    target: str | None = None,
    attribute: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function that gets the upstream one as first argument and completes it."""
    return _declare(Kind.EXTENDS, service, operation, reason, target, attribute)


def _declare(
    kind: Kind,
    service: str,
    operation: str,
    reason: str,
    target: str | None,
    attribute: str | None,
    path: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        _declared.append(
            Patch(
                service=service,
                operation=operation,
                kind=kind,
                reason=reason,
                target=target or RESPONSE_CLASSES[service],
                attribute=attribute or handler_name(operation),
                function=function,
                path=path,
            )
        )
        return function

    return mark


def handler_name(operation: str) -> str:
    """The name moto gives to the handler of an API operation."""
    from moto.core.utils import camelcase_to_underscores

    return camelcase_to_underscores(operation)


def resolve(target: str) -> Any:
    """The module, or the class in a module, that `module` or `module:Class` names."""
    module_name, _, class_name = target.partition(":")
    module = importlib.import_module(module_name)
    return getattr(module, class_name) if class_name else module


def declared() -> tuple[Patch, ...]:
    """Every patch declared by the patch files imported so far."""
    return tuple(_declared)
