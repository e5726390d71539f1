"""The facts of one request that a policy can ask about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Value = str | Iterable[str]


class Context:
    """Condition keys and their values. Key names ignore case, also after `aws:PrincipalTag/`."""

    def __init__(self, values: Mapping[str, Value | None]) -> None:
        self._values: dict[str, tuple[str, ...]] = {}
        for key, value in values.items():
            if value is None:
                continue
            many = (value,) if isinstance(value, str) else tuple(value)
            self._values[key.lower()] = many

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key; None when the request does not have the key."""
        return self._values.get(key.lower())

    def single(self, key: str) -> str | None:
        """The value of a key that has exactly one."""
        values = self.get(key)
        return values[0] if values is not None and len(values) == 1 else None
