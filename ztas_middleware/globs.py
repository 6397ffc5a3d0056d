"""Patterns in which `*` is any text, slashes included, and nothing else is special."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Globs:
    """Several patterns, any of which may match a whole text.

    Matching never goes back: a part between two asterisks is taken where it first occurs, since
    a later place can only leave less for the parts behind it. So `*a*a*a*b` costs no more than
    four searches.

    Args:
        patterns: globs, compared case by case with the text; none of them matches nothing.
    """

    __slots__ = ("_patterns", "_plain")

    def __init__(self, patterns: Iterable[str]) -> None:
        split = [tuple(pattern.split("*")) for pattern in patterns]
        self._plain = frozenset(parts[0] for parts in split if len(parts) == 1)
        self._patterns = tuple(
            (first, tuple(filter(None, middle)), last)
            for first, *middle, last in (parts for parts in split if len(parts) > 1)
        )

    def match(self, text: str) -> bool:
        """Whether one of the patterns matches all of the text."""
        if text in self._plain:
            return True
        for first, middle, last in self._patterns:
            if text.startswith(first) and text.endswith(last):
                place, end = len(first), len(text) - len(last)
                if place <= end and _contains(text, middle, place, end):
                    return True
        return False


def _contains(text: str, parts: tuple[str, ...], place: int, end: int) -> bool:
    for part in parts:
        place = text.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True
