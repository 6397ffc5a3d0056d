"""The columns of a row as it is filed and asked: those of `hits`, and what belongs to its session.

Whatever `hits` has, the history has; a column that is added there is added here by itself.
"""

from __future__ import annotations

from typing import NamedTuple, get_args, get_type_hints

from ztas_middleware.store.hits import Hit


class Column(NamedTuple):
    """A column, as DuckDB and Parquet have it."""

    name: str
    type: str
    is_nullable: bool = True


def _columns_of_hits() -> tuple[Column, ...]:
    types = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE"}
    found = [Column("id", "BIGINT", is_nullable=False)]
    for name, hint in get_type_hints(Hit).items():
        kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
        found.append(Column(name, types[kinds[0]], is_nullable=type(None) in get_args(hint)))
    return tuple(found)


HITS: tuple[Column, ...] = _columns_of_hits()
"""`id`, and the fields of `store.hits.Hit`."""

UTM = tuple(column.name for column in HITS if column.name.startswith("utm_"))

SESSION: tuple[Column, ...] = (
    Column("entry_page", "VARCHAR"),
    Column("exit_page", "VARCHAR"),
    Column("session_referrer", "VARCHAR"),
    Column("source", "VARCHAR"),
    Column("channel", "VARCHAR"),
    *(Column(f"session_{name}", "VARCHAR") for name in UTM),
    Column("session_counts", "BOOLEAN"),
    Column("session_views", "INTEGER"),
    Column("session_bounced", "BOOLEAN"),
    Column("session_duration", "BIGINT"),
    Column("session_start", "BIGINT"),
)
"""What is noted on each row of a session; `session_duration` in microseconds."""

ROWS: tuple[Column, ...] = (
    Column("day", "DATE", is_nullable=False),
    Column("hour", "UTINYINT", is_nullable=False),
    Column("session", "BIGINT"),
    *HITS,
    *SESSION,
)
"""The relation `rows`."""

LONGEST = 9_000_000_000_000
"""Seconds on a page; only a client that makes its numbers up says more."""

ROW_NAMES = ", ".join(column.name for column in ROWS)
HIT_NAMES = ", ".join(column.name for column in HITS)


def millionths(number: str) -> str:
    """A DOUBLE as whole millionths (HUGEINT), as SQL; what is no finite number is none.

    From 2**53 on a float has no fraction left; beyond 10**26 a sum of some would not fit.
    """
    return f"""
        case
            when {number} is null or not isfinite({number}) then 0::hugeint
            when abs({number}) < 9007199254740992 then round_even({number} * 1e6, 0)::hugeint
            else greatest(least({number}, 1e26), -1e26)::hugeint * 1000000
        end
    """
