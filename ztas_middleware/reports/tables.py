"""Rows as CSV (RFC 4180), whose texts no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What spreadsheets take for the beginning of a formula, spaces before it or not, full-width forms
# too (OWASP, CSV injection); and our own sign that a cell was guarded.
_SIGNS = "=+@\\-\uff1d\uff0b\uff20\uff0d"
_DANGEROUS = re.compile(rf"[\t\r\n']|\s*[{_SIGNS}]")
# Where commas are decimal, spreadsheets split at semicolons, quoted or not, and then at the ends of
# lines, too. The first is for text as it is, the second for text that was guarded.
_SPLIT, _GUARDED_SPLIT = (
    re.compile(rf"([;\t\r\n]){sign}('*)(?=[^\S;\t\r\n]*[{_SIGNS}])") for sign in ("", "'")
)


def csv_of(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows, each a line; nothing is an empty cell."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def guard(text: str | None) -> str:
    """Text as a CSV cell that no spreadsheet takes for a formula; None is an empty cell."""
    if text is None:
        return ""
    text = _SPLIT.sub(r"\1'\2", text)
    return f"'{text}" if not text or _DANGEROUS.match(text) else text


def unguard(cell: str) -> str | None:
    """The text that `guard` was given."""
    return _GUARDED_SPLIT.sub(r"\1\2", cell.removeprefix("'")) if cell else None


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    # Numbers of ours are no text of anybody's, and -3.5 is no formula.
    return guard(value) if value is None or isinstance(value, str) else value
