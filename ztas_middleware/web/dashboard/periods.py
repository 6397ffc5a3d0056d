"""The periods that a page offers: what they are called, and which key chooses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.web.dashboard.questions import Question


class PeriodLink(NamedTuple):
    """A link to a period, and whether it is the one that is shown."""

    text: str
    brief: str
    """Where there is little room."""
    href: str
    current: bool
    key: str
    """On the keyboard."""


SHOWN: Final[Mapping[str, tuple[str, str, str]]] = {
    "today": ("Today", "Today", "d"),
    "24h": ("24 hours", "24 h", "h"),
    "7d": ("7 days", "7 d", "w"),
    "30d": ("30 days", "30 d", "t"),
    "90d": ("90 days", "90 d", "q"),
    "365d": ("12 months", "12 m", "l"),
}
"""What the periods are called, where there is little room too, and their keys."""

MORE: Final[Mapping[str, tuple[str, str, str]]] = {
    "yesterday": ("Yesterday", "Yesterday", "e"),
    "month": ("This month", "Month", "m"),
    "year": ("This year", "Year", "y"),
    "all": ("All time", "All", "a"),
}
"""Likewise, of those that are a click further away."""

KEYS: Final = (
    *((key.upper(), text) for text, _, key in (*SHOWN.values(), *MORE.values())),
    ("P", "The period before"),
    ("N", "The period after"),
    ("F", "Filter"),
    ("C", "Compare"),
    ("Esc", "Close what is open"),
    ("?", "These keys"),
)
"""Every key, and what it does."""


def period_links(
    question: Question, names: Mapping[str, tuple[str, str, str]] = SHOWN
) -> tuple[PeriodLink, ...]:
    """The same question for each of the periods that end now."""
    return tuple(
        PeriodLink(
            text,
            brief,
            question.for_period({"period": name}),
            question.period_name == name,
            key,
        )
        for name, (text, brief, key) in names.items()
    )
