"""What is left of a day whose hits are gone, packed into the database: totals, goals, funnels.

Goals and funnels are in them as they were configured then: rows of the dimension `goals` (`key1` is
the name, `events` the conversions) and `funnels` (`key1` the name, `key2` the step from 0 on).
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from ztas_middleware.history.totals import KEYS, TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from duckdb import DuckDBPyConnection

GOALS, FUNNELS = "goals", "funnels"

COUNTED = tuple(column.name for column in TOTALS if column.name not in {"day", "dimension", *KEYS})
"""The columns of totals that are numbers."""


def total_row(day: object, dimension: str, **values: object) -> tuple[object, ...]:
    """A row of totals; what is not given is NULL."""
    row = {"day": day, "dimension": dimension, **values}
    return tuple(row.get(column.name) for column in TOTALS)


def pack_totals(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of totals, with all columns in order, as they are kept in the database."""
    texts = [[None if cell is None else str(cell) for cell in row] for row in rows]
    told = {"columns": [column.name for column in TOTALS], "rows": texts}
    return zlib.compress(json.dumps(told, ensure_ascii=False).encode())


def add_totals(parts: Sequence[bytes]) -> bytes:
    """Packed totals of the same day that were counted apart, added up.

    A number that one of them does not know (it was sealed before it was counted) is unknown.
    """
    if len(parts) == 1:
        return parts[0]
    first = [column.name for column in TOTALS].index(COUNTED[0])
    found: dict[tuple[Any, ...], list[int | None]] = {}
    for part in parts:
        told = json.loads(zlib.decompress(part))
        at = {name: place for place, name in enumerate(told["columns"])}
        for row in told["rows"]:
            cells = [row[at[c.name]] if c.name in at else None for c in TOTALS]
            key = tuple(cells[:first])
            numbers = [None if cell is None else int(cell) for cell in cells[first:]]
            if key in found:
                numbers = [
                    None if mine is None or other is None else mine + other
                    for mine, other in zip(found[key], numbers, strict=True)
                ]
            found[key] = numbers
    return pack_totals([(*key, *numbers) for key, numbers in found.items()])


def insert_totals(cursor: DuckDBPyConnection, table: str, packed: bytes) -> None:
    """Add packed totals to a table; a column that they don't have is NULL."""
    told = json.loads(zlib.decompress(packed))
    if not told["rows"]:
        return
    columns = dict(zip(told["columns"], zip(*told["rows"], strict=True), strict=True))
    none = [None] * len(told["rows"])
    fields = ", ".join(f"unnest(?::varchar[])::{column.type}" for column in TOTALS)
    cursor.execute(
        f"insert into {table} select {fields}",
        [list(columns.get(column.name, none)) for column in TOTALS],
    )
