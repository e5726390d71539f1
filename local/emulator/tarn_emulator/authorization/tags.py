"""The tags a request gives or takes away, whatever form the service has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Parameters that hold the names of tags to remove.
REMOVED = ("TagKeys", "tagKeys", "TagKeyList", "TagsToRemove")


def requested(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tags a request gives."""
    found: dict[str, str] = {}
    for given in _given(parameters):
        if isinstance(given, Mapping):
            found |= {str(name): str(value) for name, value in given.items()}
        else:
            found |= dict(_pair(tag) for tag in given)
    return found


def keys(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys about the tags of a request."""
    given = requested(parameters)
    names = [*given, *(name for member in REMOVED for name in parameters.get(member) or ())]
    values: dict[str, Any] = {f"aws:RequestTag/{name}": value for name, value in given.items()}
    return values | ({"aws:TagKeys": names} if names else {})


def as_dict(pairs: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags in the form of a list, as a dictionary."""
    return dict(_pair(tag) for tag in pairs or ())


def _given(parameters: Mapping[str, Any]) -> Iterable[Any]:
    for name in ("Tags", "tags", "TagsToAdd", "TagList"):
        yield parameters.get(name) or ()
    # Where it is a text, it is the tags of an object, which have condition keys of their own.
    if isinstance(parameters.get("Tagging"), Mapping):
        yield parameters["Tagging"].get("TagSet") or ()
    yield (parameters.get("CreateBucketConfiguration") or {}).get("Tags") or ()
    for specification in parameters.get("TagSpecifications") or ():
        yield specification.get("Tags") or ()


def _pair(tag: Mapping[str, str]) -> tuple[str, str]:
    name = tag.get("Key") or tag.get("TagKey") or tag.get("key") or ""
    value = tag.get("Value") or tag.get("TagValue") or tag.get("value") or ""
    return name, value
