"""What a goal or a funnel's step matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.globs import Globs

if TYPE_CHECKING:
    from ztas_middleware.config.goals import Match


class Matcher:
    """A `Match` made ready to be asked about many hits."""

    __slots__ = ("_checks", "_type")

    def __init__(self, match: Match) -> None:
        self._type = "pageview" if match.action is None else "event"
        globs = (match.page, match.action, match.category, match.label)
        self._checks = tuple(
            (index, Globs([glob])) for index, glob in enumerate(globs) if glob is not None
        )

    def matches(self, kind: str | None, *texts: str | None) -> bool:
        """Whether a hit of type `kind` with this path, action, category and label matches."""
        if kind != self._type:
            return False
        for index, globs in self._checks:
            text = texts[index]
            if text is None or not globs.match(text):
                return False
        return True
