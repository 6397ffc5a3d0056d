"""What a hit takes on disk."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from benchmarks import pipeline, workload
from benchmarks.results import Headline, Section

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench import Bench

DAYS = 30
START = 1_790_000_000_000_000_000
"""Nanoseconds since 1970; a day in September 2026."""


def measure(bench: Bench) -> Section:
    """Hits of a month, one by one through the endpoint, then a checkpoint."""
    path = bench.scratch / "disk.db"
    number = bench.effort.stored
    pause = DAYS * 86_400 * 10**9 // number
    now = START

    def clock() -> int:
        nonlocal now
        now += pause
        return now

    parts = pipeline.build(path, clock)
    for sent in workload.requests(number, people=number // 12):
        answer = parts.endpoint(workload.environ(sent))
        if answer is None or not answer.status.startswith("200"):
            raise AssertionError(f"{answer}: something else was measured")
        if parts.database.checkpoint_due:
            parts.database.checkpoint()
    parts.database.truncate_log()
    parts.database.close()
    sizes, values = split(path), bytes_of_values(path) / number
    total = path.stat().st_size / number
    return Section(
        "disk",
        "On disk",
        f"{number:,} hits of {number // 12:,} visitors over {DAYS} days to three sites and 1,000 "
        "paths; the file after a checkpoint.",
        ("part", "bytes a hit", "kB"),
        (
            *((name, size / number, size / 1000) for name, size in sizes.most_common()),
            ("the values in the table hits alone", values, values * number / 1000),
            ("all of the file", total, path.stat().st_size / 1000),
        ),
        (Headline("bytes a hit on disk", total, "bytes", 150),),
    )


def bytes_of_values(path: Path) -> float:
    """What no layout can save: the texts of all hits, and eight bytes or less a number."""
    with closing(sqlite3.connect(path)) as connection:
        columns = connection.execute("pragma table_info(hits)").fetchall()
        lengths = (
            f"""
            case typeof({name})
                when 'text' then length(cast({name} as blob))
                when 'real' then 8
                when 'integer' then {6 if name == "time" else 0}
                else 0
            end
            """
            for _, name, *_ in columns
            if name != "id"
        )
        (found,) = connection.execute(f"select sum({' + '.join(lengths)}) from hits").fetchone()
    return float(found)


def split(path: Path) -> Counter[str]:
    """Bytes of each table and index: what dropping it, in a copy, sets free."""
    copy = shutil.copy(path, path.with_suffix(".copy"))
    sizes: Counter[str] = Counter()
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        (page,) = connection.execute("pragma page_size").fetchone()
        found = connection.execute(
            """
            select type, name
            from sqlite_schema
            where sql is not null and type in ('index', 'table') and name not like 'sqlite\\_%'
                escape '\\'
            order by type
            """
        ).fetchall()  # indexes first: a table takes its own along
        for kind, name in found:
            (before,) = connection.execute("pragma freelist_count").fetchone()
            connection.execute(f'drop {kind} "{name}"')
            (after,) = connection.execute("pragma freelist_count").fetchone()
            sizes[f"{kind} {name}"] = (after - before) * page
    return sizes
