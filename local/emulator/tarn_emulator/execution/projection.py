"""Athena's partition projection: which folders of a table are partitions, without the catalog.

Folders are found by listing them instead of by working out every possible name; what the table's
properties do not allow is left out. That interval and unit leave out dates and numbers is not
looked at, and a column of type injected has every value, where Athena wants one in the query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

_JAVA = (
    ("yyyy", "%Y"),
    ("MM", "%m"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("mm", "%M"),
    ("ss", "%S"),
    ("'", ""),
)
_RELATIVE = re.compile(r"NOW(?:([+-])(\d+)(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?")
_DAYS = {
    "YEAR": 365.25,
    "MONTH": 30.4375,
    "WEEK": 7.0,
    "DAY": 1.0,
    "HOUR": 1 / 24,
    "MINUTE": 1 / 1440,
    "SECOND": 1 / 86400,
}


def enabled(parameters: Mapping[str, str]) -> bool:
    """Return whether a table's partitions are projected."""
    return parameters.get("projection.enabled", "").lower() == "true"


def partitions(
    files: Iterable[str], keys: Sequence[str], parameters: Mapping[str, str], now: datetime
) -> list[list[str]]:
    """Return the values of the partitions that files below the table's folder are in."""
    found: dict[tuple[str, ...], None] = {}
    for file in files:
        folders = file.split("/")[:-1]
        pairs = [folder.partition("=") for folder in folders[: len(keys)]]
        if [name.lower() for name, _, _ in pairs] != list(keys):
            continue
        values = tuple(value for _, _, value in pairs)
        if all(
            allowed(parameters, key, value, now) for key, value in zip(keys, values, strict=True)
        ):
            found[values] = None
    return [list(values) for values in found]


def allowed(parameters: Mapping[str, str], key: str, value: str, now: datetime) -> bool:
    """Return whether a column can have a value."""

    def of(name: str) -> str:
        return parameters.get(f"projection.{key}.{name}", "")

    kind = of("type")
    first, _, last = of("range").partition(",")
    if kind == "enum":
        return value in of("values").split(",")
    if kind == "integer":
        width = int(of("digits") or len(value))
        return (
            value.lstrip("-").isdigit()
            and len(value) == width
            and int(first) <= int(value) <= int(last)
        )
    if kind == "date":
        try:
            start, there, end = (_date(text, of("format"), now) for text in (first, value, last))
        except ValueError:
            return False
        return start <= there <= end
    return kind == "injected"


def _date(text: str, pattern: str, now: datetime) -> datetime:
    relative = _RELATIVE.fullmatch(text)
    if relative:
        sign, count, unit = relative.groups()
        days = _DAYS[unit] * int(count) if count else 0.0
        return now + timedelta(days=-days if sign == "-" else days)
    for java, python in _JAVA:
        pattern = pattern.replace(java, python)
    return datetime.strptime(text, pattern)
