"""Policy strings: wildcards and `${...}` variables."""

from __future__ import annotations

import functools
import re

from tarn_emulator.policy.context import Context

_VARIABLE = re.compile(r"\$\{([^}]+)\}")

#: Stand for a literal character that is otherwise special.
_LITERALS = {"*": "*", "?": "?", "$": "$"}


def expand(text: str, context: Context, *, wildcards: bool) -> str | None:
    """The text with its variables filled in, as a pattern when wildcards count.

    None when a variable has no value: then the text can match nothing. A wildcard inside a
    variable's value is an ordinary character.
    """
    parts: list[str] = []
    position = 0
    for found in _VARIABLE.finditer(text):
        parts.append(_pattern(text[position : found.start()], wildcards))
        value = _variable(found.group(1), context)
        if value is None:
            return None
        parts.append(re.escape(value) if wildcards else value)
        position = found.end()
    parts.append(_pattern(text[position:], wildcards))
    return "".join(parts)


def like(text: str, value: str, context: Context, *, ignore_case: bool = False) -> bool:
    """True when the value matches the text, in which `*` and `?` are wildcards."""
    pattern = expand(text, context, wildcards=True)
    return pattern is not None and bool(_compile(pattern, ignore_case).fullmatch(value))


def same(text: str, value: str, context: Context) -> bool:
    """True when the value is the text, character by character."""
    return expand(text, context, wildcards=False) == value


@functools.lru_cache(maxsize=4096)
def _compile(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _pattern(text: str, wildcards: bool) -> str:
    if not wildcards:
        return text
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in text)


def _variable(name: str, context: Context) -> str | None:
    if name in _LITERALS:
        return _LITERALS[name]
    key, comma, default = name.partition(",")
    value = context.single(key.strip())
    if value is None and comma:
        return default.strip().strip("'")
    return value
