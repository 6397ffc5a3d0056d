"""Who counted a page the last time it was sent, so that its 304 counts as its 200 did.

An answer without a body does not show whether the page has the tag, and often not even that it is
HTML. What is forgotten, or was sent by another process, is guessed by the caller.
"""

from __future__ import annotations

from enum import Enum, auto

_MOST = 4096
_LONGEST = 512


class Counted(Enum):
    """By whom a page is counted."""

    SERVER = auto()
    SCRIPT = auto()
    NOBODY = auto()
    """It is no page."""


class PageMemory:
    """Remembers it by site and path."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, str], Counted] = {}

    def note(self, site_id: str, path: str, counted: Counted) -> None:
        """Keep it; `path` is as WSGI has it, the mount in front."""
        if len(path) > _LONGEST:
            return
        if len(self._pages) >= _MOST:
            # Sites of so many pages are few, and are known again in no time.
            self._pages.clear()
        self._pages[site_id, path] = counted

    def of(self, site_id: str, path: str) -> Counted | None:
        """Who counted it, if that is known."""
        return self._pages.get((site_id, path))
