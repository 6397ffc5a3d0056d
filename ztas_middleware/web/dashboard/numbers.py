"""Numbers as people read them: short in sight, exact on demand."""

from __future__ import annotations

from typing import Literal, NamedTuple

EXACT_BELOW = 10_000

_UNITS = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))

Direction = Literal["up", "down", "same"]


class Change(NamedTuple):
    """How a number differs from the one for the period before."""

    text: str
    """`12%` or `2.1 pts`, without a sign."""
    direction: Direction
    good: bool | None
    """Whether that is what one hopes for; None where nothing changed."""


def exact(number: float) -> str:
    """`12,345`, and `0.5` or `19.9` where there is a fraction."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"


def short(number: float) -> str:
    """`9,876`, `12.3k`, `4.5M`: three digits say enough."""
    if abs(number) < EXACT_BELOW:
        return exact(number)
    for size, unit in _UNITS:
        # 999,950 is 1M already, not 1,000k.
        if abs(number) >= size * 0.9995:
            scaled = number / size
            digits = 0 if abs(scaled) >= 99.95 else 1  # noqa: PLR2004 - three digits
            return f"{scaled:.{digits}f}".removesuffix(".0") + unit
    return exact(number)


def percent(share: float) -> str:
    """`43.6%`; whole numbers without a fraction."""
    return f"{share:.1f}".removesuffix(".0") + "%"


def duration(seconds: float) -> str:
    """`45s`, `2m 05s`, `1h 03m`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}h {minutes:02d}m"


def relative_change(now: float, before: float, *, less_is_better: bool = False) -> Change | None:
    """The change in percent; None where there was nothing to compare with."""
    if not before:
        return None
    share = 100 * (now - before) / before
    rounded = round(share) if abs(share) >= 10 else round(share, 1)  # noqa: PLR2004 - two digits
    return _change(f"{abs(rounded):,g}%", rounded, less_is_better)


def points_change(now: float, before: float, *, less_is_better: bool = False) -> Change:
    """The change of a percentage, in percentage points."""
    difference = round(now - before, 1)
    return _change(f"{abs(difference):g} pts", difference, less_is_better)


def _change(text: str, difference: float, less_is_better: bool) -> Change:
    if not difference:
        return Change(text, "same", None)
    return Change(text, "up" if difference > 0 else "down", (difference < 0) == less_is_better)
