"""What a run found, as values; how they are shown is left to `tables` and `picture`."""

from __future__ import annotations

from dataclasses import dataclass

Cell = str | int | float | None
"""None: could not be measured, or makes no sense."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure and the target it is held against. A target is never a reason to fail."""

    what: str
    measured: float
    unit: str
    """Empty for a ratio."""
    target: float
    at_least: bool = False
    """Whether `target` is a lower limit; else it is an upper one."""

    @property
    def is_met(self) -> bool:
        """Whether the figure is on the right side of its target."""
        return self.measured >= self.target if self.at_least else self.measured <= self.target


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart."""

    group: str
    """Bars of one group stand together, under this name."""
    series: str
    """Which of the group; the same series has the same colour throughout a chart."""
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart of the picture."""

    title: str
    unit: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The results of one scenario."""

    name: str
    title: str
    about: str
    """How it was measured, in a sentence or two."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    headlines: tuple[Headline, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """All of a run."""

    date: str
    machine: tuple[tuple[str, str], ...]
    """What it ran on: name and value."""
    sections: tuple[Section, ...]
    seconds: int
