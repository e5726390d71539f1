"""Splits a CSV file (RFC 4180) into its records, byte for byte.

A record is the text between two line ends that are not inside quotes. Nothing is decoded or
unescaped here: what comes out is what goes to quarantine if it turns out to be bad.
"""

import csv
from collections.abc import Iterator

_QUOTE = b'"'


def split_records(content: bytes, separator: str) -> Iterator[bytes]:
    """Yield the records of a file that are not empty, without their line ends."""
    separator_byte = separator.encode("ascii")
    pending: list[bytes] = []
    for line in content.split(b"\n"):
        is_open = _ends_inside_quotes(line, separator_byte, bool(pending))
        if is_open:
            pending.append(line)
            continue
        pending.append(line)
        record = b"\n".join(pending).removesuffix(b"\r")
        pending = []
        if record:
            yield record
    if pending:  # A quote that is never closed: the rest of the file is one record.
        record = b"\n".join(pending).removesuffix(b"\n").removesuffix(b"\r")
        if record:
            yield record


def _ends_inside_quotes(line: bytes, separator: bytes, inside: bool) -> bool:
    """Tell whether the end of a line is inside a quoted value, given where its start is."""
    if _QUOTE not in line:
        return inside
    at = 0
    while True:
        if not inside:  # At the start of a value: only here does a quote open.
            if line[at : at + 1] != _QUOTE:
                at = line.find(separator, at)
                if at < 0:
                    return False
                at += 1
                continue
            at += 1
        closing = line.find(_QUOTE, at)
        while closing >= 0 and line[closing + 1 : closing + 2] == _QUOTE:
            closing = line.find(_QUOTE, closing + 2)
        if closing < 0:
            return True
        inside = False
        at = line.find(separator, closing)
        if at < 0:
            return False
        at += 1


def header_names(line: str, separator: str) -> list[str]:
    """Return the column names of a header line."""
    # Excel starts its UTF-8 files with a byte order mark.
    text = line.removeprefix("\ufeff").removesuffix("\r")
    return next(csv.reader([text], delimiter=separator), [])
