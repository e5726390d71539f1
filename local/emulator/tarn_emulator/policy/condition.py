"""The Condition block of a statement.

All operators and all keys of a block must hold. Among the values of one key any one suffices;
for a negated operator none may match. A key the request lacks makes a condition false, makes a
negated one true, and makes any one true that ends in IfExists.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tarn_emulator.policy import pattern
from tarn_emulator.policy.context import Context

#: (text in the policy, value in the request, context) -> do they match?
Matcher = Callable[[str, str, Context], bool]


class UnknownOperatorError(ValueError):
    """A condition operator AWS does not have; AWS refuses a policy that uses one."""


def holds(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """True when every condition of the block holds for the request."""
    return all(
        _holds(operator, key, as_texts(expected), context)
        for operator, keys in block.items()
        for key, expected in keys.items()
    )


def check_operator(operator: str) -> None:
    """Raise for an operator that does not exist."""
    _, name, _ = _split(operator)
    if name != "Null" and name not in _OPERATORS:
        raise UnknownOperatorError(operator)


def as_texts(value: Any) -> tuple[str, ...]:
    """The values of a condition, a single one or a list, as the strings AWS compares."""
    values = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def _holds(operator: str, key: str, expected: tuple[str, ...], context: Context) -> bool:
    quantifier, name, if_exists = _split(operator)
    actual = context.get(key)
    if name == "Null":
        return any((actual is None) == (text.lower() == "true") for text in expected)
    try:
        matches, negated = _OPERATORS[name]
    except KeyError:
        raise UnknownOperatorError(operator) from None

    def accepted(value: str) -> bool:
        return any(matches(text, value, context) for text in expected) != negated

    if quantifier == "ForAllValues":
        return all(accepted(value) for value in actual or ())
    if not actual:
        if quantifier == "ForAnyValue":
            return if_exists
        return if_exists or negated
    if negated and not quantifier:
        return all(accepted(value) for value in actual)
    return any(accepted(value) for value in actual)


@functools.lru_cache(maxsize=256)
def _split(operator: str) -> tuple[str, str, bool]:
    """`ForAnyValue:StringLikeIfExists` -> ("ForAnyValue", "StringLike", True)."""
    quantifier, colon, name = operator.rpartition(":")
    if colon and quantifier not in ("ForAllValues", "ForAnyValue"):
        raise UnknownOperatorError(operator)
    if_exists = name.endswith("IfExists")
    return quantifier, name.removesuffix("IfExists"), if_exists


def _string_like(text: str, value: str, context: Context) -> bool:
    return pattern.like(text, value, context)


def _string_equals_ignore_case(text: str, value: str, context: Context) -> bool:
    expanded = pattern.expand(text, context, wildcards=False)
    return expanded is not None and expanded.casefold() == value.casefold()


def _boolean(text: str, value: str, context: Context) -> bool:
    return text.lower() == value.lower()


def _arn_like(text: str, value: str, context: Context) -> bool:
    """Each of the six parts of the ARN is matched on its own: a `*` does not cross a colon."""
    texts, values = text.split(":", 5), value.split(":", 5)
    return len(texts) == len(values) == 6 and all(
        pattern.like(one, other, context) for one, other in zip(texts, values, strict=True)
    )


def _in_network(text: str, value: str, context: Context) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False


def _number(compare: Callable[[float, float], bool]) -> Matcher:
    def matches(text: str, value: str, context: Context) -> bool:
        try:
            return compare(float(value), float(text))
        except ValueError:
            return False

    return matches


def _date(compare: Callable[[datetime, datetime], bool]) -> Matcher:
    def matches(text: str, value: str, context: Context) -> bool:
        try:
            return compare(_moment(value), _moment(text))
        except ValueError:
            return False

    return matches


def _moment(text: str) -> datetime:
    """ISO 8601, or seconds since 1970, as AWS accepts both."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


#: Operator -> (matcher, negated?).
_OPERATORS: dict[str, tuple[Matcher, bool]] = {
    "StringEquals": (pattern.same, False),
    "StringNotEquals": (pattern.same, True),
    "StringEqualsIgnoreCase": (_string_equals_ignore_case, False),
    "StringNotEqualsIgnoreCase": (_string_equals_ignore_case, True),
    "StringLike": (_string_like, False),
    "StringNotLike": (_string_like, True),
    "NumericEquals": (_number(lambda actual, wanted: actual == wanted), False),
    "NumericNotEquals": (_number(lambda actual, wanted: actual == wanted), True),
    "NumericLessThan": (_number(lambda actual, wanted: actual < wanted), False),
    "NumericLessThanEquals": (_number(lambda actual, wanted: actual <= wanted), False),
    "NumericGreaterThan": (_number(lambda actual, wanted: actual > wanted), False),
    "NumericGreaterThanEquals": (_number(lambda actual, wanted: actual >= wanted), False),
    "DateEquals": (_date(lambda actual, wanted: actual == wanted), False),
    "DateNotEquals": (_date(lambda actual, wanted: actual == wanted), True),
    "DateLessThan": (_date(lambda actual, wanted: actual < wanted), False),
    "DateLessThanEquals": (_date(lambda actual, wanted: actual <= wanted), False),
    "DateGreaterThan": (_date(lambda actual, wanted: actual > wanted), False),
    "DateGreaterThanEquals": (_date(lambda actual, wanted: actual >= wanted), False),
    "Bool": (_boolean, False),
    "BinaryEquals": (pattern.same, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    # AWS treats ArnEquals and ArnLike alike: both take wildcards.
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
}
