"""Counts of the pages that assistants, crawlers and previews read: no visitor, no address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.intake.buffered import Buffered

if TYPE_CHECKING:
    from ztas_middleware.intake.agent_names import AgentName
    from ztas_middleware.store.database import Database


class AgentReads(Buffered):
    """The reads of one process that are not in the database yet."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "agent_reads", ("site_id", "day", "name", "kind", "path"))

    def count(self, site_id: str, day: str, agent: AgentName, path: str) -> None:
        """Note that a page was read."""
        self.add((site_id, day, agent.name, agent.kind, path), 1)
