"""The texts that are counted, each stored once under a number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

REMEMBERED = 100_000
"""Texts whose numbers are kept at hand; some 10 MB."""


class ValueIds:
    """Texts to numbers, for one database file: a number never changes its text."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def find(self, connection: sqlite3.Connection, texts: Collection[str]) -> dict[str, int]:
        """The numbers of those texts that have one."""
        known = self._ids
        found = {text: known[text] for text in texts if text in known}
        if len(found) < len(texts):
            fetched = _fetch(connection, [text for text in texts if text not in found])
            found |= fetched
            if len(known) + len(fetched) > REMEMBERED:
                # Not cleared: another thread may be looking something up in it.
                known = self._ids = {}
            known.update(fetched)
        return found

    def create(self, connection: sqlite3.Connection, texts: Collection[str]) -> dict[str, int]:
        """The numbers of all the texts; in a transaction.

        If that is rolled back, what is remembered here is wrong: whoever writes has an instance
        of their own and lets go of it then.
        """
        found = self.find(connection, texts)
        missing = [(text,) for text in texts if text not in found]
        if missing:
            connection.executemany(
                "insert into rollup_values (value) values (?) on conflict do nothing", missing
            )
            found = self.find(connection, texts)
        return found


def texts_of(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, str]:
    """The texts with these numbers."""
    return dict(
        connection.execute(
            "select id, value from rollup_values where id in (select value from json_each(?))",
            (json.dumps(list(ids)),),
        ).fetchall()
    )


def _fetch(connection: sqlite3.Connection, texts: list[str]) -> dict[str, int]:
    return dict(
        connection.execute(
            "select value, id from rollup_values where value in (select value from json_each(?))",
            (json.dumps(texts, ensure_ascii=False),),
        ).fetchall()
    )
