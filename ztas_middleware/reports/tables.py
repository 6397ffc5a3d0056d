"""Tables of numbers as CSV, whose texts no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ztas_middleware.reports.export import guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table with a line of names; nothing is an empty cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([guard(name) for name in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    # Numbers of ours are no text of anybody's, and -3.5 is no formula.
    return guard(value) if value is None or isinstance(value, str) else value
