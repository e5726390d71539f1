"""Views of the catalog as Athena keeps them: a query and its columns, encoded in a table's text."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PREFIX, SUFFIX = "/* Presto View: ", " */"

#: A view of a view of … ; a cycle ends here too. Far more than anybody writes.
MAX_DEPTH = 16

#: Kinds of types of which one can stand for another: Athena coerces within a kind only, and whether
#: it would between two numbers depends on rules for each operator, which DuckDB does not share.
KINDS = {
    "number": (
        *("tinyint", "smallint", "integer", "int", "bigint", "hugeint", "uhugeint"),
        *("utinyint", "usmallint", "uinteger", "ubigint", "real", "float", "double", "decimal"),
    ),
    "text": ("varchar", "char", "string"),
    "truth": ("boolean",),
    "time": ("date", "timestamp", "timestamp with time zone", "time"),
    "bytes": ("varbinary", "blob"),
}


UNKNOWN = "unknown"

#: What can become any type: NULL, which has a type of its own, and what nobody has looked at.
ANY = ('"null"', "null", UNKNOWN)


class ViewNotReadable(RuntimeError):
    """The catalog's entry of a view is not one of Athena's."""


@dataclass(frozen=True)
class View:
    """What Athena keeps of a view."""

    sql: str
    database: str
    columns: tuple[tuple[str, str], ...]
    """Name and type of each, in the query's order."""


def is_view(definition: dict[str, Any]) -> bool:
    """Return whether a catalog entry is a view, of Athena's or of another engine's."""
    return definition.get("TableType") == "VIRTUAL_VIEW"


def read(definition: dict[str, Any]) -> View:
    """Return the view that a catalog entry holds; raise ViewNotReadable when it holds none."""
    name = f"{definition['DatabaseName']}.{definition['Name']}"
    flag = (definition.get("Parameters") or {}).get("presto_view")
    text = (definition.get("ViewOriginalText") or "").strip()
    if flag != "true" or not text.startswith(PREFIX) or not text.endswith(SUFFIX):
        raise ViewNotReadable(f"view {name} was not made by Athena")
    if not (definition.get("StorageDescriptor") or {}).get("SerdeInfo"):
        # What AWS answers, word for word (terraform-provider-aws#28517).
        raise ViewNotReadable("Table storage descriptor is missing SerDe info")
    try:
        raw = json.loads(base64.b64decode(text[len(PREFIX) : -len(SUFFIX)], validate=True))
        columns = tuple((c["name"].lower(), c["type"].lower()) for c in raw["columns"])
        return View(raw["originalSql"], raw["schema"].lower(), columns)
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ViewNotReadable(f"view {name}: its text cannot be decoded: {error}") from error


def stale(view: View, derived: Sequence[tuple[str, str]]) -> str | None:
    """Compare a view with the columns its query gives; return what is wrong as Athena says it."""
    if len(derived) != len(view.columns):
        return (
            f"stored view column count ({len(view.columns)}) does not match column count "
            f"derived from the view query analysis ({len(derived)})"
        )
    for at, ((name, kind), (is_name, is_kind)) in enumerate(
        zip(view.columns, derived, strict=True)
    ):
        is_kind = is_kind.lower()
        projected = f"column [{is_name}] of type {is_kind} projected from query view at position "
        if is_name.lower() != name:
            return (
                f"{projected}{at} has a different name from column [{name}] of type {kind} "
                "stored in view definition"
            )
        if is_kind not in ANY and kind_of(is_kind) != kind_of(kind):
            return (
                f"{projected}{at} cannot be coerced to column [{name}] of type {kind} "
                "stored in view definition"
            )
    return None


def kind_of(type_name: str) -> str:
    """Return what kind of type it is; anything unknown is its own kind."""
    plain = type_name.partition("(")[0].strip()
    if type_name.startswith(("timestamp", "time")):
        plain = plain.partition(" ")[0]
    return next((kind for kind, names in KINDS.items() if plain in names), plain)
