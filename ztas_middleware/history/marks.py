"""Which files are those that the database knows of: each says of itself whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.history import files
from ztas_middleware.history.state import MOVED, SEALED, month_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.files import Folder
    from ztas_middleware.history.state import State


def bad_months(
    folder: Folder, cursor: DuckDBPyConnection, site_id: str, found: State
) -> frozenset[str]:
    """The months whose files are not those that the database knows of."""
    generations: dict[str, set[tuple[str, bool]]] = {}
    for day, filed in found.days.items():
        of_month = generations.setdefault(month_of(day), set())
        of_month.add((filed.generation, filed.state != SEALED))
    bad = set()
    for month, known in generations.items():
        marks = {f"{found.identity} {generation}" for generation, _ in known}
        kinds = files.KINDS if any(has_hits for _, has_hits in known) else (files.TOTALS,)
        if {folder.mark(cursor, folder.file(kind, site_id, month)) for kind in kinds} != marks:
            bad.add(month)
    return frozenset(bad)


def finish_renaming(folder: Folder, cursor: DuckDBPyConnection, site: str, found: State) -> None:
    """Give their names to files that count already, whose writer was killed."""
    for day, filed in found.days.items():
        for kind in files.KINDS:
            file = folder.file(kind, site, month_of(day))
            aside = files.aside_of(file)
            mark = f"{found.identity} {filed.generation}"
            if aside.exists() and folder.mark(cursor, aside) == mark:
                files.put_in_place(file)
    folder.clear_aside(site)


def refuse_lost(folder: Folder, site_id: str, found: State, bad: Collection[str]) -> None:
    """Say which files are missed, where they are the only ones that have the hits."""
    lost: dict[str, list[date]] = {}
    for day, filed in sorted(found.days.items()):
        if filed.state == MOVED and month_of(day) in bad:
            lost.setdefault(month_of(day), []).append(day)
    if not lost:
        return
    month, *others = lost
    file = folder.file(files.HITS, site_id, month)
    days = lost[month]
    also = f", and so it is with {', '.join(others)}" if others else ""
    raise StorageError(
        str(file),
        f"the hits of {days[0]} to {days[-1]} are in this file alone, and it is "
        f"{'damaged or of another database' if file.exists() else 'not there'}{also}: "
        "put the history's folder back from a backup",
    )
