"""Counts of what was dropped and why.

A site owner who asks "why is my count low?" must find every one of them in the table `drops`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ztas_middleware.intake.buffered import Buffered

if TYPE_CHECKING:
    from ztas_middleware.store.database import Database

Reason = Literal["bot", "prefetch", "opt_out", "excluded", "origin", "rate_limit", "invalid"]


class Drops(Buffered):
    """The drops of one process that are not in the database yet."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "drops", ("site_id", "day", "reason"))

    def count(self, site_id: str, day: str, reason: Reason, number: int = 1) -> None:
        """Note `number` dropped hits; `site_id` is empty where the site is not known."""
        self.add((site_id, day, reason), number)
