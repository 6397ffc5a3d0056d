"""Goals and funnels as the configuration names them; what matches is the reports' business."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which hits are meant: events where `action` is given, page views where it is not.

    Each field is a glob over the whole text of its column; `*` is any text. None is any.
    """

    page: str | None = None
    action: str | None = None
    category: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal: every hit that matches is a conversion."""

    name: str
    match: Match


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel."""

    name: str
    match: Match


@dataclass(frozen=True, slots=True)
class Funnel:
    """Steps that a session may take, in order."""

    name: str
    steps: tuple[Step, ...]
