"""moto's core.

| what | kind | why |
|---|---|---|
| call_action | extends | a REST path of no operation got an empty 404 |
| method_names_from_class | replaces | it inspected the whole class again at every request |
| list_of_moto_modules | extends | it listed moto's folder at every request |
| BaseModel | replaces | it kept everything ever made, also what was deleted long ago |
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import BaseResponse

from tarn_emulator.patches.refusals import UnimplementedCallError
from tarn_emulator.patches.registry import extends, replaces


@extends(
    "core",
    "call_action",
    reason="a REST path that matches no operation got an empty 404 instead of an error",
    target="moto.core.responses:BaseResponse",
)
def call_action(upstream: Callable[..., Any], self: BaseResponse) -> Any:
    """Refuse a request that names no operation; upstream serves the rest."""
    if not self._get_action():
        raise UnimplementedCallError("no operation of the service has this method and path")
    return upstream(self)


@replaces(
    "core",
    "method_names_from_class",
    reason="the EC2 class has a thousand members, and they were listed at every request",
    target="moto.core.responses",
)
@functools.cache
def method_names_from_class(owner: type) -> list[str]:
    """The names of the functions of a class, which are its operations."""
    return [name for name, _ in inspect.getmembers(owner, predicate=inspect.isfunction)]


@functools.cache
def _modules(upstream: Callable[[], Iterable[str]]) -> frozenset[str]:
    return frozenset(upstream())


@extends(
    "core",
    "list_of_moto_modules",
    reason="moto's folder was listed at every request, with a look at each of its 180 entries",
    target="moto.backends",
)
def list_of_moto_modules(upstream: Callable[[], Iterable[str]]) -> frozenset[str]:
    """The services moto has."""
    return _modules(upstream)


@replaces(
    "core",
    "BaseModel",
    reason="a list kept every resource and object that was ever made, for a dashboard",
    target="moto.core.common_models:BaseModel",
    attribute="__new__",
)
def new(cls: type, *args: Any, **kwargs: Any) -> Any:
    """A new instance that is gone when nobody needs it any more."""
    return object.__new__(cls)
