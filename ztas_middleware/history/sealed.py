"""What is left of a day whose hits are gone, packed into the database: totals, goals, funnels.

Goals and funnels are in them as they were configured then: rows of the dimension `goals` (`key1` is
the name, `events` the conversions) and `funnels` (`key1` the name, `key2` the step from 0 on).
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from ztas_middleware.history.totals import TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from duckdb import DuckDBPyConnection

GOALS, FUNNELS = "goals", "funnels"


def total_row(day: object, dimension: str, **values: object) -> tuple[object, ...]:
    """A row of totals; what is not given is NULL."""
    row = {"day": day, "dimension": dimension, **values}
    return tuple(row.get(column.name) for column in TOTALS)


def pack_totals(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of totals, with all columns in order, as they are kept in the database."""
    texts = [[None if cell is None else str(cell) for cell in row] for row in rows]
    told = {"columns": [column.name for column in TOTALS], "rows": texts}
    return zlib.compress(json.dumps(told, ensure_ascii=False).encode())


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
