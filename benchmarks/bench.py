"""What every scenario is given: how much effort to make, where to write, which interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.servers import Application

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Effort:
    """How thoroughly to measure."""

    rounds: int
    """Of each contender under load."""
    seconds: int
    """Of load in a round, after a second of warming up."""
    servers: tuple[str, ...]
    hits: int
    """Timed one by one in process."""
    stored: int
    """Hits whose bytes on disk are counted."""
    sizes: tuple[int, ...]
    """Rows in the databases that are appended to."""
    appended: int
    """To each of them."""
    history: tuple[int, ...]
    """Hits of a year, in the databases that are asked questions."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The circumstances of a run."""

    effort: Effort
    scratch: Path
    """An empty folder on a real disk; each scenario has its own."""
    python: Path
    """The interpreter of the project's environment."""

    def application(self, module: str, environment: Mapping[str, str] | None = None) -> Application:
        """An application of the project's environment, with a database of its own."""
        database = self.scratch / f"{module}.db"
        return Application(module, self.python, database, environment or {})
